// The choice among data sets as small pictures of their points.

import { element, emptyContext } from "./elements.js";
import { palette, traceMark } from "./palette.js";
import { onTheme } from "./theme.js";

/** @typedef {import("./types.js").Choice} Choice */

const SIDE = 40;
let count = 0;

/**
 * @param {import("./types.js").Field} field @param {(value: any, others?: Record<string, any>) => void} change
 * @returns {import("./fields.js").Control}
 */
export function sourcePictures(field, change) {
  const name = `pictures-${++count}`;
  const choices = field.choices ?? [];
  const boxes = choices.map((choice, i) => {
    const box = element("input", { type: "radio", name, value: i, "data-path": field.path, "data-source": choice.value, onchange: () => change(choice.value, choice.sets) });
    const text = element("span", { class: choice.preview ? "unseen" : "" }, choice.label);
    const title = [choice.label, choice.text].filter(Boolean).join(": ");
    const node = element("label", { class: choice.preview ? "source" : "source text", title }, box, choice.preview ? previewCanvas(choice) : "", text);
    return { box, node };
  });
  const chosen = element("b", { "aria-hidden": "true" });
  const warning = element("p", { class: "problem", hidden: true });
  const node = element("fieldset", { class: "field source-field" }, element("legend", {}, field.label, " ", chosen), 
    element("div", { class: "sources" }, ...boxes.filter((_, i) => choices[i].preview).map(({ node: one }) => one)),
    element("div", { class: "sources texts" }, ...boxes.filter((_, i) => !choices[i].preview).map(({ node: one }) => one)), warning);
  return {
    node, path: field.path,
    show(value) {
      choices.forEach((choice, i) => (boxes[i].box.checked = choice.value === value));
      chosen.textContent = choices.find((choice) => choice.value === value)?.label ?? "Your own table";
    },
    problem(text) {
      warning.textContent = text;
      warning.hidden = !text;
    },
  };
}

/** @param {Choice} choice */
function previewCanvas({ preview = [] }) {
  const canvas = element("canvas", { class: "preview", "aria-hidden": "true" });
  const hasClasses = preview.every((point) => Number.isInteger(point[2]));
  const paint = () => {
    const context = emptyContext(canvas, SIDE, SIDE);
    for (const [x, y, label] of preview) {
      context.fillStyle = hasClasses ? palette.classColour(label) : palette.numberColour(label);
      context.beginPath();
      traceMark(context, hasClasses ? label : 0, 4 + x * (SIDE - 8), SIDE - 4 - y * (SIDE - 8), 1.7);
      context.fill();
    }
  };
  paint();
  onTheme(paint);
  return canvas;
}
