// The network as a drawing: weights as width, colour and dashes, units with the picture of their response, biases below.

import { KIND } from "./connection.js";
import { element, emptyContext, repainter, svg } from "./elements.js";
import { linkPath, networkLayout } from "./network_layout.js";
import { unitName } from "./network_names.js";
import { numberText } from "./number_text.js";
import { paintClass, paintSigned, planeCanvas } from "./plane_picture.js";
import { palette } from "./palette.js";
import { onTheme } from "./theme.js";

/** @typedef {import("./types.js").Target} Target */
/** @typedef {{layer: number, row: number, column: number, path: SVGPathElement, look: string}} Link */
/** @typedef {{layer: number, row: number, group: SVGGElement, bias: SVGTextElement|null}} Unit */

const LINKS_WITH_HANDLES = 250;
const WIDEST = 7;

export class NetworkDrawing {
  /**
   * @param {HTMLElement} root @param {import("./store.js").Store} store
   * @param {{select: (target: Target) => void, hover: (text: string) => void}} actions
   */
  constructor(root, store, actions) {
    this.store = store;
    this.actions = actions;
    this.root = root;
    this.below = svg("svg", { class: "links", "aria-hidden": "true" });
    this.maps = element("canvas", { class: "maps", "aria-hidden": "true" });
    this.above = svg("svg", { class: "units", role: "group", "aria-label": "Units of the network. Arrow keys move, Enter looks inside." });
    this.frame = element("div", { class: "drawing" }, this.maps, this.below, this.above);
    root.append(this.frame);
    /** @type {import("./plane_picture.js").PlaneCanvas|undefined} */
    this.small = undefined;
    /** @type {Link[]} */
    this.links = [];
    /** @type {Unit[]} */
    this.units = [];
    /** @type {Target|null} */
    this.selected = null;
    const paint = repainter(() => this.paint());
    store.on("network", () => this.build());
    store.on("planes", paint);
    onTheme(paint);
    new ResizeObserver(() => {
      if (store.network && root.clientWidth && root.clientWidth !== this.room) this.build();
    }).observe(root);
  }

  /** Draw a network anew: its units and links, without numbers yet. */
  build() {
    const { network } = this.store;
    if (!network) return;
    this.room = this.root.clientWidth;
    this.layout = networkLayout(network.layers, this.room);
    const { width, height } = this.layout;
    for (const layer of [this.below, this.above]) {
      layer.setAttribute("viewBox", `0 0 ${width} ${height}`);
      layer.setAttribute("width", String(width));
      layer.setAttribute("height", String(height));
    }
    this.frame.style.width = `${width}px`;
    this.frame.style.height = `${height}px`;
    this.buildLinks();
    this.buildUnits();
    this.paint();
  }

  buildLinks() {
    const { network } = this;
    const layout = /** @type {import("./network_layout.js").Layout} */ (this.layout);
    const count = network.layers.slice(1).reduce((sum, layer, l) => sum + layer.shown * network.layers[l].shown, 0);
    this.links = [];
    const nodes = [];
    for (let layer = 1; layer < network.layers.length; layer++) {
      for (let row = 0; row < network.layers[layer].shown; row++) {
        for (let column = 0; column < network.layers[layer - 1].shown; column++) {
          const shape = linkPath(layout.columns[layer - 1][column], layout.columns[layer][row]);
          const path = svg("path", { d: shape, class: "link" });
          nodes.push(path);
          const link = { layer, row, column, path, look: "" };
          this.links.push(link);
          if (count <= LINKS_WITH_HANDLES) nodes.push(this.handle(shape, link));
        }
      }
    }
    this.below.replaceChildren(...nodes);
  }

  /** A wide invisible line, to be hit more easily. @param {string} shape @param {Link} link */
  handle(shape, link) {
    const { layer, row, column } = link;
    return svg("path", {
      d: shape, class: "handle",
      onclick: () => this.select({ kind: "weight", layer, row, column }),
      onpointerenter: () => {
        link.path.classList.add("hot");
        const value = this.store.weight(layer, row, column);
        this.actions.hover(`Weight from ${unitName(this.network, layer - 1, column)} to ${unitName(this.network, layer, row)}: ${numberText(value)}`);
      },
      onpointerleave: () => {
        link.path.classList.remove("hot");
        this.actions.hover("");
      },
    });
  }

  buildUnits() {
    const { network } = this;
    const layout = /** @type {import("./network_layout.js").Layout} */ (this.layout);
    this.units = [];
    for (let layer = 0; layer < network.layers.length; layer++) {
      for (let row = 0; row < network.layers[layer].shown; row++) this.units.push(this.unit(layer, row, layout.columns[layer][row]));
      const { units, shown } = network.layers[layer];
      if (units > shown) this.units[this.units.length - 1].group.append(svg("title", {}, `${units - shown} more units`));
    }
    this.above.replaceChildren(...this.units.map(({ group }) => group));
    this.setFocus(0);
  }

  /** @param {number} layer @param {number} row @param {import("./network_layout.js").Place} place */
  unit(layer, row, { x, y, size, gap }) {
    const half = size / 2;
    const isInput = layer === 0;
    const group = svg("g", {
      class: isInput ? "unit input" : "unit", role: "button", tabindex: "-1", "aria-label": unitName(this.network, layer, row),
      onclick: () => this.choose(layer, row),
      onkeydown: (/** @type {KeyboardEvent} */ event) => this.key(event, layer, row),
      onfocus: () => this.actions.hover(this.unitText(layer, row)),
      onpointerenter: () => this.actions.hover(this.unitText(layer, row)),
      onpointerleave: () => this.actions.hover(""),
    });
    group.append(svg("rect", { class: "frame", x: x - half, y: y - half, width: size, height: size, rx: Math.min(8, size / 5) }));
    const name = isInput || (layer === this.network.layers.length - 1 && this.network.layers[layer].units > 1) ? this.network.layers[layer].names?.[row] : "";
    if (name && size > 16) group.append(svg("text", { class: "name", x, y: y + half + 12 }, name.length > 11 ? `${name.slice(0, 10)}\u2026` : name));
    let bias = null;
    if (!isInput && (name ? size >= 36 : gap >= 14)) {
      bias = svg("text", { class: "bias", x, y: y + half + (name ? -5 : 12) });
      group.append(bias);
    }
    return { layer, row, group, bias };
  }

  get network() {
    return /** @type {import("./types.js").Network} */ (this.store.network);
  }

  /** @param {number} layer @param {number} row */
  unitText(layer, row) {
    const name = unitName(this.network, layer, row);
    if (layer === 0) return `Input ${name}`;
    const { activation } = this.network.layers[layer];
    return `${name[0].toUpperCase()}${name.slice(1)}: bias ${numberText(this.store.bias(layer, row))}, ${activation}, ${this.network.layers[layer - 1].units} weights`;
  }

  /** @param {number} layer @param {number} row */
  choose(layer, row) {
    this.setFocus(this.units.findIndex((unit) => unit.layer === layer && unit.row === row));
    if (layer > 0) this.select({ kind: "unit", layer, row });
  }

  /** @param {Target} target */
  select(target) {
    this.mark(target);
    this.actions.select(target);
  }

  /** Show what is looked at. @param {Target|null} target */
  mark(target) {
    this.selected = target;
    for (const { layer, row, group } of this.units) {
      group.classList.toggle("selected", target?.kind !== "point" && target?.kind !== "weight" && target?.layer === layer && target?.row === row);
    }
    for (const link of this.links) {
      const own = target?.layer === link.layer && target?.row === link.row;
      link.path.classList.toggle("selected", own && (target?.kind === "unit" || (target?.kind === "weight" && target?.column === link.column)));
    }
  }

  /** Only one unit is reached by Tab; arrows move on. @param {number} index */
  setFocus(index) {
    this.units.forEach(({ group }, i) => group.setAttribute("tabindex", i === index ? "0" : "-1"));
  }

  /** @param {KeyboardEvent} event @param {number} layer @param {number} row */
  key(event, layer, row) {
    const last = this.network.layers.length - 1;
    const rows = (/** @type {number} */ l) => this.network.layers[l].shown;
    const across = (/** @type {number} */ l) => Math.min(rows(l) - 1, Math.round((row / Math.max(1, rows(layer) - 1)) * (rows(l) - 1)));
    /** @type {Record<string, () => number[]>} */
    const moves = {
      ArrowUp: () => [layer, Math.max(0, row - 1)],
      ArrowDown: () => [layer, Math.min(rows(layer) - 1, row + 1)],
      ArrowLeft: () => (layer ? [layer - 1, across(layer - 1)] : [layer, row]),
      ArrowRight: () => (layer < last ? [layer + 1, across(layer + 1)] : [layer, row]),
      Home: () => [0, 0],
      End: () => [last, 0],
    };
    if (event.key in moves) {
      const [l, r] = moves[event.key]();
      const index = this.units.findIndex((unit) => unit.layer === l && unit.row === r);
      this.setFocus(index);
      this.units[index].group.focus();
    } else if (event.key === "Enter" || event.key === " ") {
      this.choose(layer, row);
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  }

  /** Bring the numbers into the drawing. */
  paint() {
    if (!this.store.network || !this.layout) return;
    this.paintLinks();
    this.paintMaps();
    for (const { layer, row, group, bias } of this.units) {
      if (layer === 0) continue;
      const value = this.store.bias(layer, row);
      if (bias) bias.textContent = `b ${numberText(value, 2)}`;
      group.setAttribute("aria-label", `${unitName(this.network, layer, row)}, bias ${numberText(value, 2)}`);
    }
  }

  paintLinks() {
    const values = this.links.map(({ layer, row, column }) => this.store.weight(layer, row, column));
    const largest = Math.max(1, ...values.map((value) => (Number.isFinite(value) ? Math.abs(value) : 0)));
    this.links.forEach((link, i) => {
      const value = values[i];
      const share = Number.isFinite(value) ? Math.abs(value) / largest : 1;
      const width = (0.8 + (WIDEST - 0.8) * share).toFixed(1);
      const look = `${value < 0 ? "negative" : "positive"} ${width}`;
      if (look === link.look) return; // the browser is not asked to style what did not change
      link.look = look;
      link.path.classList.toggle("negative", value < 0);
      link.path.style.strokeWidth = width;
      link.path.style.setProperty("--dash", `${4 + 1.6 * Number(width)} ${2.5 + 0.8 * Number(width)}`);
      link.path.style.strokeOpacity = (0.45 + 0.5 * Math.sqrt(share)).toFixed(2);
    });
  }

  paintMaps() {
    const layout = /** @type {import("./network_layout.js").Layout} */ (this.layout);
    const context = emptyContext(this.maps, layout.width, layout.height);
    const { planes } = this.store;
    const last = layout.columns.length - 1;
    this.paintInputs(context, layout.columns[0]);
    const hidden = layout.columns.slice(1, last).flat();
    this.paintPlanes(context, planes[KIND.units], hidden, paintSigned);
    this.paintPlanes(context, planes[KIND.weights], layout.columns[1], paintSigned);
    const map = planes[KIND.map];
    this.paintPlanes(context, map, layout.columns[last], map && map.planes > 1 ? paintClass : paintSigned);
  }

  /** The inputs that are the axes of the plane: from low to high. @param {CanvasRenderingContext2D} context @param {import("./network_layout.js").Place[]} places */
  paintInputs(context, places) {
    const names = this.store.data?.axes.names ?? [];
    places.forEach(({ x, y, size }, i) => {
      const axis = names.indexOf(this.network.layers[0].names?.[i] ?? "");
      if (axis < 0) return;
      const [from, to] = axis ? [[x, y + size / 2], [x, y - size / 2]] : [[x - size / 2, y], [x + size / 2, y]];
      const gradient = context.createLinearGradient(from[0], from[1], to[0], to[1]);
      for (const share of [0, 0.5, 1]) gradient.addColorStop(share, palette.mapColour(share));
      context.fillStyle = gradient;
      context.beginPath();
      context.roundRect(x - size / 2, y - size / 2, size, size, Math.min(8, size / 5));
      context.fill();
    });
  }

  /**
   * @param {CanvasRenderingContext2D} context @param {import("./types.js").Planes|undefined} planes
   * @param {import("./network_layout.js").Place[]} places
   * @param {(target: import("./plane_picture.js").PlaneCanvas, planes: import("./types.js").Planes, index: number) => void} paint
   */
  paintPlanes(context, planes, places, paint) {
    if (!planes?.width) return;
    const { width, height } = planes;
    const small = this.small?.canvas.width === width && this.small.canvas.height === height ? this.small : planeCanvas(width, height);
    this.small = small;
    places.slice(0, planes.planes).forEach((place, i) => {
      paint(small, planes, i);
      this.placeMap(context, small.canvas, place);
    });
  }

  /** @param {CanvasRenderingContext2D} context @param {HTMLCanvasElement} picture @param {import("./network_layout.js").Place} place */
  placeMap(context, picture, { x, y, size }) {
    context.save();
    context.beginPath();
    context.roundRect(x - size / 2, y - size / 2, size, size, Math.min(8, size / 5));
    context.clip();
    context.fillStyle = palette.paper;
    context.drawImage(picture, x - size / 2, y - size / 2, size, size);
    context.restore();
  }
}
