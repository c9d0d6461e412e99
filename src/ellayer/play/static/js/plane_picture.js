// Planes of bytes as pictures.

import { palette, pixel } from "./palette.js";

/** @typedef {import("./types.js").Planes} Planes */

/** A canvas of the size of a plane, to be drawn larger. @param {number} width @param {number} height */
export function planeCanvas(width, height) {
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d", { willReadFrequently: true }));
  const image = context.createImageData(width, height);
  return { canvas, context, image, pixels: new Uint32Array(image.data.buffer) };
}

/** @typedef {ReturnType<typeof planeCanvas>} PlaneCanvas */

/** Fill a canvas with one plane, negative to positive. @param {PlaneCanvas} target @param {Planes} planes @param {number} index */
export function paintSigned(target, planes, index) {
  const size = planes.width * planes.height;
  const start = index * size;
  const table = palette.signed;
  for (let i = 0; i < size; i++) target.pixels[i] = table[planes.values[start + i]];
  target.context.putImageData(target.image, 0, 0);
}

/** Fill a canvas with the most probable class, pale where it is uncertain. @param {PlaneCanvas} target @param {Planes} planes */
export function paintClasses(target, planes) {
  const size = planes.width * planes.height;
  const { values } = planes;
  for (let i = 0; i < size; i++) {
    let best = 0;
    for (let k = 1; k < planes.planes; k++) if (values[k * size + i] > values[best * size + i]) best = k;
    target.pixels[i] = palette.certainty[best % palette.certainty.length][values[best * size + i]];
  }
  target.context.putImageData(target.image, 0, 0);
}

/** Fill a canvas with the certainty of one class. @param {PlaneCanvas} target @param {Planes} planes @param {number} k */
export function paintClass(target, planes, k) {
  const size = planes.width * planes.height;
  const table = palette.certainty[k % palette.certainty.length];
  for (let i = 0; i < size; i++) target.pixels[i] = table[planes.values[k * size + i]];
  target.context.putImageData(target.image, 0, 0);
}

/**
 * Fill a canvas with a picture, grey or red, green and blue one after the other.
 * @param {PlaneCanvas} target @param {ArrayLike<number>} values @param {number} channels
 */
export function paintColours(target, values, channels) {
  const size = target.pixels.length;
  const [green, blue] = channels === 3 ? [size, 2 * size] : [0, 0];
  for (let i = 0; i < size; i++) target.pixels[i] = pixel([values[i], values[green + i], values[blue + i]]);
  target.context.putImageData(target.image, 0, 0);
}
