// What a rule wrote to its log, live.

import { api } from './api.js';
import { clock, el, rebuilt } from './dom.js';

const SHOWN = 500;

function line(each) {
  return el('div', { className: 'log-line', dataset: { level: each.level } }, el('span', { className: 'soft' }, `${clock(each.time_us)} ${each.camera} `), el('b', {}, each.level), ` ${each.message}`);
}

/** The panel of a rule. */
export function logPanel(name) {
  const lines = el('div', { className: 'log', tabIndex: 0, role: 'log', ariaLive: 'off', ariaLabel: `Log of ${name}` });
  return {
    title: 'Log',
    node: el('div', {}, lines),
    async update() {
      const all = await api.ruleLog(name);
      const isAtEnd = lines.scrollHeight - lines.scrollTop - lines.clientHeight < 24;
      rebuilt(lines, [all.length, all.at(-1)], () => (all.length ? all.slice(-SHOWN).map(line) : [el('p', { className: 'hint' }, 'It has written nothing.')]));
      if (isAtEnd) lines.scrollTop = lines.scrollHeight;
    },
  };
}
