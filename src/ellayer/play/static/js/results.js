// How well the network does: score of both sets, confusion matrix, figures per layer, the diagnosis in words.

import { byId, element, table } from "./elements.js";
import { countText, numberText, percentText } from "./number_text.js";
import { capitalised, scoreText } from "./transport.js";

/** @typedef {import("./types.js").Frame} Frame */

const MOST_CLASSES = 12;

/** @param {import("./store.js").Store} store */
export function mountResults(store) {
  let last = 0;
  const show = () => {
    if (!store.frame) return;
    showScores(store.frame);
    showConfusion(store);
    showLayers(store.frame);
    showFindings(store.frame.diagnosis);
  };
  byId("confusion-which", "select").addEventListener("change", () => showConfusion(store));
  store.on("frame", (frame) => {
    if (frame.running && performance.now() - last < 250) return; // tables that change faster cannot be read
    last = performance.now();
    show();
  });
}

/** @param {Frame} frame */
function showScores({ score }) {
  const parts = [["Training", score.train], ["Test", score.test]].map(([set, value]) =>
    element("div", {}, element("dt", {}, String(set)), element("dd", {}, scoreText(score.name, /** @type {number|null} */ (value)))));
  byId("scores").replaceChildren(...parts);
  byId("scores-title").textContent = capitalised(score.name);
}

/** @param {import("./store.js").Store} store */
function showConfusion({ frame, data }) {
  const select = byId("confusion-which", "select");
  const sets = frame?.confusions ?? { train: null, test: null };
  const which = sets.test && (select.value === "test" || !sets.train) ? "test" : "train";
  const counts = sets[which];
  byId("confusion-part").hidden = !counts;
  if (!counts || !data) return;
  byId("confusion-set").hidden = !(sets.train && sets.test);
  select.value = which;
  const names = data.classes.slice(0, MOST_CLASSES);
  const rows = counts.slice(0, MOST_CLASSES).map((row, i) => {
    const sum = row.reduce((total, count) => total + count, 0) || 1;
    return [names[i], ...row.slice(0, MOST_CLASSES).map((count, j) => shaded(count, count / sum, i === j))];
  });
  const node = table("", ["true \u2193 predicted \u2192", ...names], rows);
  node.caption?.remove();
  node.setAttribute("aria-label", "Confusion matrix");
  node.classList.toggle("many", names.length > 5);
  byId("confusion").replaceChildren(node);
}

/** @param {number} count @param {number} share @param {boolean} isRight */
function shaded(count, share, isRight) {
  const node = element("span", { class: isRight ? "share right" : "share wrong", title: percentText(share) }, countText(count));
  node.style.setProperty("--share", `${Math.round(100 * share)}%`);
  return node;
}

/** @param {Frame} frame */
function showLayers({ per_layer: layers }) {
  byId("layers-part").hidden = !layers.length;
  const rows = layers.map((layer) => [
    layer.name, numberText(layer.gradient_norm, 2), ratio(layer.update_ratio),
    layer.activation_mean === null ? "\u2013" : `${numberText(layer.activation_mean, 2)} \u00b1 ${numberText(layer.activation_std, 2)}`,
    percentText(layer.saturated), percentText(layer.dead),
  ]);
  const node = table("", ["Layer", "Gradient", "Update /\u00a0weight", "Activation", "Saturated", "Dead"], rows);
  node.caption?.remove();
  node.setAttribute("aria-label", "Statistics per layer");
  byId("layers").replaceChildren(node);
}

/** The ratio of update and weight, on a logarithmic bar from 1e-6 to 1; about 1e-3 is healthy. @param {number|null} value */
function ratio(value) {
  const node = element("span", { class: "ratio" }, numberText(value, 2));
  if (value) node.style.setProperty("--at", `${Math.min(100, Math.max(0, ((Math.log10(value) + 6) / 6) * 100)).toFixed(0)}%`);
  return node;
}

/** @param {Frame["diagnosis"]} findings */
export function showFindings(findings) {
  const items = findings.map(({ grade, text, advice }) =>
    element("li", { class: grade }, element("b", { class: "grade" }, grade), element("span", {}, text, advice ? element("small", {}, advice) : "")));
  byId("findings").replaceChildren(...(items.length ? items : [element("li", { class: "none" }, "Nothing stands out.")]));
}
