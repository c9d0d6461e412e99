// Files of the user on their way to the server, and what is done with its answers.

/** @typedef {{name: string, file: Blob}} Sent a file with its path in what was dropped */

const MOST_FILES = 200;
const NOT_OF_A_RUN = /\.(html?|png|svg|gif|jpe?g|pdf|webp)$/i;

/** @param {number} bytes */
export function megabytes(bytes) {
  return (bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0);
}

/**
 * Ask the server; an error states what to do.
 * @param {import("./store.js").Store} store @param {string} path @param {Record<string, string>} [query] @param {Blob} [body] to send
 */
export async function ask(store, path, query = {}, body) {
  let response;
  try {
    response = await fetch(`/api/${path}?${new URLSearchParams({ session: store.session, ...query })}`, body && { method: "POST", body });
  } catch {
    throw new Error(body ? "The file could not be sent: the server does not answer, or the file was moved. Try again." : "The server does not answer. Try again when it does.");
  }
  if (response.ok) return response;
  const answer = await response.json().catch(() => null);
  throw new Error(answer?.error ?? `The server answered with the status ${response.status}.`);
}

/** @param {import("./store.js").Store} store @param {string} path @param {Record<string, string>} query @param {string} name @param {Blob} file */
async function sendFile(store, path, query, name, file) {
  const most = store.limits.upload_bytes ?? Infinity;
  if (file.size > most) throw new Error(`${name}: expected at most ${megabytes(most)} MB, received ${megabytes(file.size)} MB; try a part of it`);
  return (await ask(store, path, query, file)).json();
}

/** @param {import("./store.js").Store} store @param {Sent} sent */
export function sendTable(store, { name, file }) {
  return sendFile(store, "upload", { name }, name, file);
}

/** @param {import("./store.js").Store} store @param {Sent} sent */
export function sendModel(store, { name, file }) {
  return sendFile(store, "model", { name }, name, file);
}

/** @param {import("./store.js").Store} store @param {Sent} sent @param {boolean} isInverted @returns {Promise<import("./types.js").PicturePrediction>} */
export function sendPicture(store, { name, file }, isInverted) {
  return sendFile(store, "picture", { invert: isInverted ? "1" : "0" }, name, file);
}

/**
 * The folder of a run in one body: a line with names and sizes, then the contents.
 * @param {import("./store.js").Store} store @param {Sent[]} all
 */
export async function sendFolder(store, all) {
  const largest = store.limits.upload_bytes ?? Infinity;
  const large = all.find(({ name, file }) => name.endsWith(".ellayer") && file.size > largest);
  if (large) throw new Error(`${large.name}: expected at most ${megabytes(largest)} MB, received ${megabytes(large.file.size)} MB`);
  const depth = (/** @type {Sent} */ { name }) => name.split("/").length;
  const some = all.filter(({ name, file }) => !NOT_OF_A_RUN.test(name) && file.size <= largest)
    .sort((a, b) => depth(a) - depth(b)).slice(0, MOST_FILES);
  const head = JSON.stringify(some.map(({ name, file }) => [name, file.size]));
  return (await ask(store, "files", {}, new Blob([`${head}\n`, ...some.map(({ file }) => file)]))).json();
}

/**
 * Take an uploaded table as the data of the run, or let the open model continue on it.
 * @param {import("./store.js").Store} store @param {any} answer @param {string} name @returns {string} what to say
 */
export function useTable(store, answer, name) {
  const { source, columns, rows, notes, suggested_target: target } = answer;
  const names = columns.map((/** @type {{name: string}} */ column) => column.name);
  store.uploads.set(source, names);
  if (answer.fits_model) {
    store.send({ type: "open_on", source });
    return `${name}: ${rows} rows; the model is open on them.`;
  }
  const { state } = store;
  if (!state) return "";
  const data = { ...state.data, source, target, axes: [], points: [], removed: [], size: null, noise: null, scale: true };
  store.changeTo({ ...state, data });
  return [`${name}: ${rows} rows, ${names.length} columns; predicts ${target}.`, ...(notes ?? [])].join(" ");
}
