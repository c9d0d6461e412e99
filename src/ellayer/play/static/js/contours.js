// Lines on a plane where a value is crossed: the boundary can be seen without colour.

/**
 * Add the line at `level` to the context's path, by marching squares.
 * @param {CanvasRenderingContext2D} context @param {{width: number, height: number, values: ArrayLike<number>}} plane
 * @param {number} level @param {number} width of the picture @param {number} height of the picture
 */
export function traceContour(context, plane, level, width, height) {
  const { width: columns, height: rows, values } = plane;
  const [sx, sy] = [width / columns, height / rows];
  for (let r = 0; r + 1 < rows; r++) {
    for (let c = 0; c + 1 < columns; c++) {
      const place = r * columns + c;
      const corners = [values[place], values[place + 1], values[place + columns + 1], values[place + columns]];
      traceCell(context, corners, level, (c + 0.5) * sx, (r + 0.5) * sy, sx, sy);
    }
  }
}

/**
 * A plane smoothed over its neighbours: steps of single bytes would make a ragged line.
 * @param {{width: number, height: number, values: ArrayLike<number>}} plane
 */
export function smoothed({ width, height, values }) {
  const across = new Float32Array(width * height);
  for (let i = 0; i < across.length; i++) {
    const column = i % width;
    across[i] = values[column ? i - 1 : i] + 2 * values[i] + values[column < width - 1 ? i + 1 : i];
  }
  const result = new Float32Array(width * height);
  const last = width * (height - 1);
  for (let i = 0; i < result.length; i++) {
    result[i] = (across[i >= width ? i - width : i] + 2 * across[i] + across[i < last ? i + width : i]) / 16;
  }
  return { width, height, values: result };
}

/**
 * @param {CanvasRenderingContext2D} context @param {number[]} corners clockwise from the upper left
 * @param {number} level @param {number} x @param {number} y @param {number} sx @param {number} sy
 */
function traceCell(context, [a, b, c, d], level, x, y, sx, sy) {
  const above = [a > level, b > level, c > level, d > level];
  if (above[0] === above[1] && above[1] === above[2] && above[2] === above[3]) return;
  const share = (/** @type {number} */ from, /** @type {number} */ to) => (level - from) / (to - from);
  const crossings = [];
  if (above[0] !== above[1]) crossings.push([x + sx * share(a, b), y]);
  if (above[1] !== above[2]) crossings.push([x + sx, y + sy * share(b, c)]);
  if (above[3] !== above[2]) crossings.push([x + sx * share(d, c), y + sy]);
  if (above[0] !== above[3]) crossings.push([x, y + sy * share(a, d)]);
  for (let i = 0; i + 1 < crossings.length; i += 2) {
    context.moveTo(crossings[i][0], crossings[i][1]);
    context.lineTo(crossings[i + 1][0], crossings[i + 1][1]);
  }
}

/**
 * The plane of the margin of a class over the best other one: its line at 0 is the class's boundary.
 * @param {import("./types.js").Planes} planes @param {number} k
 */
export function classMargin(planes, k) {
  const size = planes.width * planes.height;
  const values = new Int16Array(size);
  for (let i = 0; i < size; i++) {
    let other = 0;
    for (let j = 0; j < planes.planes; j++) if (j !== k) other = Math.max(other, planes.values[j * size + i]);
    values[i] = planes.values[k * size + i] - other;
  }
  return { width: planes.width, height: planes.height, values };
}
