// The state in the URL: "#" and base64url of its JSON. Back and forward go through former states.

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

/** Add the state to the history, as a change by the user. @param {object} state */
export function pushLink(state) {
  const link = linkOf(state);
  if (link !== location.hash) history.pushState(null, "", link);
}

/** Write the state in place of the last one, as the server completes it. @param {object} state */
export function replaceLink(state) {
  const link = linkOf(state);
  if (link !== location.hash) history.replaceState(null, "", link);
}

/** Call `handle` with each state that back or forward leads to. @param {(state: any) => void} handle */
export function onLink(handle) {
  window.addEventListener("popstate", () => {
    const state = stateOf(location.hash);
    if (state) handle(state);
  });
}
