// Play, pause, steps, rewind and speed, with the figures of the run.

import { byId } from "./elements.js";
import { countText, fixedText, numberText, percentText } from "./number_text.js";

/** Iterations per update at the positions of the slider; 0 is as many as fit. */
const SPEEDS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 0];

export class Transport {
  /** @param {import("./store.js").Store} store */
  constructor(store) {
    this.store = store;
    this.isRunning = false;
    byId("play").addEventListener("click", () => this.toggle());
    byId("rewind").addEventListener("click", () => this.rewind());
    for (const unit of ["epoch", "batch", "example"]) byId(`step-${unit}`).addEventListener("click", () => this.step(unit));
    const slider = byId("speed", "input");
    slider.max = String(SPEEDS.length - 1);
    slider.addEventListener("input", () => this.setSpeed(Number(slider.value)));
    /** @type {HTMLButtonElement[]} */
    this.buttons = ["rewind", "play", "step-epoch", "step-batch", "step-example"].map((id) => byId(id, "button"));
    this.isConnected = true;
    store.on("frame", (frame) => this.show(frame));
    store.on("connection", ({ status }) => {
      this.isConnected = status === "open";
      if (!this.isConnected) this.showRunning(false);
      this.showEnabled();
    });
    store.on("model ready", () => this.showEnabled());
    store.on("ready", () => this.setSpeed(Number(slider.value)));
  }

  get isEnabled() {
    return this.isConnected && !this.store.isReadOnly;
  }

  showEnabled() {
    for (const button of this.buttons) button.disabled = !this.isEnabled;
  }

  toggle() {
    if (!this.isEnabled) return;
    this.store.send({ type: this.isRunning ? "pause" : "play" });
    this.showRunning(!this.isRunning);
  }

  rewind() {
    if (!this.isEnabled) return;
    this.store.send({ type: "rewind" });
    this.showRunning(false);
  }

  /** @param {string} unit */
  step(unit) {
    if (this.isEnabled) this.store.send({ type: "step", unit });
  }

  /** @param {number} position */
  setSpeed(position) {
    const iterations = SPEEDS[position];
    const text = iterations ? `${countText(iterations)} per picture` : "as fast as possible";
    byId("speed-text").textContent = text;
    byId("speed", "input").setAttribute("aria-valuetext", text);
    this.store.send({ type: "speed", iterations_per_update: iterations || null });
  }

  /** @param {boolean} isRunning */
  showRunning(isRunning) {
    this.isRunning = isRunning;
    const button = byId("play");
    button.classList.toggle("running", isRunning);
    button.setAttribute("aria-label", isRunning ? "Pause" : "Play");
    button.title = `${isRunning ? "Pause" : "Play"} (Space)`;
  }

  /** @param {import("./types.js").Frame} frame */
  show(frame) {
    if (frame.running !== this.isRunning) this.showRunning(frame.running);
    byId("epoch").textContent = countText(frame.epoch);
    byId("iteration").textContent = countText(frame.iteration);
    byId("cost-train").textContent = fixedText(frame.cost.train, 4);
    byId("cost-test").textContent = fixedText(frame.cost.test, 4);
    byId("score-name").textContent = capitalised(frame.score.name);
    byId("score-test").textContent = scoreText(frame.score.name, frame.score.test ?? frame.score.train);
    byId("rate").textContent = frame.iterations_per_second && frame.running ? `${countText(frame.iterations_per_second)} iterations/s` : "";
    byId("end").textContent = frame.finished ?? "";
  }
}

/** @param {string} name */
export function capitalised(name) {
  return name ? name[0].toUpperCase() + name.slice(1) : "Score";
}

/** @param {string} name @param {number|null} value */
export function scoreText(name, value) {
  return /accuracy/i.test(name) ? percentText(value) : numberText(value);
}
