// The equations of what was clicked, with the numbers of the current example; its weights and bias can be edited here.

import { byId, element, table } from "./elements.js";
import { unitName } from "./network_names.js";
import { numberText, readNumber } from "./number_text.js";
import { safeFragment } from "./safe_html.js";

/** @typedef {import("./types.js").Target} Target */
/** @typedef {import("./types.js").Explanation} Explanation */

export class LookInside {
  /** @param {import("./store.js").Store} store */
  constructor(store) {
    this.store = store;
    /** @type {Target|null} */
    this.target = null;
    this.example = 0;
    /** @type {{node: HTMLElement, label: string, box: HTMLInputElement, value: () => number}[]} */
    this.inputs = [];
    store.on("looked", (explanation) => this.show(explanation));
    store.on("network", () => this.follow());
    store.on("frame", (frame) => this.target && !frame.running && frame.iteration !== this.iteration && this.ask());
    store.on("planes", () => this.updateInputs());
    byId("example", "input").addEventListener("change", () => this.setExample(Math.max(0, Math.round(readNumber(byId("example", "input").value) || 0))));
    byId("example-previous").addEventListener("click", () => this.moveExample(-1));
    byId("example-next").addEventListener("click", () => this.moveExample(1));
    store.on("data", () => {
      if (!this.examples().includes(this.example)) this.setExample(this.examples()[0] ?? 0);
    });
  }

  /** @param {Target} target */
  choose(target) {
    this.target = target;
    if (target.kind === "point") this.example = target.example ?? 0;
    byId("look-hint").hidden = true;
    byId("look-content").hidden = false;
    const heading = byId("look-heading");
    if (heading.getBoundingClientRect().top > window.innerHeight) heading.scrollIntoView({ block: "center" });
    this.showInputs();
    this.ask();
  }

  /** Another example, by its place among those of the data. @param {number} step */
  moveExample(step) {
    const all = this.examples();
    const place = all.indexOf(this.example);
    this.setExample(all[Math.min(all.length - 1, Math.max(0, place + step))] ?? 0);
  }

  /** Indices of the examples at hand. */
  examples() {
    const { data } = this.store;
    return data?.pictures?.indices ?? data?.train.map((point) => point[3]) ?? [];
  }

  /** @param {number} index */
  setExample(index) {
    this.example = index;
    byId("example", "input").value = String(index);
    this.store.emit({ type: "example", index });
    if (this.target) this.ask();
  }

  ask() {
    const target = /** @type {Target} */ (this.target);
    this.iteration = this.store.frame?.iteration;
    byId("example", "input").value = String(this.example);
    this.store.send({ type: "look", ...target, example: this.example });
  }

  /** A new network may lack what was looked at, or give it other inputs. */
  follow() {
    if (!this.target) return;
    if (this.isGone()) this.clear();
    else if (this.labels().join() !== this.inputs.map(({ label }) => label).join()) this.showInputs();
  }

  /** Whether a change of the network removed what was looked at. */
  isGone() {
    const { kind, layer = 0, row = 0, column = 0 } = /** @type {Target} */ (this.target);
    const layers = this.store.network?.layers ?? [];
    return kind !== "point" && !(layers[layer]?.shown > row && (kind !== "weight" || layers[layer - 1]?.shown > column));
  }

  clear() {
    this.target = null;
    byId("look-hint").hidden = false;
    byId("look-content").hidden = true;
  }

  /** @param {Explanation} explanation */
  show(explanation) {
    if (!this.target) return;
    byId("look-title").textContent = explanation.title;
    byId("look-text").textContent = explanation.text ?? "";
    const parts = explanation.sections.map(({ title, html, rows }) => part(title, html, termTable(title, rows)));
    if (!parts.length) parts.push(part("Equation", explanation.equation_html, termTable("Numbers", explanation.rows)));
    if (explanation.chain_html) parts.push(part("Chain rule to the cost", explanation.chain_html, "", "whole"));
    if (explanation.difference) parts.push(element("div", { class: "whole" }, differenceTable(explanation.difference)));
    byId("look-equations").replaceChildren(...parts);
  }

  /** Boxes for the weights and the bias of what is looked at. */
  showInputs() {
    const { layer = 0, row = 0 } = /** @type {Target} */ (this.target);
    const place = byId("look-edit");
    const columns = this.columns();
    this.inputs = this.labels().map((label, i) => {
      if (i === columns.length) return this.numberBox(label, `b${layer}`, row, 0, () => this.store.bias(layer, row));
      return this.numberBox(label, `W${layer}`, row, columns[i], () => this.store.weight(layer, row, columns[i]));
    });
    place.replaceChildren(...this.inputs.map(({ node }) => node));
  }

  /** The inputs whose weights have boxes. */
  columns() {
    const { kind, layer = 0, column = 0 } = /** @type {Target} */ (this.target);
    if (kind === "point") return [];
    return kind === "weight" ? [column] : [...Array(this.store.network?.layers[layer - 1].shown).keys()];
  }

  /** What the boxes are called. */
  labels() {
    const { network } = this.store;
    const { kind, layer = 0 } = /** @type {Target} */ (this.target);
    if (!network || kind === "point") return [];
    const weights = this.columns().map((c) => `w, ${unitName(network, layer - 1, c)}`);
    return kind === "weight" ? weights : [...weights, "bias b"];
  }

  /** @param {string} label @param {string} parameter @param {number} row @param {number} column @param {() => number} value */
  numberBox(label, parameter, row, column, value) {
    const box = element("input", { type: "text", inputmode: "decimal", value: plain(value()), "data-parameter": parameter, "data-row": row, "data-column": column });
    const send = (/** @type {number} */ number) => this.store.send({ type: "edit", parameter, row, column, value: number });
    box.addEventListener("change", () => {
      const number = readNumber(box.value);
      if (number === null || !Number.isFinite(number)) box.value = plain(value());
      else send(number);
    });
    box.addEventListener("keydown", (event) => {
      const direction = { ArrowUp: 0.1, ArrowDown: -0.1 }[event.key];
      if (!direction) return;
      event.preventDefault();
      send(Number((value() + direction * (event.shiftKey ? 10 : 1)).toPrecision(6)));
    });
    return { node: element("label", {}, element("span", {}, label), box), label, box, value };
  }

  /** Follow the training, except in a box that is being edited. */
  updateInputs() {
    for (const { box, value } of this.inputs) if (document.activeElement !== box || !this.store.frame?.running) box.value = plain(value());
  }
}

/** @param {number} value */
function plain(value) {
  return String(Number(value.toPrecision(5)));
}

/** An equation with its title and its numbers. @param {string} title @param {string} html @param {Node|string} numbers @param {string} [name] of a class */
function part(title, html, numbers, name) {
  const equation = element("div", { class: "equation", tabindex: "0", role: "group", "aria-label": title }, safeFragment(html));
  return element("div", { class: name }, element("h4", {}, title), equation, numbers);
}

/** The numbers of an equation. @param {string} title @param {import("./types.js").Term[]} rows */
function termTable(title, rows) {
  if (!rows.length) return "";
  const list = element("dl", { class: "terms", "aria-label": `Numbers: ${title}` });
  list.append(...rows.map(({ term, value }) => element("div", {}, element("dt", {}, term), element("dd", {}, numberText(value, 5)))));
  return list;
}

/** @param {NonNullable<Explanation["difference"]>} difference */
function differenceTable({ analytic, numeric, relative_error }) {
  const rows = [
    ["by the chain rule", numberText(analytic, 7)],
    ["by a finite difference", numberText(numeric, 7)],
    ["relative error", numberText(relative_error, 2)],
  ];
  return table("The derivative of the cost, twice", ["Way", "Value"], rows);
}
