// Names of layers, units and links in words.

/** @typedef {import("./types.js").Network} Network */

/** @param {Network} network @param {number} layer */
export function layerName(network, layer) {
  if (layer === 0) return "inputs";
  return layer === network.layers.length - 1 ? "output" : `layer ${layer}`;
}

/** @param {Network} network @param {number} layer @param {number} row */
export function unitName(network, layer, row) {
  const { names, units } = network.layers[layer];
  const name = names?.[row];
  if (layer === 0) return name ?? `x${row + 1}`;
  if (layer === network.layers.length - 1) return name ? `output ${name}` : units > 1 ? `output ${row + 1}` : "output";
  return `layer ${layer}, unit ${row + 1}`;
}
