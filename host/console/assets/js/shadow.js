// A version beside the active one: how their events compare, live.

import { api } from './api.js';
import { chip, clock, count, el, micros, press, rebuilt, setText, short, toast } from './dom.js';
import { shadowSequence, shadowStarted } from './history.js';
import { promote } from './lifecycle.js';
import { refresh, ruleNamed, versionsOf } from './site.js';

const FAILURES = ['traps', 'deadline_misses', 'limit_breaches', 'refusals', 'restarts'];

const fact = (label, title) => {
  const value = el('b', {}, '0');
  return { value, node: el('div', { className: 'fact', title }, value, el('span', {}, label)) };
};

function rows(sides) {
  const times = (active, shadow, key) => el('td', {}, micros(active?.[key]), ' → ', el('b', {}, micros(shadow[key])));
  return sides.map(({ camera, active, shadow }) => el('tr', {}, el('td', {}, camera),
    times(active, shadow, 'p50_us'), times(active, shadow, 'p99_us'),
    ...FAILURES.map((key) => el('td', { className: shadow[key] ? 'bad' : '' }, count(shadow[key])))));
}

function difference(each) {
  const attributes = Object.entries(each.attributes).map(([key, value]) => el('span', { className: 'tag' }, `${key}: ${value}`));
  return el('li', { className: 'difference', dataset: { side: each.side } },
    chip(each.side === 'live' ? 'idle' : 'warn', each.side === 'live' ? 'active only' : 'shadow only'),
    el('span', {}, el('b', {}, each.kind), ' ', el('span', { className: 'soft' }, `${each.camera} · ${clock(each.time_us)} · frame ${count(each.frame)}${each.track === null ? '' : ` · ID:${each.track}`}`)),
    el('span', { className: 'tags' }, attributes));
}

/** The panel of a rule. `onChange()` is told when a shadow was started or ended. */
export function shadowPanel(name, onChange) {
  const choice = el('select', { ariaLabel: `Version to run beside the active one of ${name}` });
  const start = press('Start shadow', 'primary', `no shadow of ${name} was started`, async () => {
    await api.startShadow(name, choice.value);
    onChange();
  });
  const none = el('p', { className: 'hint' });
  const idle = el('div', { className: 'stack' }, el('p', { className: 'hint' },
    'A shadow runs beside the active version on the same tracks, from the same state. Its events go nowhere but the comparison, and it cannot slow the active version.'),
  none, el('div', { className: 'actions' }, choice, start));

  const title = el('p', { className: 'shadow-title' });
  const facts = {
    frames: fact('frames compared', 'Frames that both versions saw'),
    both: fact('events of both', 'Events that both reported'),
    only_live: fact('active only', 'Events that only the active version reported'),
    only_shadow: fact('shadow only', 'Events that only the shadow reported'),
    missed: fact('frames missed', 'Frames that the shadow did not see because it was behind; they are not compared'),
  };
  const verdict = el('p', { className: 'verdict', role: 'status' });
  const body = el('tbody');
  const differences = el('ol', { className: 'differences', ariaLabel: 'The newest differences' });
  const noDifference = el('p', { className: 'hint' }, 'No difference so far.');
  const promoteIt = press('Promote', 'primary', 'the shadow was not promoted', async () => {
    await promote(name, shadow.digest);
    onChange();
  });
  const drop = press('Drop', 'danger', 'the shadow was not dropped', async () => {
    if (!confirm(`Drop the shadow of ${name}? Its comparison is lost.`)) return;
    await api.dropShadow(name);
    toast('good', `${name}: shadow dropped`);
    onChange();
    await refresh();
  });
  const head = ['Camera', 'p50, active → shadow', 'p99, active → shadow', 'Traps', 'Late', 'Limits', 'Refusals', 'Restarts'].map((text) => el('th', { scope: 'col' }, text));
  const running = el('div', { className: 'stack', hidden: true }, title, el('div', { className: 'facts-row' }, Object.values(facts).map((each) => each.node)), verdict,
    el('div', { className: 'table-wrap' }, el('table', {}, el('thead', {}, el('tr', {}, head)), body)),
    el('h4', {}, 'Newest differences'), noDifference, differences, el('div', { className: 'actions' }, promoteIt, drop));
  const node = el('div', {}, idle, running);

  let shadow = null;
  let goneAt = 0; // the start whose shadow was found to be gone

  function show(rule) {
    running.hidden = shadow === null;
    idle.hidden = shadow !== null;
    if (shadow === null) return;
    setText(title, `${shadow.version} (${short(shadow.digest)}) beside ${rule.plugin.version} (${short(rule.plugin.digest)}), since ${clock(shadow.since_us)}`);
    for (const [key, { value }] of Object.entries(facts)) setText(value, count(shadow[key]));
    const apart = shadow.only_live + shadow.only_shadow;
    const troubled = shadow.cameras.some((each) => each.traps + each.deadline_misses + each.limit_breaches > 0);
    verdict.dataset.tone = troubled ? 'bad' : apart ? 'warn' : 'good';
    setText(verdict, troubled ? 'The shadow fails: look at the table.' : apart ? 'They differ: look at what only one of them reported.'
      : shadow.both ? 'So far both report the same.' : 'Neither has reported anything yet.');
    body.replaceChildren(...rows(shadow.cameras.map((each) => ({ camera: each.camera, shadow: each, active: rule.cameras.find((other) => other.camera === each.camera) }))));
    noDifference.hidden = shadow.differences.length > 0;
    rebuilt(differences, shadow.differences, () => [...shadow.differences].reverse().map(difference));
    promoteIt.hidden = rule.declared === 'config';
  }

  return {
    title: 'Shadow',
    node,
    digest: () => shadow?.digest ?? null,
    async update(rule) {
      const others = versionsOf(rule.plugin.name).filter((plugin) => plugin.digest !== rule.plugin.digest);
      rebuilt(choice, others.map((plugin) => plugin.digest), () => others.map((plugin) => el('option', { value: plugin.digest }, `${plugin.version} · ${short(plugin.digest)}`)));
      choice.hidden = start.hidden = others.length === 0;
      none.hidden = others.length > 0;
      setText(none, 'There is no other version of this plugin. Upload one to compare it.');
      const started = shadowSequence(name);
      if (!shadowStarted(name) || started === goneAt) shadow = null;
      else {
        try {
          shadow = await api.shadow(name);
        } catch (error) {
          if (error.status !== 404) throw error;
          [shadow, goneAt] = [null, started];
        }
      }
      show(ruleNamed(name) ?? rule);
    },
  };
}
