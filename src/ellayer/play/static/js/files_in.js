// Files of the user: a table or a model, dropped on the page or picked.

import { byId } from "./elements.js";

const LARGEST = 20 * 1024 * 1024;

/** @param {import("./store.js").Store} store @param {(text: string) => void} say */
export function mountFilesIn(store, say) {
  const picker = byId("file", "input");
  byId("open-file").addEventListener("click", () => picker.click());
  picker.addEventListener("change", () => {
    if (picker.files?.length) take(picker.files[0]);
    picker.value = ""; // the same file can be picked again
  });

  let depth = 0;
  const mark = (/** @type {number} */ change) => {
    depth = Math.max(0, depth + change);
    document.body.classList.toggle("dropping", depth > 0);
  };
  const hasFiles = (/** @type {DragEvent} */ event) => event.dataTransfer?.types.includes("Files");
  window.addEventListener("dragenter", (event) => hasFiles(event) && mark(1));
  window.addEventListener("dragleave", (event) => hasFiles(event) && mark(-1));
  window.addEventListener("dragover", (event) => hasFiles(event) && event.preventDefault());
  window.addEventListener("drop", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    mark(-depth);
    const file = event.dataTransfer?.files[0];
    if (file) take(file);
  });

  /** @param {File} file */
  async function take(file) {
    const isModel = file.name.endsWith(".ellayer");
    if (file.size > LARGEST) {
      say(`${file.name}: expected at most 20 MB, received ${(file.size / 1048576).toFixed(0)} MB; try a part of the rows`);
      return;
    }
    say(`Reading ${file.name}\u2026`);
    try {
      const query = new URLSearchParams({ session: store.session, name: file.name });
      const response = await fetch(`/api/${isModel ? "model" : "upload"}?${query}`, { method: "POST", body: file });
      const answer = await response.json();
      if (!response.ok) throw new Error(answer.error);
      if (isModel) say(`${file.name} is open; Play goes on with it.`);
      else useTable(store, answer, file.name, say);
    } catch (error) {
      say(/** @type {Error} */ (error).message);
    }
  }
}

/**
 * Take an uploaded table as the data of the run.
 * @param {import("./store.js").Store} store @param {any} answer @param {string} name @param {(text: string) => void} say
 */
function useTable(store, answer, name, say) {
  if (!store.state) return;
  const { source, columns, rows, notes, suggested_target: target } = answer;
  const names = columns.map((/** @type {{name: string}} */ column) => column.name);
  store.uploads.set(source, names);
  const data = { ...store.state.data, source, target, axes: [], points: [], removed: [], size: null, noise: null, scale: true };
  store.changeTo({ ...store.state, data });
  say([`${name}: ${rows} rows, ${names.length} columns; predicts ${target}.`, ...(notes ?? [])].join(" "));
}
