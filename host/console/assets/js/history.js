// What became of plugin versions: a time line, live.

import { api, connect } from './api.js';
import { $, chip, count, el, moment, press, rebuilt, setText, short, toast } from './dom.js';
import { CAUSES, VERSION_STATES } from './words.js';

const PAGE = 200;
const KEPT = 2000;
let transitions = []; // newest first
let next = null;
let listeners = [];
const filter = $('history-rule');

/** `listener()` is called after each change of the time line. */
export function onHistory(listener) {
  listeners.push(listener);
}

/** The newest transition of a rule that `matches`. */
export const newest = (rule, matches) => transitions.find((each) => each.rule === rule && matches(each));

/** Versions of a rule that wait for the operator: since its last change, the newest first. */
export function waitingFor(rule) {
  const last = newest(rule.name, (each) => each.state === 'active')?.sequence ?? 0;
  const waiting = transitions.filter((each) => each.rule === rule.name && each.state === 'waiting' && each.sequence > last && each.digest !== rule.plugin.digest);
  return waiting.filter((each, index) => waiting.findIndex((other) => other.digest === each.digest) === index);
}

/** Whether a rule's shadow was started and not ended, as far as the log knows; shadows end with the host, unlogged. */
export const shadowStarted = (rule) => newest(rule, (each) => each.cause === 'shadow' && each.state !== 'refused' && each.state !== 'waiting')?.state === 'shadow';

/** Which start of a rule's shadow is the newest. */
export const shadowSequence = (rule) => newest(rule, (each) => each.state === 'shadow')?.sequence ?? 0;

function row(transition, withRule) {
  const [tone, word] = VERSION_STATES[transition.state] ?? ['idle', transition.state];
  const what = [withRule ? transition.rule : null, transition.plugin === transition.rule && withRule ? null : transition.plugin, transition.version || null].filter(Boolean).join(' ');
  return el('li', { className: `moment tone-${tone}`, dataset: { sequence: transition.sequence, state: transition.state } },
    el('time', { dateTime: new Date(transition.time_us / 1000).toISOString() }, moment(transition.time_us)),
    el('div', {}, el('span', { className: 'what' }, what || 'a plugin'), transition.digest ? el('span', { className: 'mono soft' }, ` ${short(transition.digest)}`) : null, ' ', chip(tone, word),
      el('p', { className: 'why' }, CAUSES[transition.cause] ?? transition.cause),
      transition.detail ? el('p', { className: 'detail' }, transition.detail) : null));
}

/** A time line of one rule, or of all where `rule` is empty. `update()` shows what is new. */
export function timeline(rule) {
  const list = el('ol', { className: 'timeline', ariaLabel: rule ? `History of ${rule}, newest first` : 'History, newest first' });
  const empty = el('p', { className: 'empty' }, 'Nothing has happened yet.');
  let wanted = rule ?? '';
  const update = () => {
    const shown = transitions.filter((each) => !wanted || each.rule === wanted);
    empty.hidden = shown.length > 0;
    rebuilt(list, [wanted, shown.map((each) => each.sequence)], () => shown.map((each) => row(each, !wanted)));
  };
  return {
    node: el('div', { className: 'timeline-box' }, list, empty),
    update,
    only(name) {
      wanted = name;
      update();
    },
  };
}

function changed() {
  transitions.sort((a, b) => b.sequence - a.sequence);
  if (transitions.length > KEPT) transitions.length = KEPT;
  listeners.forEach((listener) => listener());
}

function merge(page) {
  const known = new Map([...transitions, ...page].map((each) => [each.sequence, each]));
  transitions = [...known.values()];
  changed();
}

/** What an operator must know at once. */
function tell({ state, rule, plugin, version, cause, detail }) {
  const what = [rule ?? plugin, version].filter(Boolean).join(' ');
  if (state === 'quarantined') toast('bad', `${what} is in quarantine`, `${CAUSES[cause] ?? cause}. ${detail}`);
  if (state === 'waiting') toast('warn', `${what} waits for your word`, detail);
}

async function older() {
  if (next === null) return;
  const page = await api.transitions({ limit: PAGE, cursor: next });
  next = page.next;
  merge(page.transitions);
}

/** Offers the rules by name in the filter. */
export function offerRules(names) {
  rebuilt(filter, names, () => {
    queueMicrotask(() => filter.dispatchEvent(new Event('input')));
    return [el('option', { value: '' }, 'All rules'), ...names.map((name) => el('option', { value: name }, name))];
  });
}

/** Starts the time line. `onChange()` is told where the rules may have changed. */
export function startHistory(onChange) {
  const all = timeline('');
  const more = press('Older', '', 'older history cannot be read', older);
  $('history-list').append(all.node, more);
  filter.addEventListener('input', () => all.only(filter.value));
  onHistory(() => {
    all.update();
    more.hidden = next === null || transitions.length >= KEPT;
    setText($('history-count'), transitions.length ? `${count(transitions[0].sequence)} in all` : '');
  });
  return connect('ws/v1/transitions', {}, {
    message(data) {
      const { type, ...transition } = JSON.parse(data);
      if (type === 'dropped') recall().catch((error) => console.warn('the history could not be recalled', error));
      if (type !== 'transition') return;
      tell(transition);
      merge([transition]);
      onChange();
    },
    state(state) {
      if (state === 'open') recall().catch((error) => console.warn('the history could not be recalled', error));
    },
  });
}

/** The newest page; what came live meanwhile stays. */
async function recall() {
  const newestKnown = transitions[0]?.sequence ?? 0;
  const page = await api.transitions({ limit: PAGE });
  // A new database begins anew at 1.
  if ((page.transitions[0]?.sequence ?? 0) < newestKnown) transitions = [];
  if (next === null || transitions.length === 0) next = page.next;
  merge(page.transitions);
}
