// Reading a plugin's JSON Schema as far as a form needs it. It comes from outside: nothing in it is trusted to be
// well-formed or small.

const HOPS = 16;

function pointed(root, reference) {
  if (typeof reference !== 'string' || !reference.startsWith('#')) return null;
  let at = root;
  for (const part of reference.slice(1).split('/').filter(Boolean)) {
    const key = part.replace(/~1/g, '/').replace(/~0/g, '~');
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, key)) return null;
    at = at[key];
  }
  return at;
}

/** A schema with its references followed; what stands beside a reference goes before what it names. */
export function resolved(schema, root) {
  let at = schema;
  let isNullable = false;
  for (let hop = 0; hop < HOPS; hop += 1) {
    if (typeof at !== 'object' || at === null) return {};
    const choice = at.anyOf ?? at.oneOf;
    const real = Array.isArray(choice) ? choice.filter((each) => each?.type !== 'null') : [];
    if (Object.hasOwn(at, '$ref')) {
      const { $ref, ...rest } = at;
      at = { ...pointed(root, $ref), ...rest };
    } else if (Array.isArray(at.allOf) && at.allOf.length === 1) {
      const { allOf, ...rest } = at;
      at = { ...allOf[0], ...rest };
    } else if (real.length === 1 && choice.length === 2) {
      const { anyOf, oneOf, ...rest } = at;
      at = { ...real[0], ...rest };
      isNullable = true;
    } else {
      break;
    }
  }
  const types = Array.isArray(at.type) ? at.type.filter((each) => each !== 'null') : [at.type];
  return { ...at, type: types.length === 1 ? types[0] : undefined, isNullable: isNullable || (Array.isArray(at.type) && at.type.includes('null')) };
}

/** The values that a schema allows one by one, as `[value, description]`; null where it allows others. */
export function choices(schema) {
  if (Array.isArray(schema.enum)) return schema.enum.filter((value) => value !== null).map((value) => [value, '']);
  const each = schema.oneOf ?? schema.anyOf;
  if (!Array.isArray(each) || each.length === 0 || !each.every((one) => one !== null && typeof one === 'object' && Object.hasOwn(one, 'const'))) return null;
  return each.map((one) => [one.const, String(one.description ?? '')]);
}

/** What kind of field a resolved schema wants. */
export function kindOf(schema, root) {
  if (choices(schema)) return 'choice';
  const items = schema.type === 'array' && resolved(schema.items, root);
  if (items && schema.format === 'point') return 'point';
  if (items && (schema.format === 'polygon' || schema.format === 'line' || items.format === 'point')) return 'outline';
  if (items) return ['string', 'number', 'integer'].includes(items.type) && !choices(items) ? 'lines' : 'list';
  if (schema.type === 'object' && typeof schema.properties === 'object' && schema.properties !== null) return 'object';
  if (['string', 'number', 'integer', 'boolean'].includes(schema.type)) return schema.type;
  return 'json';
}

/** A value to begin with; `turn` sets several new shapes apart. */
export function fresh(schema, root, turn = 0, depth = 0) {
  const real = resolved(schema, root);
  if (Object.hasOwn(real, 'default') && real.default !== null) return structuredClone(real.default);
  const apart = 0.03 * (turn % 6);
  const at = (x, y) => [Math.round((x + apart) * 1e4) / 1e4, Math.round((y + apart) * 1e4) / 1e4];
  if (depth > 8) return null;
  switch (kindOf(real, root)) {
    case 'choice': return choices(real)[0]?.[0];
    case 'point': return at(0.5, 0.5);
    case 'outline': return real.format === 'line' ? [at(0.4, 0.2), at(0.4, 0.8)] : [at(0.35, 0.3), at(0.6, 0.3), at(0.6, 0.6), at(0.35, 0.6)];
    case 'object': {
      const required = (Array.isArray(real.required) ? real.required : []).filter((key) => Object.hasOwn(real.properties, key));
      const ends = [at(0.4, 0.2), at(0.4, 0.8)];
      return Object.fromEntries(required.map((key) => {
        const isEnd = real.format === 'line' && kindOf(resolved(real.properties[key], root), root) === 'point' && ends.length > 0;
        return [key, isEnd ? ends.shift() : fresh(real.properties[key], root, turn, depth + 1)];
      }));
    }
    case 'list': case 'lines': return [];
    case 'boolean': return false;
    case 'number': case 'integer': return Number.isFinite(real.minimum) ? real.minimum : 0;
    case 'string': return '';
    default: return null;
  }
}
