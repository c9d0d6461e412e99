// What a new session begins with: the settings of the link, or those from before the connection was lost.

import { say } from "./announcer.js";
import { byId } from "./elements.js";
import { followLink, stateOf } from "./link.js";

/** @typedef {import("./store.js").Store} Store */
/** @typedef {import("./types.js").State} State */

const SESSION = "ellayer session";
const AGAIN = "Trying again\u2026";
/** Why the connection was lost, to be said when it is back. */
let reasonOfLoss = "";

/** The WebSocket, with the session to go on with: that of a lost connection, or of this page before it was loaded again. @param {Store} store */
export function socketAddress(store) {
  const address = `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws`;
  const session = store.session || (location.hash.length > 1 && sessionStorage.getItem(SESSION));
  return session ? `${address}?${new URLSearchParams({ session })}` : address;
}

/** Say what is wrong with the connection, and what to do. @param {Store} store @param {import("./connection.js").Status} status @param {string} reason */
export function showConnection(store, status, reason) {
  const start = store.isLive ? "If the program has ended, its report is in the folder of the run." : `If it was stopped, start it again with: ellayer play --port ${location.port}`;
  const texts = {
    open: "",
    large: "",
    lost: `The server does not answer. ${AGAIN} ${start}`,
    blocked: `The server answers, but refuses the WebSocket of this page. Open the address that the program printed; a proxy must pass on WebSockets, and the headers Host and Origin unchanged. ${AGAIN}`,
    refused: `${reason}. Reload this page to try again.`,
  };
  byId("connection").textContent = texts[status];
  byId("connection").classList.remove("starting");
  byId("connection").hidden = !texts[status];
  if (status === "large") {
    store.state = store.confirmed;
    reasonOfLoss = "The settings were too large for the server: those before them are back; try fewer points drawn by hand. ";
  }
  store.emit({ type: "connection", status });
}

/** @param {string} text */
function sayAgain(text) {
  say(`${reasonOfLoss}Connected again. ${text}`, Boolean(reasonOfLoss));
  reasonOfLoss = "";
}

/** @param {Store} store @param {import("./files_in.js").FilesIn} filesIn */
export function mountArrival(store, filesIn) {
  /** What to do at the first message about the state or the model of a new session. @type {((state: State|undefined) => void)|null} */
  let begin = null;
  store.on("ready", ({ mode, session, resumed }) => {
    if (mode === "live") return;
    sessionStorage.setItem(SESSION, session);
    const { before, model, isReadOnly } = store;
    begin = (state) => {
      if (before && !resumed && store.lesson) {
        sayAgain("The lesson begins at its start.");
        store.send({ type: "lesson", id: store.lesson });
        return;
      }
      if (before && !resumed) {
        sayAgain("The run begins at its start.");
        filesIn.restore(before, Boolean(model), isReadOnly).catch((error) => say(error.message, true));
        return;
      }
      if (before) sayAgain("The run begins at its start, with what was opened and the runs kept.");
      const wanted = before ?? stateOf(location.hash);
      const isCut = !wanted && location.hash.length > 1; // before the state is written there
      if (wanted && JSON.stringify(wanted) !== JSON.stringify(state)) store.changeTo(wanted);
      else if (state) followLink(state);
      if (isCut) say("The link holds no settings: it is cut or damaged.", true);
    };
  });
  store.on("state model", ({ type, state }) => {
    const first = begin;
    begin = null;
    if (first) first(state);
    else if (type === "state") followLink(state);
  });
}
