// Events, newest first: the last ones from the log, then as they come.

import { api, connect } from './api.js';
import { $, clock, count, el, setText } from './dom.js';

const KEPT = 300;
const list = $('event-list');
const filters = $('event-filters');
let events = []; // newest first; { sequence, … } or { gap: n }
let total = 0;

const words = (event) => [event.camera, event.rule, event.kind, event.track, ...Object.entries(event.attributes).flat()].join(' ').toLowerCase();

function wanted(event) {
  if (event.gap) return true;
  const camera = filters.camera.value;
  const text = filters.text.value.trim().toLowerCase();
  if (camera && event.camera !== camera) return false;
  return text.split(/\s+/).every((word) => words(event).includes(word));
}

function row(event) {
  if (event.gap) return el('li', { className: 'event gap' }, `${count(event.gap)} events were not shown: this page was too slow. They are in the log.`);
  const attributes = Object.entries(event.attributes).map(([key, value]) => el('span', { className: 'tag' }, `${key}: ${value}`));
  const time = el('time', {}, clock(event.time_us));
  time.title = `frame ${event.frame}`;
  const track = event.track === null ? '' : ` · ID:${event.track}`;
  const rule = event.rule === event.kind ? '' : event.rule;
  return el('li', { className: 'event', dataset: { sequence: event.sequence, kind: event.kind } },
    time, el('span', {}, el('span', { className: 'what' }, event.kind), el('span', { className: 'where' }, `${event.camera}${track}`)),
    el('span', { className: 'facts-of' }, attributes, el('span', { className: 'where' }, rule)));
}

function render() {
  list.replaceChildren(...events.filter(wanted).map(row));
  setText($('no-events'), events.length ? 'No event matches the filter.' : 'Nothing has happened yet.');
  setText($('event-count'), total ? `${count(total)} in all` : '');
}

/** Takes one event, in whatever order it comes; one that is known already is ignored. */
function take(event) {
  const newest = events.find((each) => !each.gap);
  if (newest && event.sequence <= newest.sequence) return false;
  events.unshift(event);
  if (events.length > KEPT) events.length = KEPT;
  total = Math.max(total, event.sequence);
  setText($('event-count'), `${count(total)} in all`);
  if (!wanted(event)) return true;
  const node = row(event);
  node.classList.add('fresh');
  list.prepend(node);
  while (list.children.length > KEPT) list.lastChild.remove();
  return true;
}

/** Starts the list. `onEvent` is told of every new one, `onState` of the connection. */
export function startEvents({ onEvent, onState }) {
  const recall = async () => {
    const page = await api.events({ order: 'newest', limit: 100 });
    // Some may have come live meanwhile, and a gap is filled by what the log gives.
    const known = new Map([...events.filter((event) => !event.gap), ...page].map((event) => [event.sequence, event]));
    events = [...known.values()].sort((a, b) => b.sequence - a.sequence).slice(0, KEPT);
    total = Math.max(total, events[0]?.sequence ?? 0);
    render();
  };
  filters.addEventListener('input', render);
  filters.addEventListener('submit', (event) => event.preventDefault());
  return connect('ws/v1/events', {}, {
    message(data) {
      const message = JSON.parse(data);
      if (message.type === 'event') {
        if (take(message)) onEvent(message);
      } else if (message.type === 'dropped') {
        events.unshift({ gap: message.events });
        render();
      }
    },
    state(state) {
      onState(state);
      if (state === 'open') recall().catch((error) => console.warn('events could not be recalled', error));
    },
  });
}

/** Offers the cameras by name in the filter. */
export function offerCameras(names) {
  const select = filters.camera;
  const offered = [...select.options].slice(1).map((option) => option.value);
  if (offered.join('\n') === names.join('\n')) return;
  const chosen = select.value;
  select.replaceChildren(select.options[0], ...names.map((name) => el('option', { value: name }, name)));
  select.value = names.includes(chosen) ? chosen : '';
}
