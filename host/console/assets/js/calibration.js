// The dialog that says where a camera's picture lies on the ground: places in the picture, each with its metres, tried by
// the host before they are saved.

import { api } from './api.js';
import { problemText } from './dialog.js';
import { el, openDialog, pretty, press, setText, toast } from './dom.js';
import { pictureBoard } from './picture-board.js';

const LEAST = 4;
const MOST = 64;
// A person who drags a point is not asked about every step.
const PATIENCE_MS = 250;

const metres = (number) => (number < 0.995 ? `${(number * 100).toFixed(0)} cm` : `${Number(number.toFixed(number < 10 ? 2 : 1))} m`);

function numberField(label, value, limits = {}) {
  return el('input', { type: 'number', step: 'any', required: true, ariaLabel: label, value: value === undefined ? '' : String(value), ...limits });
}

/** One place: where the picture shows it, and where it is. `changed()` is called after every change. */
function pointRow({ picture, ground = [] }, changed) {
  let index = 0;
  const share = { min: 0, max: 1 };
  const fields = {
    picture: [numberField('x in the picture, 0 to 1', picture[0], share), numberField('y in the picture, 0 to 1', picture[1], share)],
    ground: [numberField('first axis, metres', ground[0]), numberField('second axis, metres', ground[1])],
  };
  const off = el('td', { className: 'off' });
  const number = el('th', { scope: 'row' });
  const remove = el('button', { className: 'icon-button', type: 'button', ariaLabel: 'Remove point' }, '×');
  const cells = [...fields.picture, ...fields.ground].map((field) => el('td', {}, field));
  const node = el('tr', {}, number, cells, off, el('td', {}, remove));
  const read = (of) => fields[of].map((field) => (field.value === '' ? NaN : Number(field.value)));
  node.addEventListener('input', changed);
  return {
    node,
    remove,
    shape: {
      kind: 'point',
      label: () => `${index + 1}`,
      points: () => [read('picture')],
      move(_, to) {
        fields.picture.forEach((field, axis) => {
          field.value = String(to[axis]);
        });
        changed();
      },
    },
    number(to) {
      index = to;
      setText(number, `${to + 1}`);
      node.dataset.point = to;
    },
    read: () => ({ picture: read('picture'), ground: read('ground') }),
    focus: () => fields.ground[0].focus(),
    show(text, tone) {
      setText(off, text);
      off.dataset.tone = tone;
    },
  };
}

/** What the host says of the points, in words. */
function verdict({ residual_m: residual, left_out: leftOut, spacing_m: spacing }) {
  const words = [residual === null
    ? 'Four points always agree; a fifth would tell how well.'
    : `The points agree within ${metres(residual)}.`];
  for (const index of leftOut) words.push(`Point ${index + 1} contradicts the others and would be left out.`);
  words.push(`The lines are ${metres(spacing)} apart: they must lie on the ground where you expect them.`);
  return words.join(' ');
}

/** Opens the dialog for a camera as `GET /cameras` gives it; resolves when it is closed. */
export function editCalibration(camera) {
  const given = camera.calibration?.given ?? {};
  const declared = camera.declared === 'config';
  const rows = [];
  const body = el('tbody');
  const said = el('p', { className: 'trial', role: 'status' });
  const error = el('p', { className: 'form-error', role: 'alert', hidden: true });
  const text = el('pre');
  const save = el('button', { className: 'button primary', type: 'submit', disabled: true }, 'Save');
  const add = el('button', { className: 'button small', type: 'button' }, 'Add point');
  const board = pictureBoard({ hint: 'Click a place on the ground to add a point. Drag it, or focus it and use the arrow keys.', place: (at) => append({ picture: at }).focus() });
  let timer = 0;
  let asked = 0;

  const points = () => rows.map((row) => row.read());
  const spec = () => {
    // What the page does not edit, such as the lens, stays; a matrix gives way to the points.
    const { homography, ...rest } = given;
    return { ...rest, points: points() };
  };
  const isWhole = () => rows.length >= LEAST && points().every(({ picture, ground }) => [...picture, ...ground].every(Number.isFinite));
  const refuse = (reason) => {
    error.hidden = !reason;
    setText(error, reason ?? '');
  };

  async function check() {
    const turn = (asked += 1);
    const wanted = spec();
    try {
      const trial = await api.checkCalibration(camera.name, wanted);
      if (turn !== asked) return;
      refuse(null);
      setText(said, verdict(trial));
      board.under(trial.lines);
      rows.forEach((row, index) => {
        const off = trial.off_m[index];
        if (off === null || off === undefined) row.show('beyond the map', 'bad');
        else row.show(metres(off), trial.left_out.includes(index) ? 'bad' : 'good');
      });
      save.disabled = declared;
    } catch (problem) {
      if (turn !== asked) return;
      board.under([]);
      setText(said, '');
      rows.forEach((row) => row.show('', 'good'));
      refuse(problemText(problem));
    }
  }

  function changed() {
    rows.forEach((row, index) => {
      row.number(index);
      row.handle?.redraw();
    });
    add.disabled = rows.length >= MOST;
    save.disabled = true;
    setText(text, pretty(isWhole() ? spec() : { points: [] }));
    clearTimeout(timer);
    asked += 1;
    if (isWhole()) {
      timer = setTimeout(check, PATIENCE_MS);
      return;
    }
    refuse(null);
    board.under([]);
    const missing = LEAST - rows.length;
    setText(said, missing > 0 ? `${missing} more ${missing === 1 ? 'point is' : 'points are'} needed, no three of them in a line.` : 'Give every point its metres.');
  }

  function append(point) {
    const row = pointRow(point, changed);
    rows.push(row);
    body.append(row.node);
    row.number(rows.length - 1);
    row.handle = board.add(row.shape);
    row.remove.addEventListener('click', () => {
      rows.splice(rows.indexOf(row), 1);
      row.node.remove();
      row.handle.remove();
      changed();
    });
    changed();
    return row;
  }
  add.addEventListener('click', () => append({ picture: [0.5, 0.5] }).focus());

  const heads = ['', 'Picture x', 'y', 'Ground x, m', 'y, m', 'Off by', ''].map((head) => el('th', { scope: 'col' }, head));
  const table = el('table', { className: 'points' }, el('thead', {}, el('tr', {}, heads)), body);
  const title = el('h2', { id: 'calibration-title' }, `Where ${camera.name} sees the ground`);
  const intro = el('p', { className: 'intro' },
    'Give four or more places that you know both in the picture and on the ground, in metres along two axes at right angles.',
    given.homography ? ' The camera is calibrated by a matrix; points that are saved here take its place.' : '',
    declared ? ' The camera is declared in the configuration file, which is not changed from here: take over what stands under "As JSON".' : '');
  const drop = press('Remove calibration', '', `${camera.name} keeps its calibration`, async () => {
    await api.removeCalibration(camera.name);
    dialog.close();
    toast('good', `${camera.name} is not calibrated any more`);
  });
  drop.hidden = !camera.calibration || declared;
  const form = el('form', { method: 'dialog' }, title, intro,
    el('div', { className: 'settings-body' }, board.node, el('div', { className: 'stack' }, table, add, said, error)),
    el('details', { className: 'schema' }, el('summary', {}, 'As JSON'), text),
    el('div', { className: 'actions' }, drop, el('button', { className: 'button', type: 'button', dataset: { close: '' } }, 'Cancel'), save));
  const dialog = el('dialog', { className: 'wide calibration', ariaLabelledby: 'calibration-title' }, form);
  document.body.append(dialog);

  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    save.disabled = true;
    try {
      const saved = await api.setCalibration(camera.name, spec());
      dialog.close();
      const residual = saved.calibration?.residual_m;
      toast('good', `${camera.name} is calibrated`, residual === null || residual === undefined ? '' : `The points agree within ${metres(residual)}.`);
    } catch (problem) {
      refuse(problemText(problem));
      save.disabled = false;
    }
  });
  (given.points ?? []).forEach(append);
  board.cameras([camera.name]);
  changed();
  openDialog(dialog);
  return new Promise((resolve) => {
    dialog.addEventListener('close', () => {
      clearTimeout(timer);
      asked += 1;
      board.close();
      dialog.remove();
      resolve();
    });
  });
}
