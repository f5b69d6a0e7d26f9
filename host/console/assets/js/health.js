// How a rule does on each camera.

import { bytes, count, el, micros, rebuilt, setText } from './dom.js';

const COUNTS = ['deadline_misses', 'traps', 'strikes'];

/** The panel of a rule. */
export function healthPanel() {
  const body = el('tbody');
  const lastError = el('p', { className: 'last-error', hidden: true });
  const more = el('p', { className: 'hint' });
  const head = ['Camera', 'Calls', 'p50', 'p99', 'Late', 'Traps', 'Strikes'].map((title) => el('th', { scope: 'col' }, title));
  return {
    title: 'Health',
    node: el('div', { className: 'stack' }, el('div', { className: 'table-wrap' }, el('table', {}, el('thead', {}, el('tr', {}, head)), body)), more, lastError),
    update(rule) {
      rebuilt(body, rule.cameras, () => rule.cameras.map((each) => el('tr', {}, el('td', {}, each.camera), el('td', {}, count(each.calls)),
        el('td', {}, micros(each.p50_us)), el('td', {}, micros(each.p99_us)),
        ...COUNTS.map((key) => el('td', { className: each[key] ? 'bad' : '' }, count(each[key]))))));
      const sum = (key) => rule.cameras.reduce((total, each) => total + each[key], 0);
      const further = [[sum('events'), 'events'], [sum('skipped'), 'frames not seen'], [sum('refusals'), 'calls answered with an error'], [sum('restarts'), 'restarts'],
        [sum('messages_dropped'), 'messages not heard']].filter(([number], index) => index === 0 || number).map(([number, what]) => `${count(number)} ${what}`);
      if (rule.scope === 'site') further.unshift(`one instance for ${rule.watches.join(', ')}`);
      setText(more, [...further, `${bytes(sum('memory_bytes'))} of memory`].join(' · '));
      const failing = rule.cameras.find((each) => each.last_error);
      lastError.hidden = !failing;
      setText(lastError, failing ? `${failing.camera}: ${failing.last_error}` : '');
    },
  };
}
