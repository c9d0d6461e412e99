// What belongs to the data beside its settings: the file in use, axes, target, tools for points, the legend.

import { byId, element, svg } from "./elements.js";
import { fieldControl } from "./fields.js";
import { canUndo, undo } from "./link.js";
import { countText, fixedText, numberText } from "./number_text.js";
import { markPath } from "./palette.js";

/** @typedef {{kind: "look"|"add"|"erase", label: number}} Tool */

export class DataPanel {
  /** @param {import("./store.js").Store} store */
  constructor(store) {
    this.store = store;
    this.signature = "";
    /** @type {number|undefined} */
    this.number = undefined;
    /** @type {Tool} */
    this.tool = { kind: "look", label: 0 };
    store.on("data", (data) => this.show(data));
    store.on("state changed", () => this.showChoices());
  }

  /** @param {import("./types.js").Data} data */
  show(data) {
    const { train, test } = data.counts;
    const rows = `${countText(train)} ${train === 1 ? "example" : "examples"} for training, ${countText(test)} for the test.`;
    byId("data-note").replaceChildren(...[data.about, rows, ...data.notes].filter(Boolean).map((text) => element("p", {}, text)));
    this.showChoices();
    this.showTools(data);
  }

  /** The choice of columns for the axes, and of the target, where there is one. */
  showChoices() {
    const { data, state } = this.store;
    const place = byId("columns");
    const targets = (state && this.store.uploads.get(state.data.source)) ?? [];
    const isShown = data && state && !data.pictures && (data.features.length > 2 || targets.length > 1);
    place.hidden = !isShown;
    const signature = JSON.stringify([data?.features, targets]);
    if (!isShown) return;
    if (signature !== this.signature) {
      this.signature = signature;
      this.choices = this.columnControls(data, targets);
      place.replaceChildren(...this.choices.map(({ node }) => node));
    }
    for (const control of this.choices ?? []) {
      const name = { "data.axes.0": data.axes.names[0], "data.axes.1": data.axes.names[1] }[control.path] ?? state.data.target;
      control.show(name);
    }
  }

  /** @param {import("./types.js").Data} data @param {string[]} targets */
  columnControls(data, targets) {
    const choices = (/** @type {string[]} */ names) => names.map((name) => ({ value: name, label: name }));
    const axis = (/** @type {number} */ i) =>
      fieldControl({ path: `data.axes.${i}`, label: i ? "Vertical axis" : "Horizontal axis", kind: "choice", choices: choices(data.features) }, (name) => {
        const axes = [...(this.store.data?.axes.names ?? [])];
        axes[i] = name;
        this.store.change("data.axes", axes);
      });
    const controls = data.features.length > 2 ? [axis(0), axis(1)] : [];
    if (targets.length > 1) {
      const change = (/** @type {string} */ name) => this.store.change("data.target", name, { "data.axes": [], "data.points": [], "data.removed": [] });
      controls.unshift(fieldControl({ path: "data.target", label: "Predict", kind: "choice", choices: choices(targets) }, change));
    }
    return controls;
  }

  /** The legend, which is also the choice of what a click on the plane does. @param {import("./types.js").Data} data */
  showTools(data) {
    const place = byId("tools");
    place.hidden = data.task === "pictures";
    if (data.task === "numbers") {
      this.number ??= (data.target_range?.[0] ?? 0) / 2 + (data.target_range?.[1] ?? 0) / 2;
    }
    const counts = data.classes.map((_, k) => data.train.filter((point) => point[2] === k).length);
    const adds = data.task === "numbers" ? [this.numberTool()] : data.classes.slice(0, 10).map((name, k) => this.toolButton({ kind: "add", label: k }, name, markPath(k), `class-${k}`, counts[k]));
    place.replaceChildren(
      this.toolButton({ kind: "look", label: 0 }, "Look", "M9 3a6 6 0 1 0 3.7 10.7l4 4 1.4-1.4-4-4A6 6 0 0 0 9 3zm0 2a4 4 0 1 1 0 8 4 4 0 0 1 0-8z", "plain"),
      ...adds,
      this.toolButton({ kind: "erase", label: 0 }, "Erase", "M5 4l5 5 5-5 1 1-5 5 5 5-1 1-5-5-5 5-1-1 5-5-5-5z", "plain"),
      this.undoButton(),
    );
    byId("scale").hidden = data.task !== "numbers";
    if (data.task === "numbers") {
      byId("scale-low").textContent = numberText(data.target_range?.[0]);
      byId("scale-high").textContent = numberText(data.target_range?.[1]);
    }
  }

  /** @param {Tool} tool @param {string} name @param {string} shape @param {string} colour @param {number} [count] */
  toolButton(tool, name, shape, colour, count) {
    const isChosen = tool.kind === this.tool.kind && tool.label === this.tool.label;
    const title = { look: "Look at a point", add: `Add points of ${name}`, erase: "Remove points" }[tool.kind];
    const button = element("button", { class: "tool", type: "button", "aria-pressed": String(isChosen), title, "data-tool": tool.kind, "data-label": tool.label },
      svg("svg", { viewBox: "0 0 20 20", class: colour, "aria-hidden": "true" }, svg("path", { d: shape })),
      element("span", { class: "tool-name" }, name));
    if (count !== undefined) button.append(element("small", {}, String(count)));
    button.addEventListener("click", () => this.choose(tool));
    return button;
  }

  /** A button that takes back the last change of points or settings. */
  undoButton() {
    const button = element("button", { class: "tool undo", type: "button", title: "Undo the last change of points or settings (Z)", "aria-label": "Undo", onclick: undo }, "\u21b6");
    button.disabled = !canUndo();
    return button;
  }

  /** A tool that adds points, with the number that they get. */
  numberTool() {
    /** @type {HTMLInputElement} */
    const box = element("input", { type: "text", inputmode: "decimal", size: 5, value: fixedText(this.number, 2), "aria-label": "Number of new points" });
    box.addEventListener("change", () => (this.number = Number(box.value.replace("\u2212", "-").replace(",", ".")) || 0));
    const button = this.toolButton({ kind: "add", label: 0 }, "Add", markPath(0), "plain");
    return element("span", { class: "tool-pair" }, button, box);
  }

  /** @param {Tool} tool */
  choose(tool) {
    this.tool = tool;
    byId("plane").classList.toggle("draws", tool.kind === "add");
    for (const button of byId("tools").querySelectorAll("button")) {
      button.setAttribute("aria-pressed", String(button.dataset.tool === tool.kind && Number(button.dataset.label) === tool.label));
    }
  }

  /** The label of points to add. */
  get label() {
    return this.store.data?.task === "numbers" ? (this.number ?? 0) : this.tool.label;
  }
}
