// The WebSocket: messages out and in, reconnection, and the acknowledgement of frames.

/** @typedef {import("./types.js").Planes} Planes */
/** @typedef {"open"|"lost"|"blocked"|"large"|"refused"} Status `blocked`: the server answers, but not to a WebSocket */

const FIRST_WAIT = 400;
const LONGEST_WAIT = 5000;
const HEADER_BYTES = 20;
const REFUSED = 1008; // the server closes with a reason, as when too many pages are open
const TOO_LARGE = 1009;
export const KIND = { map: 1, units: 2, parameters: 3, weights: 4 };

/** @param {ArrayBuffer} buffer @returns {Planes} */
export function readPlanes(buffer) {
  const header = new DataView(buffer, 0, HEADER_BYTES);
  const [frame, kind, width, height, planes] = [0, 4, 8, 12, 16].map((place) => header.getUint32(place, true));
  const values = kind === KIND.parameters ? new Float32Array(buffer, HEADER_BYTES) : new Uint8Array(buffer, HEADER_BYTES);
  return { frame, kind, width, height, planes, values };
}

export class Connection {
  /**
   * @param {() => string} address for the next attempt
   * @param {{message: (message: any) => void, planes: (planes: Planes) => void, status: (status: Status, reason: string) => void}} handlers
   */
  constructor(address, handlers) {
    this.address = address;
    this.handlers = handlers;
    this.wait = FIRST_WAIT;
    this.open();
  }

  open() {
    const socket = new WebSocket(this.address());
    this.socket = socket;
    let wasOpen = false;
    socket.binaryType = "arraybuffer";
    socket.addEventListener("open", () => {
      wasOpen = true;
      this.wait = FIRST_WAIT;
      this.handlers.status("open", "");
    });
    socket.addEventListener("message", ({ data }) => {
      if (typeof data === "string") this.receive(JSON.parse(data));
      else this.handlers.planes(readPlanes(data));
    });
    socket.addEventListener("close", ({ code, reason }) => {
      if (code === REFUSED && reason) {
        this.handlers.status("refused", reason);
        return;
      }
      this.handlers.status(code === TOO_LARGE ? "large" : "lost", "");
      if (!wasOpen) this.probe();
      setTimeout(() => this.open(), this.wait);
      this.wait = Math.min(LONGEST_WAIT, 2 * this.wait);
    });
  }

  /** Find out whether the server is gone, or only refuses the WebSocket, of which a browser says no more. */
  probe() {
    fetch("/static/icon.svg", { cache: "no-store" }).then(() => this.socket?.readyState !== WebSocket.OPEN && this.handlers.status("blocked", ""), () => undefined);
  }

  /** @param {any} message */
  receive(message) {
    this.handlers.message(message);
    // The server sends the next frame when the last but one is acknowledged: a slow page is sent fewer.
    if (message.type === "frame") requestAnimationFrame(() => this.send({ type: "ack", frame: message.frame }));
  }

  /** @param {Record<string, any> & {type: string}} message @param {number} [limit] of its bytes; the server closes the connection above it */
  send(message, limit = Infinity) {
    if (this.socket?.readyState !== WebSocket.OPEN) return;
    const text = JSON.stringify(message);
    if (new Blob([text]).size <= limit) this.socket.send(text);
    else {
      this.handlers.status("large", ""); // the code of a closing server is lost while the message is on its way
      this.socket.close();
    }
  }
}
