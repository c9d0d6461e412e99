// The model that is open: what it is, its members, its embeddings, and the table that would let it go on.

import { byId, element, table } from "./elements.js";
import { fieldControl } from "./fields.js";
import { numberText } from "./number_text.js";
import { palette } from "./palette.js";
import { onTheme } from "./theme.js";
import { scoreText } from "./transport.js";

/** @typedef {import("./types.js").Model} Model */

const MOST_MEMBERS = 50;

/** @param {import("./store.js").Store} store @param {() => void} pickFile */
export function mountModel(store, pickFile) {
  const card = byId("model");
  byId("model-open").addEventListener("click", pickFile);
  const show = () => {
    const { model } = store;
    card.hidden = !model;
    document.body.classList.toggle("read-only", store.isReadOnly);
    if (model) showModel(store, model);
  };
  store.on("model ready", show);
  onTheme(show);
}

/** @param {import("./store.js").Store} store @param {Model} model */
function showModel(store, model) {
  byId("model-name").textContent = model.name;
  byId("model-why").textContent = model.why;
  byId("model-why").hidden = !model.why;
  byId("model-facts").replaceChildren(...model.facts.flatMap(([name, value]) => [element("dt", {}, name), element("dd", {}, value)]));
  if (model.read_only) byId("model-about", "details").open = true;
  const { needs } = model;
  byId("model-needs").hidden = !needs;
  if (needs) {
    const columns = needs.columns.length > 12 ? `${needs.columns.slice(0, 12).join(", ")} and ${needs.columns.length - 12} more` : needs.columns.join(", ");
    byId("model-columns").textContent = `To go on, open a table with the columns ${columns}${needs.target ? `, and ${needs.target} to predict` : ""}.`;
  }
  byId("model-members").replaceChildren(...(model.members.length > 1 ? members(store, model) : []));
  const opened = new Set([...byId("model-embeddings").querySelectorAll("details[open]")].map((node) => node.getAttribute("data-column")));
  byId("model-embeddings").replaceChildren(...model.embeddings.map((one) => embedding(one, opened.has(one.column))));
}

/** The choice of the member that is drawn and trained, and the scores of all. @param {import("./store.js").Store} store @param {Model} model */
function members(store, { members: all, mean, member, score }) {
  const nodes = [];
  if (member !== null) {
    const field = { path: "network.member", label: "Member", help: "The network of the model that is drawn and trained" };
    const choices = all.map((_, i) => ({ value: i, label: `${i + 1} of ${all.length}` }));
    const isLong = all.length > MOST_MEMBERS;
    const control = isLong ? fieldControl({ ...field, kind: "integer", label: `Member, of ${all.length}` }, (value) => store.change("network.member", value - 1))
      : fieldControl({ ...field, kind: "choice", choices }, (value) => store.change("network.member", value));
    control.show(isLong ? member + 1 : member);
    nodes.push(control.node);
  }
  const line = (/** @type {string} */ name, /** @type {import("./types.js").MemberScore} */ { train, test }) => [name, scoreText(score, train), scoreText(score, test)];
  const rows = all.slice(0, MOST_MEMBERS).map((one, i) => line(String(i + 1), one));
  if (mean) rows.push(line("all together", mean));
  const scores = element("details", { class: "scores" }, element("summary", {}, `Scores of the ${all.length} members`),
    element("div", { class: "scroll tables", tabindex: "0", role: "region", "aria-label": "Scores of the members" }, table(`${all.length > MOST_MEMBERS ? `The first ${MOST_MEMBERS} members` : "Members"}, ${score}`, ["Member", "Training", "Test"], rows)));
  return [...nodes, scores];
}

/** The numbers that stand for each level of a column, shaded by sign and size. @param {import("./types.js").Embedding} embedding @param {boolean} isOpen */
function embedding({ column, levels, values, note }, isOpen) {
  const largest = Math.max(1e-12, ...values.flat().map((value) => Math.abs(value ?? 0)));
  const cell = (/** @type {number} */ value) => {
    const node = element("span", { class: "embedded" }, numberText(value, 2));
    node.style.background = palette.mapColour(0.5 + 0.5 * ((value ?? 0) / largest));
    return node;
  };
  const head = ["Level", ...Array.from({ length: values[0]?.length ?? 0 }, (_, i) => String(i + 1))];
  const place = element("div", { class: "scroll tables", tabindex: "0", role: "region", "aria-label": `Embedding of ${column}` });
  const fill = () => details.open && !place.firstChild && place.append(table(note || `Numbers of ${column}`, head, levels.map((level, i) => [level, ...(values[i] ?? []).map(cell)])));
  const details = element("details", { "data-column": column, open: isOpen, ontoggle: fill }, // a model may have hundreds
    element("summary", {}, `Embedding of ${column}: ${levels.length} levels, ${head.length - 1} numbers each`), place);
  return details;
}
