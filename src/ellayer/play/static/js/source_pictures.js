// The choice among data sets as small pictures of their points.

import { element, sizedContext } from "./elements.js";
import { palette, traceMark } from "./palette.js";
import { onTheme } from "./theme.js";

/** @typedef {import("./types.js").Choice} Choice */

const SIDE = 46;
let count = 0;

/**
 * @param {import("./types.js").Field} field @param {(value: any, others?: Record<string, any>) => void} change
 * @returns {import("./fields.js").Control}
 */
export function sourcePictures(field, change) {
  const name = `pictures-${++count}`;
  const choices = field.choices ?? [];
  const boxes = choices.map((choice, i) => {
    const box = element("input", { type: "radio", name, value: i, "data-path": field.path, onchange: () => change(choice.value, choice.sets) });
    const picture = choice.preview ? previewCanvas(choice) : element("span", { class: "preview none", "aria-hidden": "true" }, letterOf(choice));
    return { box, node: element("label", { class: "source", title: choice.text ?? choice.label }, box, picture, element("span", {}, choice.label)) };
  });
  /** @type {Map<string, HTMLElement>} */
  const groups = new Map();
  choices.forEach(({ group = "" }, i) => {
    if (!groups.has(group)) groups.set(group, element("div", { class: "sources" }));
    /** @type {HTMLElement} */ (groups.get(group)).append(boxes[i].node);
  });
  const warning = element("p", { class: "problem", hidden: true });
  const node = element("fieldset", { class: "field source-field" }, element("legend", {}, field.label));
  for (const [group, place] of groups) {
    if (group) node.append(element("p", { class: "group" }, group));
    node.append(place);
  }
  node.append(warning);
  return {
    node, path: field.path,
    show: (value) => choices.forEach((choice, i) => (boxes[i].box.checked = choice.value === value)),
    problem: (text) => {
      warning.textContent = text;
      warning.hidden = !text;
    },
  };
}

/** @param {Choice} choice */
function letterOf({ label }) {
  return label.slice(0, 1).toUpperCase();
}

/** @param {Choice} choice */
function previewCanvas({ preview = [] }) {
  const canvas = element("canvas", { class: "preview", "aria-hidden": "true" });
  const hasClasses = preview.every((point) => Number.isInteger(point[2]));
  const paint = () => {
    const context = sizedContext(canvas, SIDE, SIDE);
    context.clearRect(0, 0, SIDE, SIDE);
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
