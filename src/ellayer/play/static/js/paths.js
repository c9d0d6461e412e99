// Values in nested objects by dotted paths.

/** The value at "training.learning_rate". @param {any} object @param {string} path @returns {any} */
export function valueAt(object, path) {
  return path.split(".").reduce((value, name) => value?.[name], object);
}

/** A copy of the object with another value at a path. @template {object} T @param {T} object @param {string} path @param {any} value @returns {T} */
export function withValue(object, path, value) {
  const copy = structuredClone(object);
  const names = path.split(".");
  const last = /** @type {string} */ (names.pop());
  /** @type {any} */
  let place = copy;
  for (const name of names) place = place[name] ??= {};
  place[last] = value;
  return copy;
}

/**
 * Whether a field applies to a state.
 * @param {{path: string, values: any[], isNot?: boolean}|undefined} condition @param {any} state
 */
export function applies(condition, state) {
  if (!condition) return true;
  const value = valueAt(state, condition.path);
  const isOne = condition.values.some((one) =>
    typeof one === "string" && one.endsWith("*") ? String(value).startsWith(one.slice(0, -1)) : one === value,
  );
  return isOne !== Boolean(condition.isNot);
}
