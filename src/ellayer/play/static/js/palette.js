// The colours of the pictures, taken from the style sheet; each class also has a mark of its own.

import { onTheme } from "./theme.js";

export const CLASS_COLOURS = 10;
const HALF = 127.5;

/** @param {string} text "#rrggbb" @returns {number[]} */
function channels(text) {
  const value = parseInt(text.trim().slice(1), 16);
  return [value >> 16, (value >> 8) & 255, value & 255];
}

/** @param {number[]} a @param {number[]} b @param {number} share of b */
export function mixed(a, b, share) {
  return a.map((value, i) => Math.round(value + (b[i] - value) * share));
}

/** A pixel of an ImageData seen as Uint32Array. @param {number[]} rgb */
export function pixel([r, g, b]) {
  return (255 << 24) | (b << 16) | (g << 8) | r;
}

class Palette {
  paper = "";
  ink = "";
  quiet = "";
  line = "";
  edge = "";
  halo = "";
  negative = "";
  positive = "";
  /** @type {string[]} */
  classes = [];
  /** @type {number[]} */
  middle = [];
  signed = new Uint32Array(256);
  /** @type {Uint32Array[]} */
  certainty = [];

  constructor() {
    this.read();
    onTheme(() => this.read());
  }

  /** Read the style sheet's colours, and prepare the tables of pixels. */
  read() {
    const style = getComputedStyle(document.documentElement);
    const colour = (/** @type {string} */ name) => style.getPropertyValue(name).trim() || "#777777";
    this.paper = colour("--paper");
    this.ink = colour("--ink");
    this.quiet = colour("--quiet");
    this.line = colour("--line");
    this.edge = colour("--edge");
    this.halo = colour("--halo");
    this.classes = Array.from({ length: CLASS_COLOURS }, (_, k) => colour(`--class-${k}`));
    this.negative = colour("--negative");
    this.positive = colour("--positive");
    const middle = channels(colour("--map-middle"));
    const strength = Number(style.getPropertyValue("--map-strength")) || 0.7;
    this.middle = middle;
    const [low, high] = [channels(this.negative), channels(this.positive)];
    /** Pixels from negative to positive. */
    this.signed = Uint32Array.from({ length: 256 }, (_, value) => {
      const side = (value - HALF) / HALF;
      return pixel(mixed(middle, side < 0 ? low : high, Math.abs(side) * strength));
    });
    /** Pixels of each class, from no to full certainty. */
    this.certainty = this.classes.map((text) => {
      const full = channels(text);
      return Uint32Array.from({ length: 256 }, (_, value) => pixel(mixed(middle, full, (value / 255) * strength)));
    });
  }

  /** @param {number} k */
  classColour(k) {
    return this.classes[k % CLASS_COLOURS];
  }

  /** The colour of the map at a share between negative and positive. @param {number} share */
  mapColour(share) {
    const value = this.signed[Math.round(255 * share)];
    return `rgb(${value & 255} ${(value >> 8) & 255} ${(value >> 16) & 255})`;
  }

  /** The strong colour of a number between 0 and 1. @param {number} share */
  numberColour(share) {
    const side = 2 * Math.min(1, Math.max(0, share)) - 1;
    const full = channels(side < 0 ? this.negative : this.positive);
    return `rgb(${mixed(this.middle, full, 0.25 + 0.75 * Math.abs(side)).join(" ")})`;
  }
}

export const palette = new Palette();

const TURN = 2 * Math.PI;
/** Corners of the marks after the circle, for a radius of 1. */
const CORNERS = [
  [[0, -1.25], [1.1, 0.8], [-1.1, 0.8]],
  [[-0.9, -0.9], [0.9, -0.9], [0.9, 0.9], [-0.9, 0.9]],
  [[0, -1.3], [1.1, 0], [0, 1.3], [-1.1, 0]],
  [[0, 1.25], [1.1, -0.8], [-1.1, -0.8]],
  [[-0.4, -1.2], [0.4, -1.2], [0.4, -0.4], [1.2, -0.4], [1.2, 0.4], [0.4, 0.4], [0.4, 1.2], [-0.4, 1.2], [-0.4, 0.4], [-1.2, 0.4], [-1.2, -0.4], [-0.4, -0.4]],
  [[0, -1.3], [0.35, -0.4], [1.25, -0.4], [0.55, 0.2], [0.8, 1.1], [0, 0.55], [-0.8, 1.1], [-0.55, 0.2], [-1.25, -0.4], [-0.35, -0.4]],
  [[-1.2, 0], [0.9, -1.1], [0.9, 1.1]],
  [[1.2, 0], [-0.9, -1.1], [-0.9, 1.1]],
  [[-0.55, -1.2], [0.55, -1.2], [0.55, 1.2], [-0.55, 1.2]],
];

/**
 * Add the mark of a class to the context's path.
 * @param {CanvasRenderingContext2D} context @param {number} k @param {number} x @param {number} y @param {number} radius
 */
export function traceMark(context, k, x, y, radius) {
  const corners = k % CLASS_COLOURS ? CORNERS[(k % CLASS_COLOURS) - 1] : null;
  if (!corners) {
    context.moveTo(x + radius, y);
    context.arc(x, y, radius, 0, TURN);
    return;
  }
  corners.forEach(([dx, dy], i) => {
    if (i) context.lineTo(x + dx * radius, y + dy * radius);
    else context.moveTo(x + dx * radius, y + dy * radius);
  });
  context.closePath();
}

/** The outline of a class's mark as the path of an SVG, in a square of 20. @param {number} k */
export function markPath(k) {
  const corners = k % CLASS_COLOURS ? CORNERS[(k % CLASS_COLOURS) - 1] : null;
  if (!corners) return "M16 10a6 6 0 1 1-12 0a6 6 0 1 1 12 0z";
  return `M${corners.map(([x, y]) => `${10 + 6 * x} ${10 + 6 * y}`).join("L")}z`;
}
