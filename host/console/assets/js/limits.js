// What a rule may use, beside what it uses.

import { bytes, count, el, micros, rebuilt } from './dom.js';
import { ON_FAILURE } from './words.js';

/** Every limit: its key in the API, what it is called, its unit, its range, its default. */
export const LIMITS = [
  ['call_ms', 'Processor time of a call', 'ms', 1, 1000, 10],
  ['call_ms_per_second', 'Call time a second', 'ms', 1, 1000, 200],
  ['setup_ms', 'Processor time of its start', 'ms', 10, 30000, 1000],
  ['memory_kib', 'Memory', 'KiB', 64, 1048576, 65536],
  ['events', 'Events a call', '', 1, 100000, 1000],
  ['output_kib', 'Output of a call', 'KiB', 1, 65536, 1024],
  ['state_kib', 'Saved state', 'KiB', 1, 1024, 1024],
  ['values_kib', 'Values under keys', 'KiB', 1, 65536, 1024],
  ['log_kib_per_second', 'Log a second', 'KiB', 0, 1024, 64],
];

const worst = (rule, key) => Math.max(0, ...rule.cameras.map((each) => each[key]));
const sum = (rule, key) => rule.cameras.reduce((total, each) => total + each[key], 0);

/** Call time in milliseconds a second since the reading before, of the busiest instance. */
function busy(before, rule, now) {
  if (!before || now <= before.at) return null;
  const rates = rule.cameras.map((each) => {
    const known = before.cameras.get(each.camera);
    return known === undefined || each.call_seconds < known ? 0 : ((each.call_seconds - known) * 1e6) / (now - before.at);
  });
  return Math.max(0, ...rates);
}

/** What is used of a limit: `[share 0..1 or null, words]`. */
function use(key, limit, rule, busyMs) {
  const KIB = 1024;
  const of = (used, words) => [limit ? used / limit : 0, words];
  switch (key) {
    case 'call_ms': return of(worst(rule, 'p99_us') / 1000, `${micros(worst(rule, 'p99_us'))} (p99)`);
    case 'call_ms_per_second': return busyMs === null ? [null, '…'] : of(busyMs, `${busyMs.toFixed(1)} ms`);
    case 'memory_kib': return of(worst(rule, 'memory_bytes') / KIB, bytes(worst(rule, 'memory_bytes')));
    case 'state_kib': return of(worst(rule, 'state_bytes') / KIB, bytes(worst(rule, 'state_bytes')));
    case 'values_kib': return of(worst(rule, 'values_bytes') / KIB, bytes(worst(rule, 'values_bytes')));
    default: return [null, '–'];
  }
}

const BROKEN = {
  call_ms: ['deadline_misses', 'stopped'],
  call_ms_per_second: ['throttled', 'frames missed'],
  events: ['limit_breaches', 'calls over a limit'],
  log_kib_per_second: ['log_lines_dropped', 'lines dropped'],
};

function row(rule, [key, title, unit], busyMs) {
  const limit = rule.limits[key];
  const [share, words] = use(key, limit, rule, busyMs);
  const [counter, what] = BROKEN[key] ?? [];
  const broken = counter ? sum(rule, counter) : 0;
  const shown = unit === 'KiB' ? bytes(limit * 1024) : `${count(limit)}${unit && ` ${unit}`}`;
  const meter = share === null ? null : el('meter', { min: 0, max: 1, low: 0.6, high: 0.85, optimum: 0, value: Math.min(1, share), ariaLabel: `${title}: ${words} of ${shown}` });
  return el('tr', {}, el('th', { scope: 'row' }, title), el('td', {}, shown), el('td', {}, words), el('td', {}, meter),
    el('td', { className: broken ? 'bad' : '' }, counter ? `${count(broken)} ${what}` : ''));
}

/** The panel of a rule. */
export function limitsPanel(name) {
  const body = el('tbody');
  const policy = el('p', { className: 'hint' });
  let before = null;
  let busyMs = null;
  const head = ['Limit', 'May', 'Uses', '', 'Broken'].map((text) => el('th', { scope: 'col' }, text));
  return {
    title: 'Limits',
    node: el('div', { className: 'stack' }, el('div', { className: 'table-wrap' }, el('table', { className: 'limits' }, el('caption', { className: 'visually-hidden' }, `Limits of ${name}, and what its busiest instance uses`), el('thead', {}, el('tr', {}, head)), body)), policy),
    update(rule) {
      const now = performance.now();
      if (!before || now - before.at > 1500) {
        busyMs = busy(before, rule, now);
        before = { at: now, cameras: new Map(rule.cameras.map((each) => [each.camera, each.call_seconds])) };
      }
      rebuilt(body, [rule.limits, rule.cameras, busyMs], () => LIMITS.map((limit) => row(rule, limit, busyMs)));
      rebuilt(policy, rule.on_failure, () => [el('b', {}, 'After a fatal failure: '), `${ON_FAILURE[rule.on_failure] ?? rule.on_failure}.`]);
    },
  };
}
