// Panels of fields, made of the tables that the server sends: each row of a table is a choice.

import { previews } from "./previews.js";

/** @typedef {import("./types.js").Field} Field */
/** @typedef {import("./types.js").Choice} Choice */
/** @typedef {{name: string, html?: string, about?: string, [fact: string]: any}} Row */

const OF_SOURCE = { "data.size": null, "data.noise": null, "data.seed": null, "data.target": null, "data.axes": null, "data.points": null, "data.removed": null, "data.scale": null };
/** Two points that span the blank plane: fewer cannot be trained on. */
const CORNERS = [[-1, -1, 0], [1, 1, 1]];
const GROUPS = { classes: "Classes in the plane", numbers: "Numbers in the plane", table: "Tables", pictures: "Pictures", own: "Your own" };

/** "breast_cancer" as "Breast cancer". @param {string} name */
export function labelOf(name) {
  const words = name.replaceAll("_", " ");
  return words.length <= 3 ? words.toUpperCase() : words[0].toUpperCase() + words.slice(1);
}

/** @param {Row[]} rows @param {Record<string, any>} [sets] other values that a change sets @returns {Choice[]} */
function choicesOf(rows, sets) {
  return rows.map(({ name, html, about }) => ({ value: name, label: labelOf(name), html, text: about, sets }));
}

/**
 * @param {any} options the tables, or panels that are complete already
 * @returns {import("./types.js").Options}
 */
export function optionPanels(options) {
  if (options.panels) return options;
  const { limits } = options;
  return {
    panels: [
      { id: "data", title: "Data", fields: dataFields(options) },
      { id: "network", title: "Network", fields: [
        { path: "network.initializer", label: "Initializer", kind: "choice", choices: choicesOf(options.initializers) },
        { path: "network.seed", label: "Seed", kind: "integer", minimum: 0, help: "Another seed, another start" },
      ] },
      { id: "training", title: "Training", fields: trainingFields(options) },
      { id: "stop", title: "Stop", fields: [
        { path: "stop.iterations", label: "After iterations", kind: "integer", minimum: 1, empty: "never" },
        { path: "stop.test_cost_patience", label: "Patience", kind: "integer", minimum: 1, empty: "never", help: "Stop when the test cost has not improved for this number of records, one every 100 iterations" },
      ] },
    ],
    layer: {
      maximum_layers: limits.layers, maximum_units: limits.units, new: { units: 4, activation: "tanh" },
      fields: [{ path: "activation", label: "Activation", kind: "choice", choices: choicesOf(options.activations).map((choice) => ({ ...choice, label: String(choice.value) })) }],
    },
  };
}

/** @param {any} options @returns {Field[]} */
function dataFields({ data, limits }) {
  const drawn = data.filter((/** @type {Row} */ row) => row.size !== null);
  const isDrawn = { path: "data.source", values: drawn.map((/** @type {Row} */ row) => row.name) };
  const isNoisy = { path: "data.source", values: drawn.filter((/** @type {Row} */ row) => row.noise !== null).map((/** @type {Row} */ row) => row.name) };
  const isNotOfModel = { path: "data.source", values: ["upload:model"], isNot: true }; // it has scales and a split of its own
  const sources = data.map((/** @type {Row} */ row) => {
    const group = row.kind === "plane" ? row.task : row.kind;
    return { value: row.name, label: labelOf(row.name), text: row.about, preview: previews[row.name], group: GROUPS[/** @type {"own"} */ (group)] ?? labelOf(String(group)), sets: OF_SOURCE };
  });
  if (!data.some((/** @type {Row} */ row) => row.name === "points")) {
    sources.push({ value: "points", label: "Blank", text: "An empty plane: draw the points", group: GROUPS.own, sets: { ...OF_SOURCE, "data.points": CORNERS } });
  }
  return [
    { path: "data.source", label: "Data set", kind: "choice", choices: sources },
    { path: "data.size", label: "Points", kind: "integer", minimum: 10, maximum: limits.size, scale: "log", only: isDrawn },
    { path: "data.noise", label: "Noise", kind: "number", minimum: 0, maximum: 1, step: 0.01, only: isNoisy },
    { path: "data.test_fraction", label: "Test share", kind: "number", minimum: 0, maximum: 0.9, step: 0.05, only: isNotOfModel },
    { path: "data.scale", label: "Standardise", kind: "switch", only: isNotOfModel, help: "Inputs with mean 0 and standard deviation 1" },
    { path: "data.seed", label: "Seed", kind: "integer" },
  ];
}

/** @param {any} options @returns {Field[]} */
function trainingFields({ losses, optimizers, schedules }) {
  const varying = schedules.map((/** @type {Row} */ row) => row.name).filter((/** @type {string} */ name) => name !== "constant");
  const decaying = optimizers.filter((/** @type {Row} */ row) => row.weight_decay).map((/** @type {Row} */ row) => row.name);
  const automatic = { value: "auto", label: "Automatic", text: "The loss that suits the output" };
  /** @type {Field[]} */
  const fields = [
    { path: "training.optimizer", label: "Optimizer", kind: "choice", choices: choicesOf(optimizers, { "training.learning_rate": null, "training.weight_decay": null }) },
    { path: "training.learning_rate", label: "Learning rate", kind: "number", minimum: 1e-5, maximum: 100, scale: "log" },
    { path: "training.schedule", label: "Schedule", kind: "choice", choices: choicesOf(schedules) },
    { path: "training.schedule_length", label: "over iterations", kind: "integer", only: { path: "training.schedule", values: varying.map((/** @type {string} */ name) => `${name}*`) } },
    { path: "training.batch_size", label: "Batch size", kind: "integer", empty: "all examples" },
    { path: "training.loss", label: "Loss", kind: "choice", choices: [automatic, ...choicesOf(losses)] },
    { path: "training.l2", label: "L2", kind: "number", minimum: 0, maximum: 10, scale: "log", help: "Penalty on the squares of the weights" },
    { path: "training.l1", label: "L1", kind: "number", minimum: 0, maximum: 10, scale: "log", help: "Penalty on the sizes of the weights" },
    { path: "training.weight_decay", label: "Weight decay", kind: "number", minimum: 0, maximum: 1, scale: "log", only: { path: "training.optimizer", values: decaying.map((/** @type {string} */ name) => `${name}*`) } },
    { path: "training.dropout", label: "Dropout", kind: "number", minimum: 0, maximum: 0.9, step: 0.05, help: "Share of units left out at random" },
    { path: "training.seed", label: "Seed", kind: "integer", help: "Of the order of batches and of dropout" },
  ];
  return fields.filter(({ path }) => path !== "training.weight_decay" || decaying.length);
}
