// Cost and score in words for those who do not see the page: rarely while it runs, at once when it stops.

import { byId } from "./elements.js";

const PAUSE = 6000;

/** @param {import("./store.js").Store} store */
export function mountAnnouncer(store) {
  const place = byId("announcement");
  let last = 0;
  let wasRunning = false;
  let iteration = -1;
  store.on("frame", (frame) => {
    const now = performance.now();
    const isNews = frame.running ? now - last > PAUSE : wasRunning || frame.iteration !== iteration;
    if (isNews) {
      place.textContent = [frame.text, frame.running ? "" : frame.finished].filter(Boolean).join(" ");
      last = now;
    }
    wasRunning = frame.running;
    iteration = frame.iteration;
  });
}

/** Show a message for a while, also to screen readers. @param {string} text @param {boolean} [isError] */
export function say(text, isError = false) {
  const place = byId("message");
  place.textContent = text;
  place.hidden = !text;
  place.classList.toggle("error", isError);
  clearTimeout(say.timer);
  say.timer = setTimeout(() => (place.hidden = true), isError ? 15000 : 6000);
}
say.timer = /** @type {ReturnType<typeof setTimeout>|undefined} */ (undefined);
