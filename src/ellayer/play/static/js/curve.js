// The cost of both sets over the iterations, with kept runs drawn over one another.

import { logTicks, roundTicks } from "./axis_ticks.js";
import { element, emptyContext, repainter } from "./elements.js";
import { countText, numberText } from "./number_text.js";
import { palette } from "./palette.js";
import { onTheme } from "./theme.js";

/** @typedef {import("./types.js").CurvePoint} CurvePoint */
/** @typedef {{id: string, name: string, points: CurvePoint[]}} Run */

const MARGIN = { left: 46, right: 10, top: 10, bottom: 22 };
const HEIGHT = 190;
const DASHES = [[], [6, 4]];
const SETS = /** @type {const} */ (["training", "test"]);

export class Curve {
  /** @param {HTMLElement} root @param {(text: string) => void} hover */
  constructor(root, hover) {
    this.root = root;
    this.hover = hover;
    /** @type {CurvePoint[]} */
    this.points = [];
    /** @type {Run[]} */
    this.runs = [];
    this.isLog = false;
    /** @type {number|null} */
    this.cursor = null;
    this.canvas = element("canvas", { class: "curve", role: "img", "aria-label": "Cost over the iterations" });
    root.append(this.canvas);
    this.paintSoon = repainter(() => this.paint());
    onTheme(this.paintSoon);
    new ResizeObserver(this.paintSoon).observe(root);
    this.canvas.addEventListener("pointermove", (event) => this.point(event.offsetX));
    this.canvas.addEventListener("pointerleave", () => this.point(null));
  }

  /** @param {number|null} x */
  point(x) {
    this.cursor = x;
    const near = x === null || !this.scale ? undefined : this.nearest(this.scale.back(x));
    this.hover(near ? pointText(near) : "");
    this.paintSoon();
  }

  /** @param {number} iteration */
  nearest(iteration) {
    let best = this.points[0];
    for (const point of this.points) if (Math.abs(point[0] - iteration) < Math.abs(best[0] - iteration)) best = point;
    return best;
  }

  /** Limits of both axes over all runs. */
  limits() {
    let [right, low, high] = [1, Infinity, -Infinity];
    for (const points of [this.points, ...this.runs.map((run) => run.points)]) {
      for (const [iteration, ...costs] of points) {
        right = Math.max(right, iteration);
        for (const cost of costs) {
          if (cost === null || !Number.isFinite(cost) || (this.isLog && cost <= 0)) continue;
          low = Math.min(low, cost);
          high = Math.max(high, cost);
        }
      }
    }
    if (!(high >= low)) [low, high] = this.isLog ? [0.1, 1] : [0, 1];
    if (this.isLog) return { right, low: low / 1.15, high: high * 1.15 };
    return { right, low: Math.min(0, low), high: high * 1.06 || 1 };
  }

  paint() {
    const width = this.root.clientWidth;
    if (width < 60) return;
    const context = emptyContext(this.canvas, width, HEIGHT);
    const { right, low, high } = this.limits();
    const [w, h] = [width - MARGIN.left - MARGIN.right, HEIGHT - MARGIN.top - MARGIN.bottom];
    const up = this.isLog ? (/** @type {number} */ v) => Math.log(v / low) / Math.log(high / low) : (/** @type {number} */ v) => (v - low) / (high - low);
    this.scale = {
      x: (/** @type {number} */ iteration) => MARGIN.left + (iteration / right) * w,
      y: (/** @type {number} */ cost) => MARGIN.top + (1 - up(cost)) * h,
      back: (/** @type {number} */ x) => ((x - MARGIN.left) / w) * right,
    };
    this.paintAxes(context, width, right, this.isLog ? logTicks(low, high) : roundTicks(low, high, 4));
    this.runs.forEach((run, i) => this.paintRun(context, run.points, runColour(i), 1.3));
    this.paintRun(context, this.points, palette.ink, 2.2);
    this.paintCursor(context);
  }

  /** @param {CanvasRenderingContext2D} context @param {number} width @param {number} right @param {number[]} ticks */
  paintAxes(context, width, right, ticks) {
    const { x, y } = /** @type {NonNullable<Curve["scale"]>} */ (this.scale);
    context.font = "11px system-ui, sans-serif";
    context.fillStyle = palette.quiet;
    context.strokeStyle = palette.line;
    context.lineWidth = 1;
    context.textAlign = "right";
    for (const tick of ticks) {
      const place = Math.round(y(tick)) + 0.5;
      context.beginPath();
      context.moveTo(MARGIN.left, place);
      context.lineTo(width - MARGIN.right, place);
      context.stroke();
      context.fillText(numberText(tick), MARGIN.left - 6, place + 4);
    }
    context.textAlign = "center";
    for (const tick of roundTicks(0, right, Math.max(2, Math.floor(width / 90)))) {
      if (x(tick) < width - 20) context.fillText(countText(tick), Math.max(x(tick), MARGIN.left), HEIGHT - 6);
    }
  }

  /** @param {CanvasRenderingContext2D} context @param {CurvePoint[]} points @param {string} colour @param {number} width */
  paintRun(context, points, colour, width) {
    const { x, y } = /** @type {NonNullable<Curve["scale"]>} */ (this.scale);
    context.strokeStyle = colour;
    context.lineWidth = width;
    context.lineJoin = "round";
    for (const set of [1, 0]) {
      context.setLineDash(DASHES[set]);
      context.beginPath();
      let last = -1;
      points.forEach((point, i) => {
        const cost = point[set + 1];
        const place = x(point[0]);
        if (cost === null || !Number.isFinite(cost) || (this.isLog && cost <= 0)) return;
        if (place - last < 0.5 && i < points.length - 1) return; // no more than two points a pixel
        if (last < 0) context.moveTo(place, y(cost));
        else context.lineTo(place, y(cost));
        last = place;
      });
      context.stroke();
    }
    context.setLineDash([]);
  }

  /** @param {CanvasRenderingContext2D} context */
  paintCursor(context) {
    if (this.cursor === null || !this.points.length || !this.scale) return;
    const point = this.nearest(this.scale.back(this.cursor));
    const x = this.scale.x(point[0]);
    context.strokeStyle = palette.edge;
    context.lineWidth = 1;
    context.beginPath();
    context.moveTo(x, MARGIN.top);
    context.lineTo(x, HEIGHT - MARGIN.bottom);
    context.stroke();
  }
}

/** @param {CurvePoint} point */
export function pointText([iteration, ...costs]) {
  const texts = costs.map((cost, i) => (cost === null ? "" : `${SETS[i]} cost ${numberText(cost)}`)).filter(Boolean);
  return `Iteration ${countText(iteration)}: ${texts.join(", ")}`;
}

/** The colour of a kept run. @param {number} index */
export function runColour(index) {
  return palette.classColour(index + 1);
}
