// The versions of a rule's plugin: what runs, what ran before, what waits or is in quarantine.

import { api } from './api.js';
import { chip, el, moment, press, rebuilt, short } from './dom.js';
import { waitingFor } from './history.js';
import { activate, consent, rollBack } from './lifecycle.js';
import { formerOf, named, pluginOf, versionsOf } from './site.js';
import { powerTitle } from './words.js';

/** What is known of each version: those that are uploaded, and those that ran and are deleted. */
function listed(rule, shadowDigest) {
  const uploaded = versionsOf(rule.plugin.name);
  const deleted = rule.previous.filter((digest) => !pluginOf(digest)).map((digest) => ({ digest, version: 'deleted', powers: [], isDeleted: true }));
  return [...uploaded, ...deleted].map((plugin) => ({
    plugin,
    isActive: plugin.digest === rule.plugin.digest,
    isShadow: plugin.digest === shadowDigest,
    before: rule.previous.indexOf(plugin.digest),
    quarantine: rule.quarantined.find((version) => version.digest === plugin.digest)?.reason ?? null,
    waits: waitingFor(rule).find((each) => each.digest === plugin.digest)?.detail ?? null,
    asksFor: plugin.powers.filter((power) => !rule.asks.includes(power)),
  }));
}

function facts({ plugin, asksFor }) {
  if (plugin.isDeleted) return 'It was deleted and cannot come back.';
  const parts = [`uploaded ${moment(plugin.uploaded_us)}`, plugin.signer ? `signed by ${plugin.signer}` : 'unsigned'];
  if (asksFor.length) parts.push(`asks also for: ${asksFor.map(powerTitle).join(', ').toLowerCase()}`);
  return parts.join(' · ');
}

function versionRow(rule, version, onShadow) {
  const { plugin, isActive, isShadow, before, quarantine, waits } = version;
  const name = rule.name;
  const may = rule.declared !== 'config';
  const buttons = [];
  if (waits && may) buttons.push(press('Decide…', 'primary', `${name} was not switched`, () => consent(name, plugin.digest, waits)));
  else if (!isActive && !plugin.isDeleted && may) buttons.push(press('Activate', '', `${name} was not switched`, () => activate(name, plugin.digest)));
  if (!isActive && !isShadow && !plugin.isDeleted) {
    buttons.push(press('Shadow', '', `no shadow of ${name} was started`, async () => {
      await api.startShadow(name, plugin.digest);
      onShadow();
    }));
  }
  return el('li', { className: 'version-row', dataset: { version: plugin.digest } },
    el('div', { className: 'version-what' }, el('b', {}, plugin.version), ' ', el('span', { className: 'mono soft', title: plugin.digest }, short(plugin.digest)),
      isActive ? chip('good', 'active') : null, isShadow ? chip('idle', 'shadow') : null, waits ? chip('warn', 'waits for your word') : null,
      quarantine ? chip('bad', 'in quarantine') : null, before === 0 ? chip('idle', 'ran before') : before > 0 ? chip('idle', `ran ${before + 1} changes before`) : null),
    el('div', { className: 'actions' }, buttons),
    el('p', { className: 'hint' }, facts(version)),
    quarantine ? el('p', { className: 'last-error' }, quarantine) : null);
}

/** The panel of a rule. `shadow()` gives the digest that runs as its shadow; `onShadow()` is told of a new one. */
export function versionsPanel(name, { shadow, onShadow }) {
  const list = el('ul', { className: 'versions', ariaLabel: `Versions for ${name}` });
  const back = el('div', { className: 'actions' });
  return {
    title: 'Versions',
    node: el('div', { className: 'stack' }, back, list),
    update(rule) {
      const versions = listed(rule, shadow());
      rebuilt(list, [versions, rule.declared], () => versions.map((version) => versionRow(rule, version, onShadow)));
      const former = formerOf(rule);
      back.hidden = rule.declared === 'config';
      rebuilt(back, [former, former && named(former)], () => [former
        ? press(`Roll back to ${named(former)}`, '', `${name} was not rolled back`, () => rollBack(name, former))
        : el('p', { className: 'hint' }, 'No version ran before this one, or all that did are in quarantine: there is nothing to roll back to.')]);
    },
  };
}
