// The state in the URL: "#" and base64url of its JSON. Back and forward go through former states, and so do undo and redo.

/** @param {object} state */
export function linkOf(state) {
  const bytes = new TextEncoder().encode(JSON.stringify(state));
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return `#${btoa(text).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "")}`;
}

/** The state of a link, null if it holds none. @param {string} hash @returns {any} */
export function stateOf(hash) {
  try {
    const text = atob(hash.replace(/^#/, "").replaceAll("-", "+").replaceAll("_", "/"));
    const bytes = Uint8Array.from(text, (letter) => letter.charCodeAt(0));
    const state = JSON.parse(new TextDecoder().decode(bytes));
    return state && typeof state === "object" && !Array.isArray(state) ? state : null;
  } catch {
    return null; // someone else's hash
  }
}

/** How many changes of this visit can be undone. */
function depth() {
  return Number(history.state?.depth ?? 0);
}

/** @param {"pushState"|"replaceState"} method @param {object} state @param {number} at */
function write(method, state, at) {
  const link = linkOf(state);
  if (link === location.hash) return;
  try {
    history[method]({ depth: at }, "", link);
  } catch {
    // browsers limit how often it may change, as while points are drawn
  }
}

/** Add the state to the history, as a change by the user. @param {object} state */
export function pushLink(state) {
  write("pushState", state, depth() + 1);
}

/** What the user draws and erases in the plane, or opens, which the server writes into the state. @param {any} state */
function ownParts(state) {
  const { source, points, removed } = state?.data ?? {};
  return JSON.stringify([source, points ?? [], removed ?? []]);
}

/** Write the state as the server completes it; points added or removed since the last one can be undone. @param {object} state */
export function followLink(state) {
  const before = stateOf(location.hash);
  if (before && ownParts(before) !== ownParts(state)) pushLink(state);
  else write("replaceState", state, depth());
}

export function canUndo() {
  return depth() > 0;
}

/** Go back to the state before the last change; never out of the page. */
export function undo() {
  if (canUndo()) history.back();
}

export function redo() {
  history.forward();
}

/** Call `handle` with each state that back or forward leads to. @param {(state: any) => void} handle */
export function onLink(handle) {
  window.addEventListener("popstate", () => {
    const state = stateOf(location.hash);
    if (state) handle(state);
  });
}
