// Where the units of the network are drawn.

/** @typedef {{x: number, y: number, size: number, gap: number}} Place `gap`: to the next unit */
/** @typedef {{width: number, height: number, columns: Place[][], left: number, step: number}} Layout */

const SMALLEST_STEP = 92;
const TALLEST = 560;
const TOP = 14;
const SIDE = 46;

/**
 * Places of the centres of all units.
 * @param {import("./types.js").DrawnLayer[]} layers @param {number} room the width at hand
 * @returns {Layout}
 */
export function networkLayout(layers, room) {
  const width = Math.max(room, SMALLEST_STEP * layers.length + 20);
  const most = Math.max(...layers.map((layer) => layer.shown));
  const height = Math.round(Math.max(150, pitchOf(most, TALLEST) * most + 2 * TOP));
  const step = (width - 2 * SIDE) / Math.max(1, layers.length - 1);
  const columns = layers.map((layer, l) => {
    const pitch = pitchOf(layer.shown, height);
    const size = unitSize(pitch, l === 0);
    const top = height / 2 - (pitch * (layer.shown - 1)) / 2;
    return Array.from({ length: layer.shown }, (_, i) => ({ x: SIDE + l * step, y: top + i * pitch, size, gap: pitch - size }));
  });
  return { width, height, columns, left: SIDE, step };
}

/** The distance of the units of a layer. @param {number} count @param {number} height of the drawing */
function pitchOf(count, height) {
  return Math.max(17, Math.min(74, (height - 2 * TOP) / count));
}

/** @param {number} pitch @param {boolean} isInput */
function unitSize(pitch, isInput) {
  const size = Math.max(12, Math.min(54, pitch - (pitch > 40 ? 20 : 5)));
  return isInput ? Math.round(0.85 * size) : Math.round(size);
}

/** The path of the link between two units. @param {Place} from @param {Place} to */
export function linkPath(from, to) {
  const [x0, x1] = [from.x + from.size / 2 + 1, to.x - to.size / 2 - 1];
  const middle = (x0 + x1) / 2;
  return `M${x0} ${from.y}C${middle} ${from.y} ${middle} ${to.y} ${x1} ${to.y}`;
}
