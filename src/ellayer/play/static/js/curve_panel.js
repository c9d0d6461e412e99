// The card of the cost: the curve, kept runs, and a table.

import { Curve, runColour } from "./curve.js";
import { byId, element, table } from "./elements.js";
import { countText, numberText } from "./number_text.js";

const TABLE_ROWS = 20;
const MOST_POINTS = 4000;
const MOST_FORMER = 12;

/** @param {import("./store.js").Store} store */
export function mountCurve(store) {
  const readout = byId("curve-readout");
  const curve = new Curve(byId("curve"), (text) => (readout.textContent = text));
  byId("log-scale", "input").addEventListener("change", () => {
    curve.isLog = byId("log-scale", "input").checked;
    curve.paintSoon();
  });
  byId("keep-run").addEventListener("click", keep);
  byId("curve-table", "details").addEventListener("toggle", showTable);

  let live = ""; // what a watched run trains
  store.on("phases", ({ phases }) => (live = phases.at(-1)?.name ?? ""));
  store.on("curve", ({ points, reset }) => {
    if (live && (reset || !curve.points.length)) beginLive(live);
    curve.points = thinned(reset ? points : [...curve.points, ...points]);
    const [iteration, train, test] = curve.points.at(-1) ?? [0, null, null];
    curve.canvas.setAttribute("aria-label", `Cost over ${countText(iteration)} iterations; at the end ${numberText(train)} for training, ${numberText(test)} for the test`);
    curve.paintSoon();
    if (!store.frame?.running) showTable();
  });
  /** Runs that a server kept that has ended since: they are only here. @type {import("./types.js").SavedRun[]} */
  let former = [];
  /** @type {import("./types.js").SavedRun[]} */
  let saved = [];
  store.on("saved_runs", ({ runs }) => {
    saved = runs;
    showSaved();
  });
  store.on("ready", ({ resumed }) => {
    if (!resumed) former = [...former, ...saved].slice(-MOST_FORMER);
    saved = [];
    curve.points = [];
    showSaved(); // a watched run is sent whole
  });

  function showSaved() {
    curve.runs = [...former, ...saved];
    showRuns();
  }

  /** @param {import("./types.js").SavedRun} run */
  function remove(run) {
    if (saved.includes(run)) store.send({ type: "drop_run", id: run.id });
    former = former.filter((one) => one !== run);
    showSaved();
  }

  /** The next curve of a watched run; the one before stays as a thin line. @param {string} name */
  function beginLive(name) {
    const id = byId("curve-title").dataset.name ?? "";
    if (curve.points.length > 1) curve.runs = [...curve.runs, { id, name: id, points: curve.points }];
    byId("curve-title").dataset.name = name;
    byId("curve-title").textContent = `Cost: ${name}`;
    showRuns();
  }

  function keep() {
    if (!store.state) return;
    store.send({ type: "keep_run", name: nameOf(store.state) });
  }

  function showRuns() {
    byId("runs").replaceChildren(...curve.runs.map((run, i) => {
      const { name, points } = run;
      const [, train, test] = points.at(-1) ?? [0, null, null];
      const swatch = element("span", { class: "swatch", "aria-hidden": "true" });
      swatch.style.background = runColour(i);
      const button = element("button", { type: "button", class: "step", "aria-label": `Remove the run ${name}`, onclick: () => remove(run) }, "\u00d7");
      return element("li", {}, swatch, element("span", {}, `${i + 1}. ${name}`), element("small", {}, `${numberText(train)} / ${numberText(test)}`), ...(store.isLive ? [] : [button]));
    }));
    curve.paintSoon();
  }

  function showTable() {
    if (!byId("curve-table", "details").open) return;
    const step = Math.max(1, Math.ceil(curve.points.length / TABLE_ROWS));
    const chosen = curve.points.filter((_, i) => i % step === 0 || i === curve.points.length - 1);
    const rows = chosen.map(([iteration, train, test]) => [countText(iteration), numberText(train, 4), numberText(test, 4)]);
    byId("curve-table", "details").querySelector(".tables")?.replaceChildren(table("Cost over the iterations", ["Iteration", "Training", "Test"], rows));
  }
}

/** What tells a run from others. @param {import("./types.js").State} state */
function nameOf({ data, network, training }) {
  const layers = network.hidden.map(({ units, activation }) => `${units} ${activation}`).join(" \u2013 ") || "no layer";
  const extras = [["L2", training.l2], ["L1", training.l1], ["decay", training.weight_decay], ["dropout", training.dropout], ["batch", training.batch_size]];
  return [data.source.startsWith("upload:") ? "" : data.source, layers, `${training.optimizer} ${training.learning_rate}`,
    ...extras.map(([name, value]) => (value ? `${name} ${value}` : "")), `seed ${network.seed}`].filter(Boolean).join(", ");
}

/** Every second point of a long curve, so that a run of hours stays drawable. @param {import("./types.js").CurvePoint[]} points */
function thinned(points) {
  return points.length <= MOST_POINTS ? points : points.filter((_, i) => i % 2 === 0 || i === points.length - 1);
}
