// The panels of settings, made from the options: a new row of a table appears by itself.

import { byId, element } from "./elements.js";
import { fieldControl } from "./fields.js";
import { applies, valueAt } from "./paths.js";
import { sourcePictures } from "./source_pictures.js";

/** @typedef {import("./fields.js").Control} Control */
/** @typedef {import("./types.js").Field} Field */

/** Paths with a place of their own on the page. */
const ELSEWHERE = new Set(["network.hidden", "data.points"]);

/** @param {import("./store.js").Store} store */
export function mountSettings(store) {
  /** @type {{control: Control, field: Field}[]} */
  let controls = [];

  store.on("ready", () => {
    controls = [];
    for (const panel of store.options.panels) {
      const place = panelPlace(panel.id, panel.title);
      place.replaceChildren();
      for (const field of panel.fields) {
        if (ELSEWHERE.has(field.path)) continue;
        const control = controlOf(field, (value, others) => store.change(field.path, value, others));
        controls.push({ control, field });
        place.append(control.node);
      }
    }
    show();
  });

  const show = () => {
    if (!store.state) return;
    for (const { control, field } of controls) {
      control.node.hidden = !applies(field.only, store.state);
      control.show(valueAt(store.state, field.path));
    }
  };
  store.on("changed", show);
  const showProblem = (/** @type {string} */ path, /** @type {string} */ text) => {
    let isShown = false;
    for (const { control, field } of controls) {
      const own = Boolean(text) && field.path === path && !control.node.hidden;
      control.problem(own ? text : "");
      isShown ||= own;
    }
    byId("problem").textContent = isShown ? "" : text;
    byId("problem").hidden = isShown || !text;
  };
  store.on("state", () => {
    show();
    showProblem("", "");
  });
  store.on("problem", ({ field, text }) => showProblem(field, text));
}

/** @param {Field} field @param {(value: any, others?: Record<string, any>) => void} change @returns {Control} */
function controlOf(field, change) {
  const hasPictures = field.kind === "choice" && (field.choices ?? []).some((choice) => choice.preview);
  return hasPictures ? sourcePictures(field, change) : fieldControl(field, change);
}

/** The part of the page for a panel; a panel that the page does not know comes after the others. @param {string} id @param {string} title */
function panelPlace(id, title) {
  const known = document.getElementById(`fields-${id}`);
  if (known) return known;
  const place = element("div", { class: "fields", id: `fields-${id}` });
  byId("more-panels").append(element("section", { class: "card", "aria-label": title }, element("h2", {}, title), place));
  return place;
}
