// Numbers as text.

const MINUS = "\u2212";

/** A number with about `digits` significant digits. @param {number|null|undefined} value @param {number} [digits] */
export function numberText(value, digits = 3) {
  if (value === null || value === undefined) return "\u2013";
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "not a number" : value > 0 ? "\u221e" : `${MINUS}\u221e`;
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-3 || size >= 1e6)) return exponentText(value, digits);
  const text = String(Number(value.toPrecision(digits)));
  return text.replace("-", MINUS);
}

/** @param {number} value @param {number} digits */
function exponentText(value, digits) {
  const [mantissa, exponent] = value.toExponential(Math.max(0, digits - 2)).split("e");
  const raised = [...exponent.replace("+", "")].map((c) => "\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079"[Number(c)] ?? "\u207b");
  return `${mantissa.replace("-", MINUS)}\u00d710${raised.join("")}`;
}

/** A number with a fixed count of decimals, so that a column does not jump. @param {number|null|undefined} value @param {number} decimals */
export function fixedText(value, decimals) {
  if (value === null || value === undefined || !Number.isFinite(value)) return numberText(value);
  if (Math.abs(value) >= 1e5) return numberText(value);
  return value.toFixed(decimals).replace("-", MINUS);
}

/** A share in percent. @param {number|null|undefined} share */
export function percentText(share) {
  return share === null || share === undefined ? "\u2013" : `${fixedText(100 * share, share > 0.0995 || share === 0 ? 0 : 1)} %`;
}

/** A whole number in groups of three. @param {number} value */
export function countText(value) {
  return Math.round(value).toLocaleString("en").replaceAll(",", "\u202f");
}

/** The number that a text states, null if it is empty, NaN if it is none. @param {string} text @returns {number|null} */
export function readNumber(text) {
  const plain = text.trim().replaceAll(MINUS, "-").replaceAll(/[\s\u202f_]/g, "").replace(",", ".");
  return plain === "" ? null : Number(plain);
}
