// Elements of the page. Texts are set as text, never as HTML.

const SVG = "http://www.w3.org/2000/svg";

/** @param {Element} node @param {Record<string, any>} properties @param {(Node|string)[]} children */
function fill(node, properties, children) {
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : String(value));
  }
  node.append(...children);
}

/**
 * An HTML element: attributes by their names, listeners as "onclick".
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag @param {Record<string, any>} [properties] @param {(Node|string)[]} children
 * @returns {HTMLElementTagNameMap[T]}
 */
export function element(tag, properties = {}, ...children) {
  const node = document.createElement(tag);
  fill(node, properties, children);
  return node;
}

/**
 * An SVG element.
 * @template {keyof SVGElementTagNameMap} T
 * @param {T} tag @param {Record<string, any>} [properties] @param {(Node|string)[]} children
 * @returns {SVGElementTagNameMap[T]}
 */
export function svg(tag, properties = {}, ...children) {
  const node = /** @type {SVGElementTagNameMap[T]} */ (document.createElementNS(SVG, tag));
  fill(node, properties, children);
  return node;
}

/**
 * The element of the page with an id.
 * @template {keyof HTMLElementTagNameMap} [T="main"]
 * @param {string} id @param {T} [tag] of the element, where its kind matters; most have no members of their own
 * @returns {HTMLElementTagNameMap[T]}
 */
export function byId(id, tag) {
  const node = document.getElementById(id);
  if (!node || (tag && node.localName !== tag)) throw new Error(`the page has no element "${id}"`);
  return /** @type {HTMLElementTagNameMap[T]} */ (node);
}

/**
 * A table with a caption, for those who read numbers rather than pictures.
 * @param {string} caption @param {string[]} head @param {(string|Node)[][]} rows the first cell heads its row
 */
export function table(caption, head, rows) {
  const node = element("table", {}, element("caption", {}, caption));
  node.createTHead().append(element("tr", {}, ...head.map((text) => element("th", { scope: "col" }, text))));
  const body = node.createTBody();
  for (const [first, ...cells] of rows) {
    const line = element("tr", {}, element("th", { scope: "row" }, first));
    line.append(...cells.map((cell) => element("td", {}, cell)));
    body.append(line);
  }
  return node;
}

/**
 * Empty a canvas in the pixels of the screen; returns its context, scaled to CSS pixels.
 * @param {HTMLCanvasElement} canvas @param {number} width @param {number} height
 */
export function emptyContext(canvas, width, height) {
  const ratio = window.devicePixelRatio || 1;
  const [w, h] = [Math.round(width * ratio), Math.round(height * ratio)];
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  if (canvas.width !== w || canvas.height !== h) {
    canvas.width = w;
    canvas.height = h;
    canvas.style.width = `${width}px`;
    canvas.style.height = `${height}px`;
  } else {
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, w, h);
  }
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  return context;
}

/** A function that runs `paint` once before the next picture, however often it is called. @param {() => void} paint */
export function repainter(paint) {
  let waits = false;
  window.addEventListener("beforeprint", paint); // in the colours of paper, and not only before the next picture
  return () => {
    if (waits) return;
    waits = true;
    requestAnimationFrame(() => {
      waits = false;
      paint();
    });
  };
}
