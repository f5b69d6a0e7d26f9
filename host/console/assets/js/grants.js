// What a rule may do beyond seeing tracks: what its plugin asks for, and what the operator gives.

import { formDialog } from './dialog.js';
import { chip, el } from './dom.js';
import { POWERS } from './words.js';

let made = 0;

/** What a version asks for and has not got, or what it has. */
function powerChoice(power, { granted, isNew, asked }) {
  const id = `power-${(made += 1)}`;
  const [title, gives] = POWERS[power] ?? [power, ''];
  const box = el('input', { type: 'checkbox', name: 'power', value: power, checked: granted, id, ariaDescribedby: `${id}-gives` });
  const note = isNew ? chip('warn', 'new') : asked ? null : chip('idle', 'not asked for');
  return el('div', { className: 'power' }, box,
    el('div', {}, el('label', { htmlFor: id }, title), ' ', el('code', {}, power), note, el('p', { id: `${id}-gives` }, gives)));
}

/**
 * Checkboxes for every power that is asked for, and the addresses for webhooks. `read()` gives the body's `grants`.
 * `known` are those that the version before asked for; another one is marked as new.
 */
export function grantsFields(asks, grants, known = asks) {
  const extra = grants.powers.filter((power) => !asks.includes(power));
  const choices = [...asks, ...extra].map((power) => powerChoice(power, {
    granted: grants.powers.includes(power), isNew: !known.includes(power), asked: asks.includes(power) }));
  const addresses = el('textarea', { name: 'webhooks', rows: 3, spellcheck: false, autocomplete: 'off', placeholder: 'http://host.example/hooks/' });
  addresses.value = grants.webhooks.join('\n');
  const hooks = el('label', { className: 'webhooks' }, 'Addresses that may be called, one a line',
    addresses, el('span', { className: 'hint' }, 'Each with http or https; what is below it may be called too.'));
  const node = el('div', { className: 'powers' }, choices.length ? choices : el('p', { className: 'hint' }, 'It asks for nothing.'), hooks);
  const mayCall = () => Boolean(node.querySelector('input[value=webhook]:checked'));
  const show = () => {
    hooks.hidden = !mayCall();
  };
  node.addEventListener('change', show);
  show();
  return {
    node,
    read: () => ({
      powers: [...node.querySelectorAll('input[name=power]:checked')].map((box) => box.value),
      webhooks: mayCall() ? addresses.value.split('\n').map((line) => line.trim()).filter(Boolean) : [],
    }),
  };
}

/** Asks what a rule may do. `send(grants)` is done with the answer; resolves to its result, null after Cancel. */
export function askGrants({ title, intro, asks, grants, known, submitLabel, send }) {
  const fields = grantsFields(asks, grants, known);
  return formDialog({ title, intro, body: fields.node, submitLabel, submit: () => send(fields.read()) });
}
