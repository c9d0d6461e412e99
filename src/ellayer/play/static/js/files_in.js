// Files of the user: a table, a model, the folder of a run or a picture, dropped on the page, pasted or picked.

import { say } from "./announcer.js";
import { droppedFiles } from "./dropped.js";
import { byId } from "./elements.js";
import { sendFolder, sendModel, sendTable, useTable } from "./sending.js";

/** @typedef {import("./sending.js").Sent} Sent */

const PICTURE = /\.(png|jpe?g|gif|bmp|webp|tiff?)$/i;

export class FilesIn {
  /** @param {import("./store.js").Store} store @param {(files: Sent[]) => void} predict for pictures */
  constructor(store, predict) {
    this.store = store;
    this.predict = predict;
    /** Uploaded tables by their source, to send them again to another session. @type {Map<string, Sent>} */
    this.tables = new Map();
    /** How the open model was sent. @type {(() => Promise<any>)|null} */
    this.sendModelAgain = null;
    this.listen("file");
    this.listen("folder");
    this.listenToDrops();
    store.on("ready", () => {
      const kinds = store.limits.upload_kinds;
      if (kinds) byId("file", "input").accept = [...kinds, "image/*"].join(",");
    });
    window.addEventListener("paste", (event) => {
      const files = [...(event.clipboardData?.files ?? [])];
      if (files.length) this.take(files.map((file) => ({ name: file.name, file })));
    });
  }

  pick(name = "file") {
    byId(name, "input").click();
  }

  /** @param {string} id of an input */
  listen(id) {
    const picker = byId(id, "input");
    picker.addEventListener("change", () => {
      this.take([...(picker.files ?? [])].map((file) => ({ name: file.webkitRelativePath || file.name, file })));
      picker.value = ""; // the same file can be picked again
    });
  }

  listenToDrops() {
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
      if (!hasFiles(event) || !event.dataTransfer) return;
      event.preventDefault();
      mark(-depth);
      droppedFiles(event.dataTransfer).then((files) => this.take(files), () => say("The files could not be read; try again.", true));
    });
  }

  /** @param {Sent[]} files */
  async take(files) {
    if (!files.length) return;
    try {
      await this.open(files);
    } catch (error) {
      say(/** @type {Error} */ (error).message, true);
    }
  }

  /** @param {Sent[]} files */
  async open(files) {
    const [first] = files;
    const { store } = this;
    for (const dialog of document.querySelectorAll("dialog")) dialog.close();
    if (files.every(({ name }) => PICTURE.test(name))) {
      this.predict(files);
      return;
    }
    say(files.length > 1 ? `Reading ${files.length} files\u2026` : `Reading ${first.name}\u2026`);
    if (files.length > 1 || first.name.includes("/")) {
      await this.openModel(() => sendFolder(store, files), first.name.split("/")[0]);
      return;
    }
    if (first.name.toLowerCase().endsWith(".ellayer")) {
      await this.openModel(() => sendModel(store, first), first.name);
      return;
    }
    const answer = await sendTable(store, first);
    this.tables.set(answer.source, first);
    say(useTable(store, answer, first.name));
  }

  /** @param {() => Promise<any>} send @param {string} name */
  async openModel(send, name) {
    const answer = await send();
    this.sendModelAgain = send;
    say(answer.read_only ? `${name} is open, to look at.` : `${name} is open; Play continues it.`);
  }

  /**
   * Bring a state to another session, with the table or the model that it needs.
   * @param {import("./types.js").State} state @param {boolean} hasModel @param {boolean} isReadOnly whether the model was only shown
   */
  async restore(state, hasModel, isReadOnly) {
    const { store } = this;
    if (hasModel && this.sendModelAgain) await this.sendModelAgain();
    if (hasModel && isReadOnly) return;
    const file = this.tables.get(state.data.source);
    if (!file) {
      store.changeTo(state);
      return;
    }
    const { source, columns } = await sendTable(store, file);
    this.tables.set(source, file);
    store.uploads.set(source, columns.map((/** @type {{name: string}} */ { name }) => name));
    store.changeTo({ ...state, data: { ...state.data, source } });
  }
}
