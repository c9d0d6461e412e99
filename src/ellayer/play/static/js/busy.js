// A bar while the server prepares something that takes longer than a moment, such as the first update of a new network.

import { byId } from "./elements.js";

const PATIENCE = 350;
const ANSWERS = /** @type {Record<string, string[]>} */ ({
  set_state: ["state", "problem", "error"], add_point: ["state", "problem", "error"], remove_point: ["state", "problem", "error"],
  rewind: ["state", "error"], lesson: ["lesson", "error"], play: ["frame", "error"], step: ["frame", "error"],
});

/** @param {import("./store.js").Store} store */
export function mountBusy(store) {
  const bar = byId("busy");
  /** @type {string[]} */
  let expected = [];
  /** @type {ReturnType<typeof setTimeout>|undefined} */
  let timer;
  store.on("sent", ({ message }) => {
    if (!ANSWERS[message.type]) return;
    expected = ANSWERS[message.type];
    clearTimeout(timer);
    timer = setTimeout(() => (bar.hidden = false), PATIENCE);
  });
  store.on("state problem error lesson frame ready", ({ type }) => {
    if (type !== "ready" && !expected.includes(type)) return;
    expected = [];
    clearTimeout(timer);
    bar.hidden = true;
  });
}
