// A form from a plugin's JSON Schema. What it cannot show as fields it shows as JSON.

import { el, pretty } from './dom.js';
import { outlineField, pointField } from './shape-fields.js';
import { choices, fresh, kindOf, resolved } from './schema.js';

const DEEPEST = 6;
const MOST_FIELDS = 1500;

/** A field holds no value that can be sent. */
export class FieldError extends Error {}

let made = 0;

function labelled(context, schema, field) {
  const id = `field-${(made += 1)}`;
  field.id = id;
  field.disabled = context.readOnly;
  const hint = schema.description ? el('span', { className: 'hint', id: `${id}-hint` }, String(schema.description)) : null;
  if (hint) field.setAttribute('aria-describedby', hint.id);
  return el('div', { className: 'field' }, el('label', { htmlFor: id }, context.label, context.isRequired ? null : el('span', { className: 'optional' }, ' optional')), field, hint);
}

/** What is left empty is left out, or sent as null where it must stand there. */
const nothing = (context, schema) => {
  if (!context.isRequired) return undefined;
  if (schema.isNullable) return null;
  throw new FieldError(`${context.path} is missing`);
};

function choiceField(schema, value, context) {
  const offered = choices(schema);
  const select = el('select', {}, context.isRequired ? null : el('option', { value: '' }, '(default)'), offered.map(([each, words], index) => el('option', { value: String(index + 1), title: words }, String(each))));
  const chosen = offered.findIndex(([each]) => each === value);
  select.value = chosen < 0 ? '' : String(chosen + 1);
  return { node: labelled(context, schema, select), read: () => (select.value ? offered[Number(select.value) - 1][0] : nothing(context, schema)) };
}

function numberField(schema, value, context) {
  const input = el('input', { type: 'number', step: schema.type === 'integer' ? 1 : 'any', placeholder: Number.isFinite(schema.default) ? String(schema.default) : '' });
  if (Number.isFinite(schema.minimum)) input.min = schema.minimum;
  if (Number.isFinite(schema.maximum)) input.max = schema.maximum;
  input.value = Number.isFinite(value) ? String(value) : '';
  return {
    node: labelled(context, schema, input),
    read() {
      if (input.validity.badInput) throw new FieldError(`${context.path} is not a number`);
      if (input.value === '') return nothing(context, schema);
      if (!input.validity.valid) throw new FieldError(`${context.path}: ${input.validationMessage}`);
      return Number(input.value);
    },
  };
}

function stringField(schema, value, context) {
  const input = el('input', { type: 'text', autocomplete: 'off', spellcheck: false, placeholder: typeof schema.default === 'string' ? schema.default : '' });
  input.value = typeof value === 'string' ? value : '';
  const had = typeof value === 'string' && value !== '';
  // An empty text is a value where one stood there, or must.
  return { node: labelled(context, schema, input), read: () => (input.value || had || context.isRequired ? input.value : undefined) };
}

function booleanField(schema, value, context) {
  const select = el('select', {}, context.isRequired ? null : el('option', { value: '' }, typeof schema.default === 'boolean' ? `(default: ${schema.default ? 'yes' : 'no'})` : '(default)'), el('option', { value: 'yes' }, 'yes'), el('option', { value: 'no' }, 'no'));
  select.value = value === true ? 'yes' : value === false || context.isRequired ? 'no' : '';
  return { node: labelled(context, schema, select), read: () => (select.value ? select.value === 'yes' : undefined) };
}

function linesField(schema, value, context) {
  const items = resolved(schema.items, context.root);
  const isText = items.type === 'string';
  const text = el('textarea', { rows: 2, spellcheck: false, placeholder: 'one a line' });
  text.value = Array.isArray(value) ? value.join('\n') : '';
  return {
    node: labelled(context, schema, text),
    read() {
      const lines = text.value.split('\n').map((line) => line.trim()).filter(Boolean);
      if (lines.length === 0) return Array.isArray(value) || (context.isRequired && !schema.isNullable) ? [] : nothing(context, schema);
      const bad = isText ? undefined : lines.find((line) => !Number.isFinite(Number(line)));
      if (bad !== undefined) throw new FieldError(`${context.path}: ${bad} is not a number`);
      return isText ? lines : lines.map(Number);
    },
  };
}

function jsonField(schema, value, context) {
  const text = el('textarea', { rows: 3, spellcheck: false });
  text.value = value === undefined ? '' : pretty(value);
  return {
    node: labelled(context, schema, text),
    read() {
      if (!text.value.trim()) return nothing(context, schema);
      try {
        return JSON.parse(text.value);
      } catch (error) {
        throw new FieldError(`${context.path} is not JSON: ${error.message}`);
      }
    },
  };
}

function objectField(schema, value, context) {
  const given = typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {};
  const required = Array.isArray(schema.required) ? schema.required : [];
  const keys = Object.keys(schema.properties);
  const rank = (key) => (key === 'name' ? 0 : required.includes(key) ? 1 : 2);
  keys.sort((a, b) => rank(a) - rank(b));
  const known = new Map();
  const name = () => (typeof known.get('name')?.peek === 'function' ? known.get('name').peek() : '') || context.label;
  const line = schema.format === 'line' ? { ends: [], redraw() {}, label: name } : null;
  for (const key of keys) {
    const inner = { ...context, label: key, path: context.path ? `${context.path}.${key}` : key, depth: context.depth + 1, isRequired: required.includes(key), line, title: name };
    known.set(key, field(schema.properties[key], Object.hasOwn(given, key) ? given[key] : undefined, inner));
  }
  const unlisted = Object.entries(given).filter(([key]) => !known.has(key));
  if (line && line.ends.length >= 2) {
    const handle = context.board.add({ kind: 'line', label: name, points: () => line.ends.map((end) => end.get()), move: (index, point) => line.ends[index].set(point) });
    line.redraw = handle.redraw;
    known.set(Symbol('line'), { node: null, read: () => undefined, close: handle.remove });
  }
  const nodes = [...known.values()].map((each) => each.node).filter(Boolean);
  const body = el('div', { className: 'fields' }, nodes);
  body.addEventListener('input', () => {
    line?.redraw();
    for (const each of known.values()) each.redraw?.();
  });
  return {
    node: context.depth === 0 ? body : el('fieldset', { className: 'group' }, el('legend', {}, context.label), body),
    read: () => Object.fromEntries([...[...known].filter(([key]) => typeof key === 'string').map(([key, each]) => [key, each.read()]), ...unlisted].filter(([, each]) => each !== undefined)),
    close: () => known.forEach((each) => each.close?.()),
  };
}

function listField(schema, value, context) {
  const list = el('div', { className: 'items' });
  const entries = [];
  const number = () => entries.forEach((entry, index) => {
    const legend = entry.node.querySelector('legend');
    if (legend) legend.textContent = `${context.label} ${index + 1}`;
  });
  const add = (item) => {
    const index = entries.length + 1;
    const inner = field(schema.items, item, { ...context, label: `${context.label} ${index}`, path: `${context.path}[${index - 1}]`, depth: context.depth + 1, isRequired: true, line: null });
    const remove = el('button', { className: 'button small danger', type: 'button', disabled: context.readOnly }, 'Remove');
    const entry = { ...inner, node: el('div', { className: 'item' }, inner.node, remove) };
    remove.addEventListener('click', () => {
      entries.splice(entries.indexOf(entry), 1);
      entry.close?.();
      entry.node.remove();
      number();
    });
    entries.push(entry);
    list.append(entry.node);
  };
  (Array.isArray(value) ? value : []).forEach(add);
  const more = el('button', { className: 'button small', type: 'button', disabled: context.readOnly }, `Add to ${context.label}`);
  more.addEventListener('click', () => {
    add(fresh(schema.items, context.root, entries.length));
    entries.at(-1).node.querySelector('input')?.focus();
  });
  return {
    node: el('fieldset', { className: 'group' }, el('legend', {}, context.label), schema.description ? el('p', { className: 'hint' }, String(schema.description)) : null, list, more),
    read: () => (entries.length || context.isRequired || Array.isArray(value) ? entries.map((entry) => entry.read()) : undefined),
    close: () => entries.forEach((entry) => entry.close?.()),
  };
}

/** A shape that is left out has no place on the picture yet. */
function undrawnField(schema, kind, context) {
  let drawn = null;
  const toggle = el('button', { className: 'button small', type: 'button', disabled: context.readOnly });
  const box = el('div', { className: 'field' });
  const show = () => {
    toggle.textContent = drawn ? `Leave ${context.label} out` : `Draw ${context.label}`;
    box.replaceChildren(drawn ? drawn.node : el('span', { className: 'field-label' }, context.label), toggle);
  };
  toggle.addEventListener('click', () => {
    drawn?.close?.();
    drawn = drawn ? null : FIELDS[kind](schema, fresh(schema, context.root), context);
    show();
  });
  show();
  return { node: box, read: () => (drawn ? drawn.read() : nothing(context, schema)), redraw: () => drawn?.redraw?.(), close: () => drawn?.close?.() };
}

const FIELDS = {
  choice: choiceField, number: numberField, integer: numberField, string: stringField, boolean: booleanField, lines: linesField,
  json: jsonField, object: objectField, list: listField, point: pointField, outline: outlineField,
};

function field(schema, value, context) {
  const real = resolved(schema, context.root);
  context.budget.left -= 1;
  const wanted = kindOf(real, context.root);
  const isShape = wanted === 'point' || wanted === 'outline';
  const isTooMuch = context.depth > DEEPEST || context.budget.left < 0;
  const kind = isTooMuch || (isShape && value !== undefined && value !== null && !Array.isArray(value)) ? 'json' : wanted;
  if (isShape && kind !== 'json' && !Array.isArray(value)) return undrawnField(real, kind, context);
  const shown = FIELDS[kind](real, value, context);
  const input = kind === 'string' ? shown.node.querySelector('input') : null;
  return input ? { ...shown, peek: () => input.value } : shown;
}

/** Whether the schema's top is an object with properties, as a form needs. */
export const isFormable = (schema) => kindOf(resolved(schema, schema), schema) === 'object' && Object.keys(resolved(schema, schema).properties).length > 0;

/** The form's fields; `read()` gives the settings, or throws [`FieldError`]. Shapes are put on `board`. */
export function schemaForm(schema, value, { board, readOnly }) {
  const budget = { left: MOST_FIELDS };
  return field(schema, value, { root: schema, board, readOnly, budget, label: 'settings', path: '', depth: 0, isRequired: true, line: null, title: () => 'settings' });
}
