// Messages of the server in the form in which the views use them.

/** @typedef {import("./types.js").Data} Data */
/** @typedef {import("./types.js").Network} Network */
/** @typedef {import("./types.js").Frame} Frame */

const ENDINGS = {
  iterations: "Stopped after the iterations of the stop rule.",
  patience: "Stopped: the test cost no longer improves.",
  divergence: "Stopped: the cost is no longer a finite number.",
};

/** Training and test points apart, each [x1, x2, label, index]. @param {any} message @returns {Data} */
function dataOf(message) {
  const points = message.task === "pictures" ? [] : message.points;
  const split = (/** @type {number} */ isTest) => points.filter((/** @type {number[]} */ point) => point[3] === isTest).map((/** @type {number[]} */ [a, b, label, , index]) => [a, b, label, index]);
  return { ...message, axes: message.axes ?? { names: [], lower: [], upper: [] }, train: split(0), test: split(1), counts: { train: message.train, test: message.test } };
}

/** The inputs as the first layer, and names of inputs and outputs with their layers. @param {any} message @param {string[]} classes @returns {Network} */
function networkOf(message, classes) {
  const { input, layers, W, b } = message;
  const last = layers.length - 1;
  return {
    ...message,
    layers: [
      { units: input.length, shown: W[0]?.[0]?.length ?? input.length, names: input },
      ...layers.map((/** @type {any} */ layer, /** @type {number} */ l) => (l === last && layer.units === classes.length ? { ...layer, names: classes } : layer)),
    ],
    parameters: W.map((/** @type {number[][]} */ weights, /** @type {number} */ l) => ({ W: weights, b: b[l].flat() })),
  };
}

/** @param {any} message @param {Frame|null} before @returns {Frame} */
function frameOf(message, before) {
  const { finished, per_layer: layers } = message;
  return {
    ...message,
    diagnosis: message.diagnosis ?? before?.diagnosis ?? [],
    finished: finished ? (ENDINGS[/** @type {keyof typeof ENDINGS} */ (finished)] ?? finished) : "",
    per_layer: layers.map((/** @type {any} */ layer) => ({ ...layer, name: layer.layer === layers.length ? "Output" : `Layer ${layer.layer}` })),
  };
}

/**
 * @param {any} message as received
 * @param {{data: Data|null, frame: Frame|null}} known what was received before
 */
export function incoming(message, known) {
  if (message.type === "data") return dataOf(message);
  if (message.type === "network") return networkOf(message, known.data?.classes ?? []);
  if (message.type === "frame") return frameOf(message, known.frame);
  return message;
}
