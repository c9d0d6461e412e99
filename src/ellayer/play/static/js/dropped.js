// Files and folders that were dropped on the page.

const MOST = 2000; // of a folder: the folder of a run has far fewer

/** @typedef {import("./sending.js").Sent} Sent */

/** All files of what was dropped, with their paths. @param {DataTransfer} transfer @returns {Promise<Sent[]>} */
export async function droppedFiles(transfer) {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter((entry) => entry !== null && entry !== undefined);
  if (!entries.length) return [...transfer.files].map((file) => ({ name: file.name, file })); // as pasted
  /** @type {Sent[]} */
  const all = [];
  for (const entry of entries) await collect(entry, "", all);
  return all;
}

/** @param {FileSystemEntry} entry @param {string} folder @param {Sent[]} all */
async function collect(entry, folder, all) {
  if (all.length >= MOST) return;
  const name = `${folder}${entry.name}`;
  if (entry.isFile) {
    const file = await new Promise((resolve, reject) => /** @type {FileSystemFileEntry} */ (entry).file(resolve, reject));
    all.push({ name, file });
  } else if (entry.isDirectory) {
    const reader = /** @type {FileSystemDirectoryEntry} */ (entry).createReader();
    for (;;) {
      /** @type {FileSystemEntry[]} */
      const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
      if (!some.length) return; // it gives a hundred at a time
      for (const one of some) await collect(one, `${name}/`, all);
    }
  }
}
