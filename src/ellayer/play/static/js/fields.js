// One control per field of the options; the server states its kind, limits and choices.

import { element } from "./elements.js";
import { numberText, readNumber } from "./number_text.js";
import { safeFragment } from "./safe_html.js";

/** @typedef {import("./types.js").Field} Field */
/** @typedef {(value: any, others?: Record<string, any>) => void} Change */
/** @typedef {{node: HTMLElement, show: (value: any) => void, problem: (text: string) => void, path: string}} Control */

const SLIDER_STEPS = 200;
const MOST_CHOICES = 60; // more are searched by name
const MATCHES = 50;
let count = 0;

/**
 * A control with its label, its help and a place for a problem.
 * @param {Field} field @param {Change} change called with a new value, and with others that change with it
 * @returns {Control}
 */
export function fieldControl(field, change) {
  const id = `field-${++count}`;
  const isLong = (field.choices?.length ?? 0) > MOST_CHOICES;
  const input = { choice: isLong ? searchInput : choiceInput, switch: switchInput, number: numberInput, integer: numberInput, text: textInput }[field.kind] ?? textInput;
  const { main, nodes, show } = input(field, change);
  main.id = id;
  main.dataset.path = field.path;
  const warning = element("p", { class: "problem", id: `${id}-problem`, hidden: true });
  const label = element("label", { for: id }, field.label);
  const node = element("div", { class: `field ${field.kind}` }, label, element("div", { class: "control" }, ...nodes), warning);
  if (field.help) {
    node.title = field.help;
    main.setAttribute("aria-description", field.help);
  }
  const problem = (/** @type {string} */ text) => {
    warning.textContent = text;
    warning.hidden = !text;
    main.setAttribute("aria-invalid", String(Boolean(text)));
    if (text) main.setAttribute("aria-describedby", warning.id);
    else main.removeAttribute("aria-describedby");
  };
  return { node, show, problem, path: field.path };
}

/** @typedef {{main: HTMLElement, nodes: HTMLElement[], show: (value: any) => void}} Input */

/** @param {Field} field @param {Change} change @returns {Input} */
function choiceInput(field, change) {
  const choices = [...(field.choices ?? [])];
  const formula = element("div", { class: "formula", role: "group", "aria-label": `Formula: ${field.label}` });
  const select = element("select", {
    onchange() {
      const { value, sets } = choices[Number(select.value)];
      change(value, sets);
    },
  });
  /** @type {Map<string, HTMLElement>} */
  const groups = new Map([["", select]]);
  const add = (/** @type {import("./types.js").Choice} */ { label, group = "", text }, /** @type {number} */ i) => {
    if (!groups.has(group)) {
      const node = element("optgroup", { label: group });
      groups.set(group, node);
      select.append(node);
    }
    /** @type {HTMLElement} */ (groups.get(group)).append(element("option", { value: i, title: text }, label));
  };
  choices.forEach(add);
  const show = (/** @type {any} */ value) => {
    let index = choices.findIndex((choice) => choice.value === value);
    if (index < 0) index = addSpecial(choices, value, add);
    select.value = String(index);
    select.title = choices[index].text ?? "";
    formula.replaceChildren(safeFragment(choices[index].html ?? ""));
    if (formula.scrollWidth > formula.clientWidth) formula.tabIndex = 0; // to be scrolled by keyboard
    else formula.removeAttribute("tabindex");
  };
  return { main: select, nodes: [select, formula], show };
}

/** Many choices: part of a name is typed, and the names that have it are offered. @param {Field} field @param {Change} change @returns {Input} */
function searchInput(field, change) {
  const names = (field.choices ?? []).map(({ label }) => label);
  const list = element("datalist", { id: `list-${count}` });
  const offer = () => {
    const part = box.value.toLowerCase();
    const matches = names.filter((name) => name.toLowerCase().includes(part)).slice(0, MATCHES);
    list.replaceChildren(...matches.map((name) => element("option", { value: name })));
  };
  let last = "";
  const box = element("input", {
    type: "text", list: list.id, autocomplete: "off", "aria-description": `${names.length} names: type a part of one`, oninput: offer,
    onfocus() {
      box.value = ""; // a browser offers only what contains the text
      box.placeholder = last;
      offer();
    },
    onblur: () => (box.value = last),
    onchange() {
      if (!box.value) return; // any other text may be a name that is not listed
      last = box.value;
      change(last);
    },
  });
  const show = (/** @type {any} */ value) => {
    last = String(value ?? "");
    if (document.activeElement !== box) box.value = last;
  };
  return { main: box, nodes: [box, list, element("small", { class: "quiet" }, `one of ${names.length}: type a part of its name`)], show };
}

/**
 * A value beside the usual ones, such as a row with other numbers, becomes a choice too.
 * @param {import("./types.js").Choice[]} choices @param {any} value @param {(choice: import("./types.js").Choice, i: number) => void} add
 */
function addSpecial(choices, value, add) {
  const html = choices.find((choice) => String(value).startsWith(`${choice.value}(`))?.html;
  choices.push({ value, label: String(value), html });
  add(choices[choices.length - 1], choices.length - 1);
  return choices.length - 1;
}

/** @param {Field} _ @param {Change} change @returns {Input} */
function switchInput(_, change) {
  const box = element("input", { type: "checkbox", onchange: () => change(box.checked) });
  return { main: box, nodes: [box], show: (value) => (box.checked = Boolean(value)) };
}

/** @param {Field} field @param {Change} change @returns {Input} */
function textInput(field, change) {
  const box = element("input", { type: "text", autocomplete: "off", onchange: () => change(box.value) });
  return { main: box, nodes: [box], show: (value) => (box.value = value ?? field.empty ?? "") };
}

/** A number as text, with a slider beside it where there are limits. @param {Field} field @param {Change} change @returns {Input} */
function numberInput(field, change) {
  /** @type {number|null} */
  let last = null;
  const box = element("input", { type: "text", inputmode: "decimal", autocomplete: "off", placeholder: field.empty ?? "" });
  let text = ""; // as last written here
  const write = (/** @type {number|null} */ value) => (box.value = text = value === null ? "" : plainText(value));
  box.addEventListener("change", () => {
    const value = readNumber(box.value);
    if (Number.isNaN(value) || (value === null && field.empty === undefined)) write(last);
    else change(value === null || field.kind === "number" ? value : Math.round(value));
  });
  box.addEventListener("keydown", (event) => nudge(event, field, last, change));
  const slider = sliderOf(field, write, change);
  const show = (/** @type {any} */ value) => {
    last = value ?? null;
    const isTyping = document.activeElement === box && box.value !== text;
    if (!isTyping || readNumber(box.value) === last) write(last);
    if (slider) slider.value = String(last === null ? 0 : positionOf(field, last));
  };
  return { main: box, nodes: slider ? [slider, box] : [box], show };
}

/** Up and down arrows step a number, as in a number box. @param {KeyboardEvent} event @param {Field} field @param {number|null} value @param {Change} change */
function nudge(event, field, value, change) {
  const direction = { ArrowUp: 1, ArrowDown: -1 }[event.key];
  if (!direction || value === null) return;
  event.preventDefault();
  const next = field.scale === "log" ? (value || field.minimum || 1e-3) * 10 ** (direction / 10) : value + direction * (field.step ?? (field.kind === "integer" ? 1 : 0.1));
  const limited = Math.min(field.maximum ?? Infinity, Math.max(field.minimum ?? -Infinity, next));
  change(field.kind === "integer" ? Math.round(limited) : Number(limited.toPrecision(3)));
}

/** @param {Field} field @param {(value: number) => void} write @param {Change} change */
function sliderOf(field, write, change) {
  if (field.minimum === undefined || field.maximum === undefined) return null;
  const slider = element("input", { type: "range", min: 0, max: SLIDER_STEPS, "aria-label": field.label });
  slider.addEventListener("input", () => {
    const value = valueOf(field, Number(slider.value));
    slider.setAttribute("aria-valuetext", numberText(value));
    write(value);
  });
  slider.addEventListener("change", () => change(valueOf(field, Number(slider.value))));
  return slider;
}

/** On a logarithmic slider zero is the left end. @param {Field} field @param {number} value */
function positionOf({ minimum = 0, maximum = 1, scale }, value) {
  const low = lowestOf(minimum, maximum);
  const share = scale === "log" ? Math.log(Math.max(value, low) / low) / Math.log(maximum / low) : (value - minimum) / (maximum - minimum);
  return Math.round(Math.min(1, Math.max(0, share)) * SLIDER_STEPS);
}

/** @param {Field} field @param {number} position */
function valueOf({ minimum = 0, maximum = 1, scale, step, kind }, position) {
  const share = position / SLIDER_STEPS;
  if (scale === "log") {
    const low = lowestOf(minimum, maximum);
    const value = position === 0 ? minimum : low * (maximum / low) ** share;
    return kind === "integer" ? Math.round(value) : Number(value.toPrecision(2));
  }
  const value = minimum + share * (maximum - minimum);
  const unit = step ?? (kind === "integer" ? 1 : (maximum - minimum) / SLIDER_STEPS);
  return Number((minimum + Math.round((value - minimum) / unit) * unit).toPrecision(8));
}

/** The left end of a logarithmic slider. @param {number} minimum @param {number} maximum */
function lowestOf(minimum, maximum) {
  return minimum > 0 ? minimum : maximum * 1e-5;
}

/** @param {number} value */
function plainText(value) {
  return Number.isFinite(value) ? String(Number(value.toPrecision(12))) : numberText(value);
}
