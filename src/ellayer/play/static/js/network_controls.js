// Layers and units of the network: buttons above the columns of the drawing.

import { byId, element } from "./elements.js";
import { fieldControl } from "./fields.js";
import { networkLayout } from "./network_layout.js";

/** @typedef {import("./types.js").HiddenLayer} HiddenLayer */

/** @param {import("./store.js").Store} store @param {HTMLElement} drawing */
export function mountNetworkControls(store, drawing) {
  const place = byId("layer-controls");
  /** @type {string} */
  let signature = "";

  const hidden = () => store.state?.network.hidden ?? [];
  const change = (/** @type {HiddenLayer[]} */ layers) => store.change("network.hidden", layers);
  const replace = (/** @type {number} */ index, /** @type {Partial<HiddenLayer>} */ part) =>
    change(hidden().map((layer, i) => (i === index ? { ...layer, ...part } : layer)));

  byId("add-layer", "button").addEventListener("click", () => {
    const last = hidden().at(-1) ?? store.options.layer.new;
    change([...hidden(), { ...last }]);
  });
  byId("remove-layer", "button").addEventListener("click", () => change(hidden().slice(0, -1)));

  function show() {
    const { network, state } = store;
    if (!network || !state) return;
    const layers = hidden();
    byId("add-layer", "button").disabled = layers.length >= store.options.layer.maximum_layers;
    byId("remove-layer", "button").disabled = layers.length === 0;
    const { columns, width } = networkLayout(network.layers, drawing.clientWidth);
    place.style.width = `${width}px`;
    const now = JSON.stringify([layers, width, network.layers.at(-1)]);
    if (now === signature || layers.length !== network.layers.length - 2) return;
    const focus = /** @type {HTMLElement|null} */ (document.activeElement)?.dataset?.key;
    signature = now;
    place.replaceChildren(...layers.map((layer, i) => controls(layer, i, columns[i + 1][0].x)), outputLabel(network, columns));
    if (focus) /** @type {HTMLElement|null} */ (place.querySelector(`[data-key="${focus}"]`))?.focus();
  }

  /** @param {HiddenLayer} layer @param {number} i @param {number} x */
  function controls(layer, i, x) {
    const most = store.options.layer.maximum_units;
    const step = (/** @type {number} */ by) => replace(i, { units: Math.min(most, Math.max(1, layer.units + by)) });
    const units = element("input", {
      type: "text", inputmode: "numeric", value: layer.units, "aria-label": `Units of layer ${i + 1}`, "data-key": `units-${i}`, class: "units",
      onchange: (/** @type {Event} */ event) => {
        const value = Math.round(Number(/** @type {HTMLInputElement} */ (event.target).value));
        if (value >= 1) replace(i, { units: Math.min(most, value) });
        else units.value = String(layer.units);
      },
    });
    const fewer = element("button", { type: "button", class: "step", "aria-label": `One unit fewer in layer ${i + 1}`, "data-key": `fewer-${i}`, onclick: () => step(-1) }, "\u2212");
    const more = element("button", { type: "button", class: "step", "aria-label": `One unit more in layer ${i + 1}`, "data-key": `more-${i}`, onclick: () => step(1) }, "+");
    fewer.disabled = layer.units <= 1;
    more.disabled = layer.units >= most;
    const node = element("div", { class: "layer", role: "group", "aria-label": `Layer ${i + 1}` },
      element("div", { class: "stepper" }, fewer, units, more));
    for (const field of store.options.layer.fields) {
      const control = fieldControl({ ...field, label: `${field.label} of layer ${i + 1}` }, (value) => replace(i, { [field.path]: value }));
      control.show(/** @type {any} */ (layer)[field.path]);
      control.node.querySelector("select, input")?.setAttribute("data-key", `${field.path}-${i}`);
      node.append(control.node);
    }
    node.style.left = `${x}px`;
    return node;
  }

  store.on("network state changed", show);
  new ResizeObserver(show).observe(drawing);
}

/** @param {import("./types.js").Network} network @param {import("./network_layout.js").Place[][]} columns */
function outputLabel(network, columns) {
  const { activation = "" } = network.layers[network.layers.length - 1];
  const node = element("div", { class: "layer output" }, element("span", {}, "Output"), element("small", {}, activation));
  node.style.left = `${columns[columns.length - 1][0].x}px`;
  return node;
}
