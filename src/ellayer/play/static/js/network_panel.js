// The card of the network: layer controls, the drawing, what the pointer is on, and tables of the numbers.

import { byId, element, table } from "./elements.js";
import { mountNetworkControls } from "./network_controls.js";
import { NetworkDrawing } from "./network_drawing.js";
import { layerName, unitName } from "./network_names.js";
import { numberText } from "./number_text.js";

const HINT = "Click a unit or a weight to look inside.";
const MOST_CELLS = 40;

/** @param {import("./store.js").Store} store @param {(target: import("./types.js").Target) => void} look */
export function mountNetwork(store, look) {
  const readout = byId("network-readout");
  const drawing = new NetworkDrawing(byId("network"), store, {
    select: look,
    hover: (text) => (readout.textContent = text || HINT),
  });
  mountNetworkControls(store, byId("network"));
  const details = byId("network-table", "details");
  details.addEventListener("toggle", showTables);
  store.on("network", (network) => {
    readout.textContent = HINT; // what the pointer was on may be gone
    const wide = network.layers.some((/** @type {any} */ layer) => layer.units > layer.shown);
    byId("network-note").textContent = network.note ?? (wide ? "the first units of wide layers are drawn" : "");
    showTables();
  });
  store.on("frame", (frame) => frame.running || showTables());
  return drawing;

  function showTables() {
    const { network } = store;
    if (!details.open || !network) return;
    const tables = network.layers.slice(1).map((layer, l) => {
      const inputs = Math.min(MOST_CELLS, network.layers[l].shown);
      const head = ["Unit", ...Array.from({ length: inputs }, (_, c) => `from ${unitName(network, l, c)}`), "bias"];
      const rows = Array.from({ length: layer.shown }, (_, r) => [
        String(r + 1), ...Array.from({ length: inputs }, (_, c) => numberText(store.weight(l + 1, r, c))), numberText(store.bias(l + 1, r)),
      ]);
      return table(`Weights into ${layerName(network, l + 1)}`, head, rows);
    });
    details.querySelector(".tables")?.replaceChildren(element("div", {}, ...tables));
  }
}
