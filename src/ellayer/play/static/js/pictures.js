// Examples that are pictures.

import { byId, element } from "./elements.js";
import { paintColours, planeCanvas } from "./plane_picture.js";

/** @param {import("./store.js").Store} store @param {(index: number) => void} choose */
export function mountPictures(store, choose) {
  store.on("data", ({ pictures, classes }) => {
    if (!pictures) return;
    const tiles = pictures.indices.map((/** @type {number} */ index, /** @type {number} */ i) => {
      const small = planeCanvas(pictures.width, pictures.height);
      paintColours(small, pictures.pixels[i].flat(), 1);
      small.canvas.setAttribute("aria-hidden", "true");
      const label = pictures.labels[i];
      const name = classes[label] ?? String(label);
      return element("button", { type: "button", class: "picture", "aria-label": `Look at example ${index}: ${name}`, onclick: () => choose(index) }, small.canvas, element("small", {}, name));
    });
    byId("pictures").replaceChildren(...tiles);
  });
}
