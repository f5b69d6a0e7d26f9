// What a rule asked for and what it was given.

import { api } from './api.js';
import { chip, count, el, press, rebuilt, toast } from './dom.js';
import { askGrants } from './grants.js';
import { refresh, ruleNamed } from './site.js';
import { POWERS } from './words.js';

async function change(name) {
  const rule = ruleNamed(name);
  const done = await askGrants({
    title: `What may ${name} do?`,
    intro: 'It goes on at once with what you say here.',
    asks: rule.asks,
    grants: rule.grants,
    submitLabel: 'Apply',
    send: (grants) => api.activate(name, rule.plugin.digest, grants),
  });
  if (!done) return;
  toast('good', `${name} has new permissions`);
  await refresh();
}

function row(rule, power) {
  const [title, gives] = POWERS[power] ?? [power, ''];
  const isGranted = rule.grants.powers.includes(power);
  const addresses = power === 'webhook' && isGranted ? el('ul', { className: 'addresses' }, rule.grants.webhooks.map((address) => el('li', { className: 'mono' }, address))) : null;
  return el('li', { className: 'grant', dataset: { power, granted: String(isGranted) } }, el('div', { className: 'version-what' }, el('b', {}, title), isGranted ? chip('good', 'granted') : chip('idle', 'not granted')),
    el('p', { className: 'hint' }, gives), addresses);
}

/** The panel of a rule. */
export function permissionsPanel(name) {
  const list = el('ul', { className: 'versions', ariaLabel: `Permissions of ${name}` });
  const denied = el('p', { className: 'hint' });
  const edit = press('Change…', '', `the permissions of ${name} were not changed`, () => change(name));
  const actions = el('div', { className: 'actions' }, edit);
  return {
    title: 'Permissions',
    node: el('div', { className: 'stack' }, list, denied, actions),
    update(rule) {
      rebuilt(list, [rule.asks, rule.grants], () => rule.asks.map((power) => row(rule, power)));
      const refused = rule.cameras.reduce((sum, each) => sum + each.denied, 0);
      rebuilt(denied, [rule.asks.length, refused], () => [rule.asks.length === 0 ? 'This version asks for nothing beyond seeing tracks.'
        : `${count(refused)} outputs wanted something that is not granted; it was left out, and the log says what.`]);
      denied.hidden = rule.asks.length > 0 && refused === 0;
      actions.hidden = rule.declared === 'config' || (rule.asks.length === 0 && rule.grants.powers.length === 0);
    },
  };
}
