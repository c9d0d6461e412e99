// Light and dark: the system's choice unless the user makes another, which the browser keeps.

const KEY = "ellayer-theme";
const NAMES = /** @type {const} */ (["system", "light", "dark"]);
/** @type {(() => void)[]} */
const listeners = [];

function saved() {
  try {
    return localStorage.getItem(KEY) ?? "system";
  } catch {
    return "system"; // storage may be disabled
  }
}

/** @param {string} name */
function apply(name) {
  if (name === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = name;
  for (const listener of listeners) listener();
}

/** Call `listener` when the colours change. @param {() => void} listener */
export function onTheme(listener) {
  listeners.push(listener);
}

/** Let a button step through the themes. @param {HTMLButtonElement} button */
export function mountTheme(button) {
  let name = saved();
  const show = () => {
    button.textContent = { system: "\u25d0", light: "\u2600", dark: "\u263e" }[name] ?? "\u25d0";
    button.title = `Colours: ${name}`;
    button.setAttribute("aria-label", `Colours: ${name}. Change`);
  };
  button.addEventListener("click", () => {
    name = NAMES[(NAMES.indexOf(/** @type {any} */ (name)) + 1) % NAMES.length];
    try {
      localStorage.setItem(KEY, name);
    } catch {
      // it holds for this visit
    }
    apply(name);
    show();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => apply(name));
  window.addEventListener("beforeprint", () => apply("light"));
  window.addEventListener("afterprint", () => apply(name));
  if (name !== "system") apply(name);
  show();
}
