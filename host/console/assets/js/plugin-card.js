// An uploaded version of a plugin.

import { api } from './api.js';
import { bytes, el, moment, press, pretty, rebuilt, setText, short } from './dom.js';
import { activate } from './lifecycle.js';
import { editRule } from './rule-form.js';
import { refresh, site } from './site.js';
import { powerTitle } from './words.js';

function actionsOf(plugin, rules) {
  const remove = press('Delete', 'danger push', 'it was not deleted', async () => {
    if (!confirm(`Delete ${plugin.name} ${plugin.version}? No rule can go back to it then.`)) return;
    await api.removePlugin(plugin.digest);
    await refresh();
  });
  return [...rules.map((rule) => press(`Activate on ${rule}`, 'primary', `${rule} was not switched`, () => activate(rule, plugin.digest))),
    press('Bind…', '', 'it cannot be bound', () => editRule(null, plugin.digest).then(refresh)),
    plugin.used_by.length ? null : remove].filter(Boolean);
}

export function pluginCard(first) {
  const version = el('span', { className: 'version' });
  const facts = el('p', { className: 'version' });
  const powers = el('p', { className: 'version' });
  const actions = el('div', { className: 'actions' });
  const schema = el('pre');
  const node = el('article', { className: 'card', dataset: { digest: first.digest } },
    el('div', { className: 'card-head' }, el('h3', {}, first.name), version),
    el('p', { className: 'summary' }, first.summary), facts, powers,
    el('details', { className: 'schema' }, el('summary', {}, 'Settings it takes'), schema), actions);
  return {
    node,
    update(plugin) {
      setText(version, `${plugin.version} · ${short(plugin.digest)}`);
      version.title = plugin.digest;
      const use = plugin.used_by.length ? `runs as ${plugin.used_by.join(', ')}` : 'not in use';
      setText(facts, [`${plugin.scope} scope`, bytes(plugin.size_bytes), `contract ${plugin.abi}`, plugin.signer ? `signed by ${plugin.signer}` : 'unsigned', `uploaded ${moment(plugin.uploaded_us)}`, use].join(' · '));
      powers.hidden = plugin.powers.length === 0;
      setText(powers, `Asks for: ${plugin.powers.map(powerTitle).join(', ').toLowerCase()}`);
      rebuilt(schema, plugin.settings_schema, () => [pretty(plugin.settings_schema)]);
      const switchable = site.rules.filter((rule) => rule.plugin.name === plugin.name && rule.plugin.digest !== plugin.digest && rule.declared !== 'config');
      const names = switchable.map((rule) => rule.name);
      rebuilt(actions, [names, plugin.used_by.length], () => actionsOf(plugin, names));
    },
  };
}
