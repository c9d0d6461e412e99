// The page beside a run of `ellayer train --live`: phases, curves, the diagnosis, stop and keep.

import { byId, element, table } from "./elements.js";
import { countText } from "./number_text.js";
import { showFindings } from "./results.js";

/** @param {import("./store.js").Store} store */
export function mountLive(store) {
  /** @type {Map<string, {node: HTMLElement, bar: HTMLProgressElement, text: HTMLElement}>} */
  const phases = new Map();

  store.on("ready", ({ mode, title }) => {
    document.body.classList.toggle("live", mode === "live");
    if (mode === "live" && title) byId("live-title").textContent = title;
  });
  byId("stop").addEventListener("click", () => {
    store.send({ type: "stop" });
    byId("stop").disabled = true;
    byId("stop").textContent = "Stopping\u2026";
  });
  store.on("phases", ({ phases: all }) => all.forEach(showPhase));
  store.on("diagnosis", ({ findings }) => showFindings(findings ?? []));
  store.on("finished", ({ folder, summary, interrupted }) => {
    byId("stop").hidden = true;
    const end = `${interrupted ? "Stopped" : "Finished"}. The run is in ${folder}. `;
    byId("live-end").replaceChildren(end, element("a", { href: "/report" }, "Open the report"));
    const rows = (summary ?? []).map((/** @type {any[]} */ [name, value]) => [String(name), String(value)]);
    byId("live-summary").replaceChildren(...(rows.length ? [table("Result", ["Figure", "Value"], rows)] : []));
  });

  /** @param {{name: string, done: number, total: number|null, unit_text?: string, clock?: string, ended?: boolean}} phase */
  function showPhase({ name, done, total, unit_text: unit, clock, ended }) {
    const { bar, text, node } = phases.get(name) ?? addPhase(name);
    if (total || ended) {
      bar.max = total || 1;
      bar.value = ended ? bar.max : done;
    } else {
      bar.removeAttribute("value"); // it is not known how much there is
    }
    node.classList.toggle("done", Boolean(ended));
    const count = unit || (total ? `${countText(done)} of ${countText(total)}` : "");
    text.textContent = [count, clock].filter(Boolean).join(", ");
  }

  /** @param {string} name */
  function addPhase(name) {
    const bar = element("progress", { "aria-label": name });
    const text = element("span", { class: "phase-text" });
    const node = element("li", {}, element("b", {}, name), bar, text);
    byId("phases").append(node);
    phases.set(name, { node, bar, text });
    return { node, bar, text };
  }
}
