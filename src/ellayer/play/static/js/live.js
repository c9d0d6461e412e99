// The page beside a run of `ellayer train --live`: phases, curves, the diagnosis, stop and keep.

import { byId, element, table } from "./elements.js";
import { countText, numberText } from "./number_text.js";
import { showFindings } from "./results.js";

/** @param {import("./store.js").Store} store */
export function mountLive(store) {
  /** @type {{node: HTMLElement, bar: HTMLProgressElement, text: HTMLElement}[]} */
  const phases = [];

  store.on("ready", ({ mode, title }) => {
    document.body.classList.toggle("live", mode === "live");
    if (mode === "live" && title) byId("live-title").textContent = title;
  });
  byId("stop", "button").addEventListener("click", () => {
    store.send({ type: "stop" });
    byId("stop", "button").disabled = true;
    byId("stop", "button").textContent = "Stopping\u2026";
  });
  store.on("phases", ({ phases: all }) => all.forEach(showPhase));
  store.on("diagnosis", ({ findings }) => showFindings(findings ?? []));
  store.on("finished", ({ folder, summary, interrupted, report_url: report }) => {
    byId("stop", "button").hidden = true;
    document.body.classList.add("ended"); // the server may end now
    const end = `${interrupted ? "Stopped" : "Finished"}. The run is in ${folder}. `;
    byId("live-end").replaceChildren(end, report ? element("a", { href: "/report" }, "Open the report") : "");
    const rows = (summary ?? []).map((/** @type {any[]} */ [name, value]) => [String(name).replaceAll("_", " "), typeof value === "number" ? numberText(value, 5) : String(value)]);
    byId("live-summary").replaceChildren(...(rows.length ? [table("Result", ["Figure", "Value"], rows)] : []));
  });

  /** @param {{name: string, done: number, total: number|null, share: number, unit_text: string, clock: string, ended: boolean}} phase @param {number} place */
  function showPhase({ name, done, total, share, unit_text: unit, clock, ended }, place) {
    const { bar, text, node } = phases[place] ?? addPhase(name);
    if (total || ended) bar.value = ended ? 1 : share;
    else bar.removeAttribute("value"); // it is not known how much there is
    node.classList.toggle("done", ended);
    const count = total ? `${countText(done)} of ${countText(total)}` : "";
    text.textContent = [count, unit, clock].filter(Boolean).join(", ");
  }

  /** @param {string} name */
  function addPhase(name) {
    const bar = element("progress", { "aria-label": name });
    const text = element("span", { class: "phase-text" });
    const node = element("li", {}, element("b", {}, name), bar, text);
    byId("phases").append(node);
    phases.push({ node, bar, text });
    return { node, bar, text };
  }
}
