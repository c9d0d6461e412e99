// Equations and texts of lessons arrive as HTML; only the tags below come through, without attributes that could act.

const TEXT_TAGS = new Set("P B EM I STRONG CODE PRE UL OL LI BR TABLE CAPTION THEAD TBODY TR TH TD SUB SUP SPAN DIV H3 H4".split(" "));
const MATH_TAGS = new Set(
  "math mrow mi mn mo ms mtext mspace mfrac msqrt mroot msub msup msubsup munder mover munderover mtable mtr mtd mpadded mphantom mstyle merror menclose semantics".split(" "),
);
const MATH_ATTRIBUTES = new Set(
  "display displaystyle mathvariant stretchy fence separator form lspace rspace columnalign rowalign columnspacing rowspacing accent accentunder largeop movablelimits symmetric linethickness width height depth minsize maxsize".split(" "),
);
const MATH = "http://www.w3.org/1998/Math/MathML";

/** @param {Node} source @param {Node} target */
function copyInto(source, target) {
  for (const child of source.childNodes) {
    if (child.nodeType === Node.TEXT_NODE) {
      target.appendChild(document.createTextNode(child.textContent ?? ""));
    } else if (child instanceof Element) {
      copyElement(child, target);
    }
  }
}

/** @param {Element} source @param {Node} target */
function copyElement(source, target) {
  let copy;
  if (source.namespaceURI === MATH) {
    if (!MATH_TAGS.has(source.localName)) return; // also annotations
    copy = document.createElementNS(MATH, source.localName);
    for (const { name, value } of source.attributes) if (MATH_ATTRIBUTES.has(name)) copy.setAttribute(name, value);
  } else if (TEXT_TAGS.has(source.tagName)) {
    copy = document.createElement(source.tagName);
  } else {
    return; // scripts, styles, pictures and all others, with what is in them
  }
  copyInto(source, copy);
  target.appendChild(copy);
}

/** A fragment with the harmless part of an HTML text. @param {string} html */
export function safeFragment(html) {
  const parsed = new DOMParser().parseFromString(html, "text/html"); // inert: runs and loads nothing
  const fragment = document.createDocumentFragment();
  copyInto(parsed.body, fragment);
  return fragment;
}
