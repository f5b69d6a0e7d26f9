// Settings are read by their JSON Schema: checked, with defaults filled in, and refused by the name of the
// setting. The part of JSON Schema that is checked is small; `rule` refuses a schema that uses more.

import { f32, Polygon } from "./geometry.js";

/** Schema of a position in the picture, `[x, y]`; the console edits it on the picture. */
export const position = {
  type: "array",
  format: "point",
  items: { type: "number", format: "float" },
  minItems: 2,
  maxItems: 2,
};

/** Schema of a closed outline. */
export const outline = { type: "array", format: "polygon", items: position, minItems: 3, maxItems: 256 };

/** Schema of a line from one position to another. */
export const line = {
  type: "object",
  format: "line",
  properties: { from: position, to: position },
  required: ["from", "to"],
  additionalProperties: false,
};

/** Schema of places known in the picture and, in metres, on the ground. */
export const calibration = {
  type: "array",
  format: "calibration",
  items: {
    type: "object",
    properties: {
      picture: position,
      ground: { type: "array", items: { type: "number" }, minItems: 2, maxItems: 2 },
    },
    required: ["picture", "ground"],
    additionalProperties: false,
  },
  minItems: 4,
  maxItems: 256,
};

const CHECKED = new Set(
  ("type properties required additionalProperties items minItems maxItems minimum maximum minLength " +
    "maxLength enum const oneOf anyOf $ref $defs").split(" "),
);
const SAID = new Set("title description default format examples deprecated $schema $id $comment".split(" "));

/** How far outside the picture a position may lie: lines may start beyond its edge. */
const FURTHEST = [-1, 2];

/** Throws where a schema uses what `read` does not check. */
export function checkSchema(schema, path = "settingsSchema") {
  for (const [keyword, value] of Object.entries(schema)) {
    if (!CHECKED.has(keyword) && !SAID.has(keyword)) {
      throw new Error(`${path} uses ${keyword}, which the SDK does not check; check it in configure`);
    }
    const inner = `${path}.${keyword}`;
    if (keyword === "properties" || keyword === "$defs") {
      for (const [name, part] of Object.entries(value)) checkSchema(part, `${inner}.${name}`);
    } else if (keyword === "items") {
      checkSchema(value, inner);
    } else if (keyword === "oneOf" || keyword === "anyOf") {
      value.forEach((part, index) => checkSchema(part, `${inner}[${index}]`));
    }
  }
}

/** The settings as the schema wants them; throws with the place and what would be right. */
export function read(schema, settings) {
  return value(settings, schema, { root: schema, path: "" });
}

function refuse(path, what) {
  throw new Error(path ? `${path}: ${what}` : what);
}

function value(found, schema, { root, path }) {
  const at = (part) => ({ root, path: path + part });
  if (schema.$ref !== undefined) {
    const { $ref, ...rest } = schema;
    return value(found, { ...resolve(root, $ref), ...rest }, { root, path });
  }
  const choices = choicesOf(schema);
  if (choices) return choice(found, choices, path);
  const union = schema.oneOf ?? schema.anyOf;
  if (union) return oneOf(found, union, { root, path });
  const type = typeOf(found);
  const types = [schema.type ?? []].flat();
  const fits = types.length === 0 || types.includes(type) || (type === "integer" && types.includes("number"));
  if (!fits) refuse(path, `invalid type: ${shown(found)}, expected ${either(types)}`);
  if (type === "object") return object(found, schema, at);
  if (type === "array") return list(found, schema, at);
  if (type === "string") within(path, `${[...found].length} characters`, [...found].length, schema, "Length");
  if (type === "number" || type === "integer") {
    const [least, most] = [schema.minimum ?? -Infinity, schema.maximum ?? Infinity];
    if (found < least || found > most) throw new Error(`${path} is ${found}; give ${range(least, most)}`);
  }
  return found;
}

function object(found, schema, at) {
  const { path } = at("");
  const properties = schema.properties ?? {};
  const known = Object.keys(properties);
  const result = {};
  for (const [key, part] of Object.entries(found)) {
    const inner = at(path ? `.${key}` : key);
    if (Object.hasOwn(properties, key)) result[key] = value(part, properties[key], inner);
    else if (schema.additionalProperties === false) {
      refuse(path, `unknown field \`${key}\`, expected ${either(known.map((name) => `\`${name}\``))}`);
    } else if (typeof schema.additionalProperties === "object") {
      result[key] = value(part, schema.additionalProperties, inner);
    } else result[key] = part;
  }
  const missing = (schema.required ?? []).find((key) => !Object.hasOwn(found, key));
  if (missing !== undefined) refuse(path, `missing field \`${missing}\``);
  for (const key of known.filter((key) => !Object.hasOwn(result, key))) {
    if (properties[key].default !== undefined) result[key] = properties[key].default;
  }
  return result;
}

function list(found, schema, at) {
  const { path } = at("");
  const { minItems: least = 0, maxItems: most = Infinity } = schema;
  if (found.length < least || found.length > most) {
    const what = least === most ? `an array of length ${least}` : `${range(least, most)} items`;
    refuse(path, `invalid length ${found.length}, expected ${what}`);
  }
  const items = schema.items ?? {};
  const result = found.map((item, index) => value(item, items, at(`[${index}]`)));
  if (schema.format === "point") return checkedPosition(result, path);
  if (schema.format === "polygon" && new Polygon(result).area() < 1e-9) {
    refuse(path, "the polygon has no area; give its corners in order around it");
  }
  return result;
}

function checkedPosition(numbers, path) {
  if (numbers.every((number) => number >= FURTHEST[0] && number <= FURTHEST[1])) return numbers.map(f32);
  throw new Error(
    `${path} is [${numbers.join(", ")}]; positions are 0..1 of the picture, measured from its top left ` +
      "corner, and may reach from -1 to 2",
  );
}

function within(path, shape, length, schema, suffix) {
  const [least, most] = [schema[`min${suffix}`] ?? 0, schema[`max${suffix}`] ?? Infinity];
  if (length < least || length > most) throw new Error(`${path} has ${shape}; give it ${range(least, most)}`);
}

/** The constants of an `enum`, of a `const`, or of a `oneOf` of such; nothing for another schema. */
function choicesOf(schema) {
  if (schema.enum) return schema.enum;
  if (schema.const !== undefined) return [schema.const];
  const parts = schema.oneOf?.map(choicesOf);
  return parts?.every(Boolean) ? parts.flat() : undefined;
}

function choice(found, choices, path) {
  if (choices.includes(found)) return found;
  const said = typeof found === "string" ? `unknown variant \`${found}\`` : `invalid type: ${shown(found)}`;
  return refuse(path, `${said}, expected ${either(choices.map((known) => `\`${known}\``))}`);
}

function oneOf(found, union, { root, path }) {
  const errors = [];
  for (const schema of union) {
    try {
      return value(found, schema, { root, path });
    } catch (error) {
      errors.push(error);
    }
  }
  // The last is usually the one that is meant where null is allowed as well.
  throw typeOf(found) === "null" ? errors[0] : errors.at(-1);
}

function resolve(root, reference) {
  const parts = reference.replace(/^#\/?/, "").split("/").filter(Boolean);
  const found = parts.reduce((schema, part) => schema?.[part], root);
  if (!found) throw new Error(`the settings schema has no ${reference}`);
  return found;
}

function typeOf(found) {
  if (found === null) return "null";
  if (Array.isArray(found)) return "array";
  if (typeof found === "number") return Number.isInteger(found) ? "integer" : "number";
  return typeof found;
}

function shown(found) {
  const text = JSON.stringify(found);
  return `${typeOf(found)} ${text.length > 40 ? `${text.slice(0, 40)}…` : text}`;
}

function either(names) {
  if (names.length < 3) return names.join(" or ") || "nothing";
  return `one of ${names.join(", ")}`;
}

function range(least, most) {
  if (most === Infinity) return `${least} or more`;
  return least === -Infinity ? `${most} or less` : `${least} to ${most}`;
}
