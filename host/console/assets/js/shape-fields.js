// Fields for positions and outlines: numbers beside the picture on which they are drawn.

import { el } from './dom.js';

const axis = (context, label, value) => el('input', { type: 'number', min: 0, max: 1, step: 'any', required: true, ariaLabel: label, value: String(value), disabled: context.readOnly });

/** Two numbers 0..1. */
function pair(context, label, [x, y]) {
  const inputs = [axis(context, `${label}, x`, x), axis(context, `${label}, y`, y)];
  return {
    node: el('span', { className: 'pair' }, inputs),
    get: () => inputs.map((input) => (input.value === '' ? NaN : Number(input.value))),
    set(point) {
      inputs.forEach((input, index) => {
        input.value = String(point[index]);
      });
      inputs[0].dispatchEvent(new Event('input', { bubbles: true }));
    },
  };
}

const isPair = (value) => Array.isArray(value) && value.length === 2 && value.every(Number.isFinite);

function checked(point, path) {
  if (point.every((number) => Number.isFinite(number) && number >= 0 && number <= 1)) return point;
  throw new Error(`${path} needs two numbers from 0 to 1`);
}

/** A position; one end of a line where it stands in one. */
export function pointField(schema, value, context) {
  const point = pair(context, context.label, isPair(value) ? value : [0.5, 0.5]);
  const read = () => checked(point.get(), context.path);
  const node = el('div', { className: 'field' }, el('span', { className: 'field-label' }, context.label), point.node,
    schema.description ? el('span', { className: 'hint' }, String(schema.description)) : null);
  if (context.line) {
    context.line.ends.push(point);
    return { node, read };
  }
  const handle = context.board.add({ kind: 'point', label: context.title ?? (() => context.label), points: () => [point.get()], move: (_, to) => point.set(to) });
  node.addEventListener('input', handle.redraw);
  return { node, read, redraw: handle.redraw, close: handle.remove };
}

/** A list of positions: the corners of a polygon, or the ends of a line. */
export function outlineField(schema, value, context) {
  const least = Number.isFinite(schema.minItems) ? schema.minItems : schema.format === 'line' ? 2 : 3;
  const most = Number.isFinite(schema.maxItems) ? schema.maxItems : schema.format === 'line' ? 2 : 256;
  const rows = el('ol', { className: 'corners' });
  const add = el('button', { className: 'button small', type: 'button' }, 'Add corner');
  let corners = [];
  let handle = { redraw() {} };

  const show = () => {
    rows.replaceChildren(...corners.map((corner, index) => {
      const remove = el('button', { className: 'icon-button', type: 'button', ariaLabel: `Remove corner ${index + 1}`, disabled: context.readOnly || corners.length <= least }, '×');
      remove.addEventListener('click', () => {
        corners.splice(index, 1);
        show();
      });
      return el('li', {}, corner.node, remove);
    }));
    add.disabled = context.readOnly || corners.length >= most;
    handle.redraw();
  };
  const made = (point, index) => pair(context, `${context.label}, corner ${index + 1}`, point);
  corners = value.filter(isPair).slice(0, 256).map(made);

  // A new corner stands in the middle of the longest side.
  add.addEventListener('click', () => {
    const points = corners.map((corner) => corner.get());
    const sides = points.map((point, index) => [index, point, points[(index + 1) % points.length]]);
    const length = ([, [ax, ay], [bx, by]]) => Math.hypot(bx - ax, by - ay) || 0;
    const [index, [ax, ay], [bx, by]] = sides.reduce((best, side) => (length(side) > length(best) ? side : best), sides[0] ?? [0, [0.4, 0.5], [0.6, 0.5]]);
    corners.splice(index + 1, 0, made([Math.round((ax + bx) * 5e3) / 1e4, Math.round((ay + by) * 5e3) / 1e4], corners.length));
    show();
  });

  handle = context.board.add({
    kind: schema.format === 'line' ? 'line' : 'polygon',
    label: context.title ?? (() => context.label),
    points: () => corners.map((corner) => corner.get()),
    move: (index, point) => corners[index].set(point),
  });
  rows.addEventListener('input', handle.redraw);
  show();
  const node = el('div', { className: 'field' }, el('span', { className: 'field-label' }, context.label),
    schema.description ? el('span', { className: 'hint' }, String(schema.description)) : null,
    el('details', { className: 'schema' }, el('summary', {}, 'Corners as numbers'), rows, add));
  return {
    node,
    redraw: handle.redraw,
    read() {
      if (corners.length < least) throw new Error(`${context.path} needs at least ${least} corners`);
      return corners.map((corner, index) => checked(corner.get(), `${context.path}[${index}]`));
    },
    close: handle.remove,
  };
}
