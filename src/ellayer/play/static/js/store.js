// What the server sent last. Views subscribe to kinds of messages; nothing here is computed.

import { KIND } from "./connection.js";
import { incoming } from "./incoming.js";
import { pushLink } from "./link.js";
import { optionPanels } from "./option_panels.js";
import { withValue } from "./paths.js";

/** @typedef {import("./types.js").State} State */

/** Settings whose controls show what the server uses, not what it refused. */
const NOT_SHOWN = ["data.source", "data.axes", "data.target"];

export class Store {
  /** @param {import("./types.js").Send} send */
  constructor(send) {
    /** @type {import("./types.js").Send} */
    this.send = (message) => {
      send(message);
      this.emit({ type: "sent", message });
    };
    this.session = "";
    /** Whether a run is watched that this page did not begin. */
    this.isLive = false;
    /** Changes of the state that the server has not answered. */
    this.outstanding = 0;
    /** @type {import("./types.js").Options} */
    this.options = { panels: [], layer: { maximum_layers: 0, maximum_units: 0, new: { units: 4, activation: "tanh" }, fields: [] } };
    /** @type {Record<string, any>} */
    this.limits = {};
    /** @type {State|null} */
    this.state = null;
    /** @type {State|null} the state that the server confirmed last */
    this.confirmed = null;
    /** @type {State|null} the state when the connection was lost */
    this.before = null;
    /** @type {import("./types.js").Model|null} the model that the run starts from, or that is only shown */
    this.model = null;
    /** @type {string|null} the lesson that is open */
    this.lesson = null;
    this.python = "";
    /** @type {import("./types.js").Data|null} */
    this.data = null;
    /** @type {import("./types.js").Network|null} */
    this.network = null;
    /** @type {import("./types.js").Frame|null} */
    this.frame = null;
    /** @type {Map<string, string[]>} columns of uploaded tables, by their source */
    this.uploads = new Map();
    /** @type {Record<number, import("./types.js").Planes|undefined>} */
    this.planes = {};
    /** @type {Map<string, ((message: any) => void)[]>} */
    this.handlers = new Map();
  }

  /** Call `handle` with each message of some types. @param {string} types separated by spaces @param {(message: any) => void} handle */
  on(types, handle) {
    for (const type of types.split(" ")) {
      this.handlers.set(type, [...(this.handlers.get(type) ?? []), handle]);
    }
  }

  /** Pass a message to the views. @param {{type: string} & Record<string, any>} message */
  emit(message) {
    for (const handle of this.handlers.get(message.type) ?? []) handle(message);
  }

  /** Keep what a message brings, and pass it on. @param {any} sent */
  receive(sent) {
    const message = incoming(sent, this);
    if (message.type === "ready") this.outstanding = 0;
    if (["state", "problem", "error"].includes(message.type)) this.outstanding = Math.max(0, this.outstanding - 1);
    if (message.type === "state" && this.outstanding) return; // of an older change: it would undo the later ones
    if (message.type === "ready") {
      this.before = this.state;
      this.session = message.session ?? "";
      this.isLive = message.mode === "live";
      this.limits = message.options?.limits ?? {};
      if (message.options) this.options = optionPanels(message.options);
    }
    if (message.state) this.state = this.confirmed = message.state;
    if (message.type === "problem" && NOT_SHOWN.includes(message.field)) this.state = this.confirmed; // there is nothing to mend in it
    if (message.type === "model") this.model = message.name === null ? null : message;
    if (message.type === "model" && this.isReadOnly) this.leaveRun();
    if (message.type === "lesson") this.lesson = message.id;
    if (message.type === "python") this.python = message.text;
    if (message.type === "data") {
      this.data = message;
      this.planes = {};
    }
    if (message.type === "network") {
      this.network = message;
      this.planes[KIND.parameters] = undefined;
      this.planes[KIND.units] = undefined;
      this.planes[KIND.weights] = undefined;
    }
    if (message.type === "frame") this.frame = message;
    this.emit(message);
  }

  /** @param {import("./types.js").Planes} planes */
  receivePlanes(planes) {
    this.planes[planes.kind] = planes;
    this.emit({ type: "planes", kind: planes.kind });
  }

  /**
   * Change one value of the state: the server rebuilds the run, and the link holds the change.
   * @param {string} path @param {any} value @param {Record<string, any>} [others] values that change with it
   */
  change(path, value, others = {}) {
    if (!this.state) return;
    let state = this.state;
    for (const [name, other] of Object.entries(others)) state = withValue(state, name, other);
    this.changeTo(withValue(state, path, value));
  }

  /** Take another state, and ask the server for its run. @param {State} state */
  changeTo(state) {
    pushLink(state);
    this.take(state);
  }

  /** Ask the server for the run of a state. @param {State} state */
  take(state) {
    if (state.network && state.training) this.state = state; // a link may have some parts only: the server fills in the others
    this.outstanding++;
    this.send({ type: "set_state", state });
    this.emit({ type: "changed" });
  }

  /** A model that is only shown has no examples and no frames: those of the former run are not its own. */
  leaveRun() {
    this.data = null;
    this.frame = null;
    this.planes = {};
  }

  /** Whether a model is open that can only be shown. */
  get isReadOnly() {
    return Boolean(this.model?.read_only);
  }

  /** The weight of a layer (1 is the first), as last sent. @param {number} layer @param {number} row @param {number} column */
  weight(layer, row, column) {
    const offset = this.offset(layer);
    const flat = this.planes[KIND.parameters]?.values;
    if (flat && this.network) return flat[offset + row * this.network.layers[layer - 1].shown + column];
    return this.network?.parameters[layer - 1]?.W[row]?.[column] ?? 0;
  }

  /** The bias of a unit. @param {number} layer @param {number} row */
  bias(layer, row) {
    const flat = this.planes[KIND.parameters]?.values;
    if (flat && this.network) {
      const { layers } = this.network;
      return flat[this.offset(layer) + layers[layer].shown * layers[layer - 1].shown + row];
    }
    return this.network?.parameters[layer - 1]?.b[row] ?? 0;
  }

  /** Where the numbers of a layer begin in the flat array. @param {number} layer */
  offset(layer) {
    const layers = this.network?.layers ?? [];
    let place = 0;
    for (let l = 1; l < layer; l++) place += layers[l].shown * (layers[l - 1].shown + 1);
    return place;
  }
}
