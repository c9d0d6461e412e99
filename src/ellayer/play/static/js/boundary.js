// The picture of the plane: what the network predicts everywhere, and the points. Points are drawn once into a canvas of
// their own, so that a frame costs one small picture, however many points there are.

import { roundTicks } from "./axis_ticks.js";
import { KIND } from "./connection.js";
import { classMargin, smoothed, traceContour } from "./contours.js";
import { element, emptyContext, repainter } from "./elements.js";
import { fixedText, numberText } from "./number_text.js";
import { palette } from "./palette.js";
import { paintClasses, paintSigned, planeCanvas } from "./plane_picture.js";
import { drawPoints, nearestPoint, pointRadius } from "./points.js";
import { onTheme } from "./theme.js";

const MARGIN = { left: 34, right: 6, top: 20, bottom: 34 };
const LEVELS_OF_NUMBERS = [32, 64, 96, 128, 160, 192, 224];

/** @typedef {{x: number, y: number}} Spot */

export class Boundary {
  /**
   * @param {HTMLElement} root @param {import("./store.js").Store} store
   * @param {{use: (place: number[], near: number[]|null) => void, hover: (text: string) => void, draws: () => boolean}} actions
   */
  constructor(root, store, actions) {
    this.root = root;
    this.store = store;
    this.actions = actions;
    this.map = element("canvas", { class: "map" });
    this.points = element("canvas", { class: "points" });
    this.overlay = element("canvas", { class: "overlay" });
    this.stack = element("div", {
      class: "stack", tabindex: "0", role: "application", "aria-roledescription": "plane with points",
      "aria-label": "Predictions over the plane. Arrow keys move a cross, Enter uses the tool at the cross.",
    }, this.map, this.points, this.overlay);
    root.append(this.stack);
    /** @type {Spot|null} the cross, in shares of the plane */
    this.cross = null;
    /** @type {number|null} the example that is looked at */
    this.example = null;
    this.showsTest = true;
    this.isHard = false;
    this.paintMapSoon = repainter(() => this.paintMap());
    this.paintPointsSoon = repainter(() => {
      this.paintPoints();
      this.paintOverlay();
    });
    store.on("data", () => this.resize());
    store.on("planes", ({ kind }) => kind === KIND.map && this.paintMapSoon());
    onTheme(() => this.resize());
    new ResizeObserver(() => this.resize()).observe(root);
    window.addEventListener("beforeprint", () => this.paintForPaper());
    window.addEventListener("afterprint", () => this.resize());
    this.listen();
  }

  listen() {
    const { stack } = this;
    const spot = (/** @type {PointerEvent} */ event) => this.spotAt(event);
    stack.addEventListener("pointermove", (event) => {
      this.moveCross(spot(event), false);
      if (event.buttons === 1 && this.actions.draws()) this.drag(event);
    });
    stack.addEventListener("pointerleave", () => this.moveCross(null, false));
    stack.addEventListener("pointerdown", (event) => {
      this.lastDrag = [event.offsetX, event.offsetY];
      if (this.actions.draws()) this.use(spot(event));
    });
    stack.addEventListener("click", (event) => {
      if (!this.actions.draws()) this.use(this.spotAt(event)); // not where a finger begins to scroll
    });
    stack.addEventListener("keydown", (event) => this.key(event));
    stack.addEventListener("blur", () => this.moveCross(null, false));
  }

  /** Points in a row while the pointer is dragged. @param {PointerEvent} event */
  drag(event) {
    const [x, y] = this.lastDrag ?? [0, 0];
    if (Math.hypot(event.offsetX - x, event.offsetY - y) < 12) return;
    this.lastDrag = [event.offsetX, event.offsetY];
    this.use(this.spotAt(event));
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const step = event.shiftKey ? 0.1 : 0.02;
    const moves = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] };
    const move = moves[/** @type {keyof typeof moves} */ (event.key)];
    if (move) {
      const { x, y } = this.cross ?? { x: 0.5, y: 0.5 };
      const inside = (/** @type {number} */ value) => Math.min(1, Math.max(0, value));
      this.moveCross({ x: inside(x + move[0]), y: inside(y + move[1]) }, true);
    } else if (event.key === "Enter" || event.key === " ") {
      this.use(this.cross ?? { x: 0.5, y: 0.5 });
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  }

  get axes() {
    return /** @type {import("./types.js").Data} */ (this.store.data).axes;
  }

  get area() {
    const size = this.size ?? 0;
    return { left: MARGIN.left, top: MARGIN.top, width: size - MARGIN.left - MARGIN.right, height: size - MARGIN.top - MARGIN.bottom };
  }

  /** @param {MouseEvent} event @returns {Spot|null} */
  spotAt(event) {
    const { left, top, width, height } = this.area;
    const box = this.stack.getBoundingClientRect();
    const [x, y] = [(event.clientX - box.left - left) / width, (event.clientY - box.top - top) / height];
    return x < 0 || x > 1 || y < 0 || y > 1 ? null : { x, y };
  }

  /** The values of the axes at a spot. @param {Spot} spot */
  valuesAt({ x, y }) {
    const { lower, upper } = this.axes;
    return [lower[0] + x * (upper[0] - lower[0]), upper[1] - y * (upper[1] - lower[1])];
  }

  /** Where values are in the picture. @param {number[]} values */
  pixelsOf([x1, x2]) {
    const { lower, upper } = this.axes;
    const { left, top, width, height } = this.area;
    return [left + ((x1 - lower[0]) / (upper[0] - lower[0])) * width, top + ((upper[1] - x2) / (upper[1] - lower[1])) * height];
  }

  /** @param {Spot|null} spot */
  use(spot) {
    if (!spot || !this.store.data) return;
    const values = this.valuesAt(spot);
    const near = nearestPoint([...this.store.data.train, ...this.store.data.test], this.pixelsOf(values), (point) => this.pixelsOf(point), 14);
    this.actions.use(values, near);
  }

  /** @param {Spot|null} spot @param {boolean} drawn whether the cross is drawn, as for the keyboard */
  moveCross(spot, drawn) {
    this.cross = spot;
    this.crossShows = drawn;
    this.actions.hover(spot ? this.spotText(spot) : "");
    this.paintOverlay();
  }

  /** What the network predicts at a spot, in words. @param {Spot} spot */
  spotText(spot) {
    const { data, planes } = this.store;
    if (!data) return "";
    const [x1, x2] = this.valuesAt(spot);
    const where = `${data.axes.names[0]} ${numberText(x1)}, ${data.axes.names[1]} ${numberText(x2)}`;
    const map = planes[KIND.map];
    if (!map) return where;
    const column = Math.min(map.width - 1, Math.floor(spot.x * map.width));
    const row = Math.min(map.height - 1, Math.floor(spot.y * map.height));
    const shares = Array.from({ length: map.planes }, (_, k) => map.values[(k * map.height + row) * map.width + column] / 255);
    if (data.task === "numbers") {
      const [low, high] = this.store.frame?.plane_range ?? data.target_range ?? [0, 1];
      return `${where}: about ${numberText(low + shares[0] * (high - low))}`;
    }
    const all = map.planes === 1 ? [1 - shares[0], shares[0]] : shares;
    const best = all.indexOf(Math.max(...all));
    return `${where}: ${data.classes[best] ?? best} with probability ${fixedText(all[best], 2)}`;
  }

  resize() {
    const room = Math.min(this.root.clientWidth, 520);
    if (!this.store.data || this.store.data.pictures || room < 60) return;
    this.size = room;
    this.stack.style.width = `${room}px`;
    this.stack.style.height = `${room}px`;
    for (const canvas of [this.map, this.points, this.overlay]) emptyContext(canvas, room, room);
    this.paintMapSoon();
    this.paintPointsSoon();
  }

  paintMap() {
    const planes = this.store.planes[KIND.map];
    const { data } = this.store;
    if (!planes?.width || !this.size || !data) return;
    if (!this.small || this.small.canvas.width !== planes.width || this.small.canvas.height !== planes.height) {
      this.small = planeCanvas(planes.width, planes.height);
    }
    const shown = this.isHard && data.task === "classes" ? hardened(planes) : planes;
    if (shown.planes === 1) paintSigned(this.small, shown, 0);
    else paintClasses(this.small, shown);
    const { left, top, width, height } = this.area;
    const context = emptyContext(this.map, this.size, this.size);
    context.save();
    context.translate(left, top);
    context.beginPath();
    context.rect(0, 0, width, height);
    context.clip();
    context.imageSmoothingEnabled = !this.isHard;
    context.drawImage(this.small.canvas, 0, 0, width, height);
    this.paintContours(context, planes, width, height);
    context.restore();
  }

  /** @param {CanvasRenderingContext2D} context @param {import("./types.js").Planes} planes @param {number} width @param {number} height */
  paintContours(context, planes, width, height) {
    context.strokeStyle = palette.ink;
    context.lineWidth = 1.6;
    context.beginPath();
    if (this.store.data?.task === "numbers") {
      context.lineWidth = 0.8;
      const smooth = smoothed(planes);
      for (const level of LEVELS_OF_NUMBERS) traceContour(context, smooth, level, width, height);
    } else if (planes.planes === 1) {
      traceContour(context, smoothed(planes), 127.5, width, height);
    } else {
      for (let k = 0; k < planes.planes; k++) traceContour(context, smoothed(classMargin(planes, k)), 0, width, height);
    }
    context.stroke();
  }

  paintPoints() {
    if (this.size) this.paintPointsOn(emptyContext(this.points, this.size, this.size));
  }

  /** All in one canvas: on paper one over another would hide it. */
  paintForPaper() {
    this.paintMap();
    const context = this.map.getContext("2d");
    if (context && this.size) this.paintPointsOn(context);
  }

  /** @param {CanvasRenderingContext2D} context */
  paintPointsOn(context) {
    const { data } = this.store;
    if (!data || data.pictures) return;
    this.paintAxes(context);
    const radius = pointRadius(data.train.length + data.test.length);
    const place = (/** @type {number[]} */ point) => this.pixelsOf(point);
    if (this.showsTest) drawPoints(context, data, data.test, place, radius, true);
    drawPoints(context, data, data.train, place, radius, false);
  }

  /** @param {CanvasRenderingContext2D} context */
  paintAxes(context) {
    const { lower, upper, names } = this.axes;
    const { left, top, width, height } = this.area;
    context.strokeStyle = palette.edge;
    context.lineWidth = 1;
    context.strokeRect(left - 0.5, top - 0.5, width + 1, height + 1);
    context.fillStyle = palette.quiet;
    context.font = "11px system-ui, sans-serif";
    context.textAlign = "center";
    for (const value of roundTicks(lower[0], upper[0], 5)) {
      const [x] = this.pixelsOf([value, lower[1]]);
      if (x < left + width - 34) context.fillText(numberText(value), x, top + height + 14);
    }
    context.textAlign = "right";
    for (const value of roundTicks(lower[1], upper[1], 5)) {
      const [, y] = this.pixelsOf([lower[0], value]);
      if (y > top + 4) context.fillText(numberText(value), left - 5, y + 4);
    }
    context.fillStyle = palette.ink;
    context.font = "600 12px system-ui, sans-serif";
    context.fillText(clipped(names[0]), left + width, top + height + 28);
    context.textAlign = "left";
    context.fillText(clipped(names[1]), left, top - 7);
  }

  /** The point of an example, if it is drawn. @param {number} index */
  pointOf(index) {
    const { data } = this.store;
    return data?.train.find((point) => point[3] === index) ?? data?.test.find((point) => point[3] === index);
  }

  paintOverlay() {
    if (!this.size) return;
    const context = emptyContext(this.overlay, this.size, this.size);
    const { left, top, width, height } = this.area;
    const point = this.example === null ? undefined : this.pointOf(this.example);
    if (point) {
      const [x, y] = this.pixelsOf(point);
      context.lineWidth = 2;
      context.strokeStyle = palette.ink;
      context.beginPath();
      context.arc(x, y, 10, 0, 7);
      context.stroke();
    }
    if (this.cross && this.crossShows) {
      const [x, y] = [left + this.cross.x * width, top + this.cross.y * height];
      context.lineWidth = 1.5;
      context.strokeStyle = palette.ink;
      context.beginPath();
      context.moveTo(left, y);
      context.lineTo(left + width, y);
      context.moveTo(x, top);
      context.lineTo(x, top + height);
      context.stroke();
    }
  }
}

/** @param {string} name */
function clipped(name) {
  return name.length > 28 ? `${name.slice(0, 27)}\u2026` : name;
}

/** Planes of yes and no. @param {import("./types.js").Planes} planes */
function hardened(planes) {
  const values = new Uint8Array(planes.values.length);
  if (planes.planes === 1) {
    for (let i = 0; i < values.length; i++) values[i] = planes.values[i] > 127 ? 255 : 0;
    return { ...planes, values };
  }
  const size = planes.width * planes.height;
  for (let i = 0; i < size; i++) {
    let best = 0;
    for (let k = 1; k < planes.planes; k++) if (planes.values[k * size + i] > planes.values[best * size + i]) best = k;
    values[best * size + i] = 255;
  }
  return { ...planes, values };
}
