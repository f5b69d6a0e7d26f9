// One camera's tile: live picture, what is drawn on it, and how the camera does.

import { connect } from './api.js';
import { editCalibration } from './calibration.js';
import { count, el, setText } from './dom.js';
import { drawFrame, Trails } from './draw.js';
import { plateStrip } from './plates.js';

// Few heights, so that viewers share encoded pictures.
const HEIGHTS = [240, 360, 540, 720, 1080];
const STATES = {
  live: ['good', 'live'],
  connecting: ['idle', 'connecting'],
  stalled: ['warn', 'stalled'],
  failed: ['bad', 'failed'],
  ended: ['idle', 'ended'],
};

export function cameraTile(camera, { layers, onEvent, onGap }) {
  const canvas = el('canvas', { width: 640, height: 360, ariaHidden: 'true' });
  const veilText = el('span');
  const veilNote = el('small');
  const veil = el('span', { className: 'veil' }, veilText, veilNote);
  const stage = el('button', { className: 'stage', type: 'button', ariaLabel: `Enlarge ${camera.name}` }, canvas, veil);
  const chip = el('span', { className: 'chip' });
  const rate = el('b');
  const objects = el('b', {}, '0');
  const drops = el('b');
  const viewers = el('b');
  const viewersWord = el('span');
  const source = el('span', { className: 'mono' });
  const calibrate = el('button', { className: 'button small', type: 'button', title: 'Where the picture lies on the ground' }, 'Calibrate…');
  const measures = el('div', { className: 'measures', hidden: true });
  const plates = plateStrip(camera);
  const node = el('article', { className: 'tile', dataset: { camera: camera.name } },
    stage,
    el('div', { className: 'tile-head' }, el('h3', {}, camera.name), calibrate, chip),
    el('div', { className: 'tile-facts' }, el('span', {}, rate, ' fps'), el('span', {}, objects, ' tracks'),
      el('span', { title: 'Frames that were dropped because newer ones were there' }, drops, ' dropped'),
      el('span', {}, viewers, ' ', viewersWord), source),
    measures, plates.node);

  const context = canvas.getContext('2d', { alpha: false });
  const trails = new Trails();
  let socket = null;
  let height = 0;
  let message = null; // the frame whose picture comes next
  let shown = null; // { picture, message } on the canvas
  let decoding = false;
  let waiting = null;

  const paint = () => {
    if (shown) drawFrame(context, shown.picture, shown.message, { trails, layers: layers(), ratio: canvas.width / canvas.clientWidth || 1 });
  };

  const fit = () => {
    if (!shown) return;
    const ratio = Math.min(2, window.devicePixelRatio || 1);
    const wide = Math.max(1, Math.round(canvas.clientWidth * ratio));
    const high = Math.max(1, Math.round(canvas.clientHeight * ratio));
    if (canvas.width !== wide || canvas.height !== high) [canvas.width, canvas.height] = [wide, high];
  };

  const show = async (frame, bytes) => {
    // A page that cannot keep up shows the newest picture, not every one.
    if (decoding) {
      waiting = [frame, bytes];
      return;
    }
    decoding = true;
    try {
      const picture = await createImageBitmap(new Blob([bytes], { type: 'image/jpeg' }));
      shown?.picture.close();
      if (!shown) {
        stage.style.aspectRatio = `${frame.width} / ${frame.height}`;
        stage.style.setProperty('--aspect', frame.width / frame.height);
      }
      shown = { picture, message: frame };
      veil.hidden = true;
      fit();
      paint();
      canvas.dataset.frame = frame.frame;
    } catch (error) {
      console.warn(`${camera.name}: a picture could not be decoded`, error);
    }
    decoding = false;
    if (waiting) {
      const next = waiting;
      waiting = null;
      show(...next);
    }
  };

  const showMeasurements = (list) => {
    measures.hidden = list.length === 0;
    while (measures.children.length > list.length) measures.lastChild.remove();
    list.forEach(({ rule, name, value }, index) => {
      let item = measures.children[index];
      if (!item) measures.append((item = el('span', { className: 'measure' }, el('span'), ' ', el('b'))));
      item.title = rule;
      setText(item.children[0], name);
      setText(item.children[1], Number.isInteger(value) ? count(value) : value.toFixed(2));
    });
  };

  const onMessage = (data) => {
    if (typeof data !== 'string') {
      if (message) show(message, data);
      message = null;
      return;
    }
    const parsed = JSON.parse(data);
    if (parsed.type === 'frame') {
      message = parsed;
      trails.take(parsed.tracks);
      setText(objects, String(parsed.tracks.length));
      showMeasurements(parsed.measurements);
    } else if (parsed.type === 'event') {
      onEvent(parsed);
    } else if (parsed.type === 'dropped') {
      onGap(parsed.events, camera.name);
    }
  };

  const open = () => {
    const wanted = canvas.clientHeight * Math.min(2, window.devicePixelRatio || 1);
    height = HEIGHTS.find((each) => each >= wanted * 0.9) ?? HEIGHTS.at(-1);
    socket?.close();
    socket = connect(`ws/v1/cameras/${encodeURIComponent(camera.name)}`, { height, quality: 80 }, {
      message: onMessage,
      state: (state) => {
        node.dataset.socket = state;
      },
    });
  };

  stage.addEventListener('click', () => {
    node.classList.toggle('wide');
    stage.ariaLabel = node.classList.contains('wide') ? `Shrink ${camera.name}` : `Enlarge ${camera.name}`;
    requestAnimationFrame(() => {
      node.scrollIntoView({ block: 'nearest' });
      fit();
      paint();
      open();
    });
  });
  const observer = new ResizeObserver(() => {
    fit();
    paint();
  });
  observer.observe(canvas);

  let latest = camera;
  calibrate.addEventListener('click', () => editCalibration(latest));

  let dimmed = 0;
  return {
    node,
    open: () => {
      if (!socket) open();
    },
    pause() {
      socket?.close();
      socket = null;
    },
    repaint: paint,
    pulse() {
      node.classList.add('lit');
      clearTimeout(dimmed);
      dimmed = setTimeout(() => node.classList.remove('lit'), 900);
    },
    update(status) {
      latest = status;
      plates.update(status);
      const [tone, word] = STATES[status.state.kind] ?? ['idle', status.state.kind];
      chip.dataset.tone = tone;
      setText(chip, word);
      setText(rate, status.frame_rate.toFixed(1));
      setText(drops, count(status.dropped));
      setText(viewers, count(status.viewers));
      setText(viewersWord, status.viewers === 1 ? 'viewer' : 'viewers');
      setText(source, status.source);
      const down = status.state.kind !== 'live';
      veil.hidden = shown !== null && !down;
      setText(veilText, down ? { connecting: 'Connecting…', stalled: 'No pictures for a while', failed: 'Source failed', ended: 'Source ended' }[status.state.kind] ?? word : 'Waiting for the first picture…');
      setText(veilNote, status.state.reason ?? status.state.note ?? '');
    },
    close() {
      observer.disconnect();
      plates.close();
      socket?.close();
    },
  };
}
