// Keys for what is done often; they can be turned off, for those whose speech program types letters.

import { byId, element } from "./elements.js";

/** `key`: as the browser names it, with "control+" before it if that is held; several are separated by spaces. */
/** @typedef {{key: string, name: string, text: string, act: () => void}} Shortcut */

/** @param {Shortcut[]} shortcuts */
export function mountShortcuts(shortcuts) {
  const dialog = byId("keys-dialog", "dialog");
  const areOn = byId("keys-on", "input");
  byId("keys").addEventListener("click", () => dialog.showModal());
  byId("open").addEventListener("click", () => byId("open-dialog", "dialog").showModal());
  byId("key-list").append(...shortcuts.flatMap(({ name, text }) => [element("dt", {}, element("kbd", {}, name)), element("dd", {}, text)]));
  window.addEventListener("keydown", (event) => {
    const target = /** @type {HTMLElement} */ (event.target);
    const types = target.closest("input:not([type=range], [type=checkbox], [type=radio]), select, textarea, dialog");
    const isHeld = event.ctrlKey || event.metaKey;
    if (event.altKey || types || !(areOn.checked || isHeld)) return;
    if (event.key === " " && target.closest("button, summary, input")) return; // it presses them
    const name = `${isHeld ? `control+${event.shiftKey ? "shift+" : ""}` : ""}${event.key === " " ? "space" : event.key.toLowerCase()}`;
    const shortcut = shortcuts.find(({ key }) => key.split(" ").includes(name));
    if (!shortcut) return;
    event.preventDefault();
    shortcut.act();
  });
}

/** Close dialogs by their buttons, and by a click beside them. */
export function mountDialogs() {
  for (const dialog of document.querySelectorAll("dialog")) {
    dialog.querySelector(".close")?.addEventListener("click", () => dialog.close());
    dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  }
}
