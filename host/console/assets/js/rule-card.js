// A rule's panel: its state, what to do about it, and a tab for each part of its life.

import { api } from './api.js';
import { el, press, setText, short } from './dom.js';
import { healthPanel } from './health.js';
import { timeline, waitingFor } from './history.js';
import { recordRule } from './journal.js';
import { lastResult } from './lifecycle.js';
import { limitsPanel } from './limits.js';
import { logPanel } from './log.js';
import { notices } from './notices.js';
import { permissionsPanel } from './permissions.js';
import { editRule } from './rule-form.js';
import { shadowPanel } from './shadow.js';
import { refresh, ruleNamed } from './site.js';
import { tabs } from './tabs.js';
import { versionsPanel } from './versions.js';
import { RULE_STATES } from './words.js';

const SEVERITY = ['active', 'backing-off', 'quarantined'];

function historyPanel(name) {
  const line = timeline(name);
  return { title: 'History', node: el('div', {}, line.node), update: () => line.update() };
}

/** Tone and word of a rule as a whole. */
function standing(rule) {
  if (rule.failure) return ['bad', 'did not start'];
  const worst = Math.max(0, ...rule.cameras.map((each) => SEVERITY.indexOf(each.state)));
  return RULE_STATES[SEVERITY[worst]];
}

export function ruleCard(first) {
  const name = first.name;
  const chip = el('span', { className: 'chip' });
  const version = el('span', { className: 'version' });
  const notice = notices();
  const result = el('p', { className: 'result', role: 'status', hidden: true });
  const trouble = el('p', { className: 'last-error', hidden: true });
  const shadow = shadowPanel(name, () => bar.select('shadow'));
  const panels = {
    health: healthPanel(),
    versions: versionsPanel(name, { shadow: shadow.digest, onShadow: () => bar.select('shadow') }),
    shadow,
    permissions: permissionsPanel(name),
    limits: limitsPanel(name),
    history: historyPanel(name),
    log: logPanel(name),
  };
  const bar = tabs(`Parts of ${name}`, panels, () => update(ruleNamed(name)));
  const edit = press('Settings', '', `${name} cannot be edited`, () => editRule(ruleNamed(name)).then(refresh));
  const record = press('Record…', '', `${name} was not recorded`, () => recordRule(ruleNamed(name)));
  const remove = press('Remove', 'danger push', `${name} was not removed`, async () => {
    if (!confirm(`Remove the rule ${name}? Its cameras go on without it, and what it remembers is lost.`)) return;
    await api.removeRule(name);
    await refresh();
  });
  const node = el('article', { className: 'card rule', ariaLabel: `Rule ${name}`, dataset: { rule: name } },
    el('div', { className: 'card-head' }, el('h3', {}, name), version, chip), notice.node, result, bar.list,
    ...Object.values(panels).map((panel) => panel.node), trouble, el('div', { className: 'actions' }, edit, record, remove));

  /** What needs a call to the host may fail; the rest of the card is shown all the same. */
  async function show(panel, rule) {
    try {
      await panel.update(rule);
      trouble.hidden = true;
    } catch (error) {
      trouble.hidden = false;
      setText(trouble, error.detail ?? error.message);
    }
  }

  function update(rule) {
    if (!rule) return;
    const [tone, word] = standing(rule);
    chip.dataset.tone = tone;
    setText(chip, word);
    setText(version, `${rule.plugin.name} ${rule.plugin.version} · ${short(rule.plugin.digest)}${rule.scope === 'site' ? ' · for the site' : ''}`);
    version.title = rule.plugin.digest;
    notice.update(rule);
    const text = lastResult(rule);
    result.hidden = text === null;
    setText(result, text ?? '');
    bar.mark('versions', waitingFor(rule).length ? 'waits' : null);
    bar.mark('shadow', shadow.digest() ? 'runs' : null);
    const readOnly = rule.declared === 'config';
    remove.hidden = readOnly;
    setText(edit, readOnly ? 'View settings' : 'Settings');
    const selected = bar.selected();
    // The shadow is read whatever is shown: its tab and the versions say whether it runs.
    const shadowRead = selected === 'shadow' ? Promise.resolve() : show(shadow, rule);
    shadowRead.then(() => show(panels[selected], rule));
  }
  return { node, update };
}
