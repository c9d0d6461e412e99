// A picture of the user's own, opened or drawn: what the network sees of it and what it predicts.

import { say } from "./announcer.js";
import { byId, element } from "./elements.js";
import { percentText } from "./number_text.js";
import { paintColours, planeCanvas } from "./plane_picture.js";
import { sendPicture } from "./sending.js";

/** @typedef {import("./sending.js").Sent} Sent */

const SHOWN_CLASSES = 5;
const MOST_PICTURES = 12;

export class OwnPicture {
  /** @param {import("./store.js").Store} store @param {() => void} pickFile */
  constructor(store, pickFile) {
    this.store = store;
    /** @type {Sent[]} */
    this.files = [];
    byId("picture-open").addEventListener("click", pickFile);
    byId("picture-invert").addEventListener("change", () => this.predict(this.files));
    store.on("data", ({ pictures }) => {
      byId("own-picture").hidden = !pictures;
      this.files = [];
      byId("picture-results").replaceChildren();
    });
    let iteration = 0;
    store.on("frame", (frame) => {
      if (frame.running || frame.iteration === iteration) return;
      iteration = frame.iteration;
      if (this.files.length) this.predict(this.files); // with the weights as they are now
    });
  }

  /** @param {Sent[]} files */
  async predict(files) {
    this.files = files.slice(0, MOST_PICTURES);
    const isInverted = byId("picture-invert", "input").checked;
    try {
      const nodes = [];
      for (const sent of this.files) nodes.push(prediction(sent.name, await sendPicture(this.store, sent, isInverted)));
      byId("picture-results").replaceChildren(...nodes);
      if (files.length > MOST_PICTURES) say(`The first ${MOST_PICTURES} of ${files.length} pictures are shown.`);
    } catch (error) {
      say(/** @type {Error} */ (error).message, true);
    }
  }
}

/** The picture as the network sees it, with the most probable classes. @param {string} name @param {import("./types.js").PicturePrediction} answer */
function prediction(name, { width, height, pixels, channels, classes, prediction: best, notes }) {
  const small = planeCanvas(width, height);
  paintColours(small, pixels, channels);
  small.canvas.setAttribute("role", "img");
  small.canvas.setAttribute("aria-label", `${name}, as the network sees it`);
  const order = [...classes].sort((a, b) => b.probability - a.probability).slice(0, SHOWN_CLASSES);
  const bars = order.map((one) => {
    const bar = element("span", { class: "share right" }, percentText(one.probability));
    bar.style.setProperty("--share", `${Math.round(100 * one.probability)}%`);
    return element("div", {}, element("dt", {}, one.name), element("dd", {}, bar));
  });
  return element("li", {}, small.canvas,
    element("div", {}, element("p", {}, element("b", {}, best), " ", element("small", {}, name)), element("dl", { class: "bars" }, ...bars),
      ...notes.map((text) => element("small", {}, text))));
}
