// Facts of events, publications and messages.

/** A fact as the contract has it. */
export function toValue(key, value) {
  switch (typeof value) {
    case "boolean":
      return { tag: "flag", val: value };
    case "number":
      return { tag: "number", val: value };
    case "bigint":
      return integer(key, Number(value));
    case "string":
      return { tag: "text", val: value };
    default:
      throw new TypeError(`attribute ${key} is ${typeof value}; give a boolean, a number or a string`);
  }
}

/** A whole number as the contract has it. */
export function integer(key, value) {
  if (!Number.isSafeInteger(value)) throw new TypeError(`attribute ${key} is ${value}; give a whole number`);
  return { tag: "integer", val: value };
}

/** A fact as a rule hears it. */
export function fromValue({ tag, val }) {
  return tag === "integer" ? Number(val) : val;
}
