// Tabs, by the keyboard too: arrows, Home and End go from one to the next.

import { el, setText } from './dom.js';

let made = 0;

/** `panels` maps a key to `{ title, node }`. `onSelect(key)` is told what is shown. */
export function tabs(label, panels, onSelect) {
  const id = `tabs-${(made += 1)}`;
  const keys = Object.keys(panels);
  let selected = keys[0];
  const buttons = new Map();
  const marks = new Map();
  for (const key of keys) {
    const mark = el('span', { className: 'mark', hidden: true });
    const button = el('button', { type: 'button', role: 'tab', id: `${id}-${key}`, ariaControls: `${id}-${key}-panel`, className: 'tab', dataset: { tab: key } }, panels[key].title, mark);
    button.addEventListener('click', () => select(key));
    Object.assign(panels[key].node, { id: `${id}-${key}-panel`, tabIndex: 0 });
    panels[key].node.setAttribute('role', 'tabpanel');
    panels[key].node.setAttribute('aria-labelledby', button.id);
    panels[key].node.classList.add('tab-panel');
    buttons.set(key, button);
    marks.set(key, mark);
  }
  const list = el('div', { role: 'tablist', ariaLabel: label, className: 'tabs' }, ...buttons.values());
  list.addEventListener('keydown', (event) => {
    const at = keys.indexOf(selected);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: keys.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    select(keys[(to + keys.length) % keys.length]);
    buttons.get(selected).focus();
  });

  function show() {
    for (const [key, button] of buttons) {
      const on = key === selected;
      button.setAttribute('aria-selected', String(on));
      button.tabIndex = on ? 0 : -1;
      panels[key].node.hidden = !on;
    }
  }

  function select(key) {
    selected = key;
    show();

    onSelect(key);
  }
  show();

  return {
    list,
    select,
    selected: () => selected,
    /** A few letters beside a title; nothing takes them away. */
    mark(key, text) {
      marks.get(key).hidden = !text;
      setText(marks.get(key), text ?? '');
    },
  };
}
