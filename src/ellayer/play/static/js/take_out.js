// What leaves the page: Python that gives the same numbers, files, pictures, a link.

import { say } from "./announcer.js";
import { byId, element } from "./elements.js";
import { ask } from "./sending.js";

const FILES = [
  ["model.ellayer", "Model file", ".ellayer, opens in Python and here"],
  ["python", "Python program", "the lines above as a file"],
  ["parameters.npz", "Parameters", "weights and biases for NumPy, .npz"],
  ["network.py", "NumPy program", "predicts with NumPy alone"],
  ["model.onnx", "ONNX", "for other programs"],
  ["picture.png", "Picture", "plane, weights and loss as PNG"],
  ["film.gif", "Film", "the training as GIF"],
];

/** @param {import("./store.js").Store} store */
export function mountTakeOut(store) {
  const dialog = byId("out-dialog", "dialog");
  byId("out").addEventListener("click", () => {
    store.send({ type: "python" });
    byId("link").textContent = location.href;
    dialog.showModal();
  });
  byId("copy-python").addEventListener("click", () => copy(store.python, byId("python"), "The Python code is copied."));
  byId("copy-link").addEventListener("click", () => copy(location.href, byId("link"), "The link is copied."));
  store.on("python", ({ text }) => (byId("python").textContent = text));
  byId("downloads").replaceChildren(...FILES.map(([name, title, text]) => {
    const button = element("button", { type: "button", "data-out": name, onclick: () => download(store, name, button) }, element("b", {}, title), element("small", {}, text));
    return element("li", {}, button);
  }));
}

/** @param {string} text @param {HTMLElement} place where the text can be selected by hand @param {string} message */
async function copy(text, place, message) {
  try {
    await navigator.clipboard.writeText(text);
    say(message);
  } catch {
    getSelection()?.selectAllChildren(place); // no permission: the text is selected for Ctrl+C
    say("Press Ctrl+C to copy the selected text.");
  }
}

/** @param {import("./store.js").Store} store @param {string} name @param {HTMLButtonElement} button */
async function download(store, name, button) {
  button.disabled = true;
  try {
    const response = await ask(store, `out/${name}`);
    const stated = /filename="?([^";]+)/.exec(response.headers.get("Content-Disposition") ?? "");
    const address = URL.createObjectURL(await response.blob());
    element("a", { href: address, download: stated?.[1] ?? (name === "python" ? "train.py" : name) }).click();
    setTimeout(() => URL.revokeObjectURL(address), 10000);
  } catch (error) {
    say(/** @type {Error} */ (error).message, true);
  } finally {
    button.disabled = false;
  }
}
