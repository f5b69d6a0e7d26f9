// A camera's picture with the shapes of a rule's settings on it, to be dragged or moved by the arrow keys.

import { api } from './api.js';
import { el, setText } from './dom.js';

const SVG = 'http://www.w3.org/2000/svg';
const WIDTH = 1000;
// On the screen, whatever the picture's size there.
const KNOB_PX = 7;
const CAPTION_PX = 13;
const STEP = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

function draw(tag, attributes) {
  const node = document.createElementNS(SVG, tag);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  return node;
}

const clamped = (number) => Math.round(Math.min(1, Math.max(0, number)) * 1e4) / 1e4;

/**
 * `shape` has `kind` (`point`, `line` or `polygon`), `label()`, `points()` as `[x, y]` with 0..1 of the picture, and
 * `move(index, point)`. `add(shape)` gives `{ redraw(), remove() }`. With `place(point)`, which is called where the picture
 * itself is clicked, the board is seen without shapes too.
 */
export function pictureBoard({ hint: advice, place: onPlace } = {}) {
  let height = (WIDTH * 9) / 16;
  const image = el('img', { alt: '', hidden: true });
  const layer = draw('svg', { viewBox: `0 0 ${WIDTH} ${height}`, role: 'group', 'aria-label': 'Shapes of the settings' });
  const ground = draw('g', { class: 'ground' });
  layer.append(ground);
  const note = el('p', { className: 'hint', role: 'status' });
  const frame = el('div', { className: 'board-frame' }, image, layer);
  const camera = el('select', { ariaLabel: 'Camera whose picture is shown' });
  const hint = el('span', { className: 'hint' }, advice ?? 'Drag a corner, or focus it and use the arrow keys; with Shift they go further.');
  const node = el('div', { className: 'board', hidden: !onPlace }, frame, el('div', { className: 'board-foot' }, camera, hint), note);
  const views = new Set();
  let lines = [];
  let isLocked = false;
  let shown = null;
  let url = null;

  const place = ([x, y]) => [x * WIDTH, y * height];
  const at = (event) => {
    const box = layer.getBoundingClientRect();
    return [clamped((event.clientX - box.left) / box.width), clamped((event.clientY - box.top) / box.height)];
  };

  function handle(view, index) {
    const knob = draw('circle', { tabindex: 0, class: 'knob', role: 'button' });
    knob.addEventListener('pointerdown', (event) => {
      event.preventDefault();
      if (isLocked) return;
      knob.setPointerCapture(event.pointerId);
      knob.focus();
    });
    knob.addEventListener('pointermove', (event) => {
      if (knob.hasPointerCapture(event.pointerId)) view.shape.move(index, at(event));
    });
    knob.addEventListener('keydown', (event) => {
      const step = STEP[event.key];
      if (!step || isLocked) return;
      event.preventDefault();
      const [x, y] = view.shape.points()[index];
      const far = event.shiftKey ? 0.02 : 0.002;
      view.shape.move(index, [clamped(x + step[0] * far), clamped(y + step[1] * far)]);
    });
    return knob;
  }

  function redraw(view) {
    const { shape, outline, caption, knobs, group } = view;
    const points = shape.points().filter((point) => point.every(Number.isFinite));
    const scale = WIDTH / (layer.clientWidth || WIDTH);
    while (knobs.length > points.length) knobs.pop().remove();
    while (knobs.length < points.length) {
      const knob = handle(view, knobs.length);
      knobs.push(knob);
      group.append(knob);
    }
    outline.setAttribute('points', points.map((point) => place(point).join(',')).join(' '));
    points.forEach((point, index) => {
      const [x, y] = place(point);
      knobs[index].setAttribute('r', KNOB_PX * scale);
      knobs[index].setAttribute('cx', x);
      knobs[index].setAttribute('cy', y);
      knobs[index].setAttribute('aria-label', `${shape.label()}, ${index + 1} of ${points.length}, at ${point[0]}, ${point[1]}`);
    });
    const centre = [0, 1].map((axis) => points.reduce((sum, point) => sum + place(point)[axis], 0) / Math.max(1, points.length));
    caption.setAttribute('x', centre[0]);
    caption.setAttribute('y', centre[1] - (shape.kind === 'polygon' ? 0 : 10 * scale));
    caption.setAttribute('font-size', CAPTION_PX * scale);
    setText(caption, shape.label());
  }

  function drawGround() {
    ground.replaceChildren(...lines.map((line) => draw('polyline', { points: line.map((point) => place(point).join(',')).join(' ') })));
  }

  if (onPlace) {
    layer.addEventListener('click', (event) => {
      if (!isLocked && !event.target.closest('.knob')) onPlace(at(event));
    });
  }

  async function show(name) {
    shown = name;
    try {
      const picture = await api.snapshot(name);
      if (shown !== name) return;
      if (url) URL.revokeObjectURL(url);
      url = URL.createObjectURL(picture);
      image.src = url;
      await image.decode();
      image.hidden = false;
      height = (WIDTH * image.naturalHeight) / image.naturalWidth;
      layer.setAttribute('viewBox', `0 0 ${WIDTH} ${height}`);
      views.forEach(redraw);
      drawGround();
      setText(note, '');
    } catch (error) {
      image.hidden = true;
      setText(note, `There is no picture of ${name}: ${error.detail ?? error.message}`);
    }
  }
  camera.addEventListener('change', () => show(camera.value));
  new ResizeObserver(() => views.forEach(redraw)).observe(layer);

  return {
    node,
    add(shape) {
      const outline = draw(shape.kind === 'polygon' ? 'polygon' : 'polyline', { class: `outline ${shape.kind}` });
      const caption = draw('text', { class: 'caption', 'text-anchor': 'middle' });
      const group = draw('g', { class: 'shape' });
      group.append(outline, caption);
      layer.append(group);
      const view = { shape, outline, caption, group, knobs: [] };
      views.add(view);
      node.hidden = false;
      redraw(view);
      return {
        redraw: () => redraw(view),
        remove() {
          views.delete(view);
          group.remove();
          node.hidden = views.size === 0 && !onPlace;
        },
      };
    },
    /** Whether the shapes are only looked at. */
    lock(locked) {
      isLocked = locked;
      hint.hidden = locked;
    },
    /** Lines under the shapes that nobody moves: lists of `[x, y]` with 0..1 of the picture. */
    under(drawn) {
      lines = drawn;
      drawGround();
    },
    clear() {
      views.clear();
      layer.replaceChildren(ground);
      node.hidden = !onPlace;
    },
    /** Shows the picture of the first of these cameras, unless one of them is shown already. */
    cameras(names) {
      camera.replaceChildren(...names.map((name) => el('option', { value: name }, name)));
      camera.hidden = names.length < 2;
      if (names.includes(shown)) camera.value = shown;
      else if (names.length) show(names[0]);
    },
    close() {
      shown = null;
      image.hidden = true;
      if (url) URL.revokeObjectURL(url);
      url = null;
    },
  };
}
