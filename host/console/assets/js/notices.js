// What an operator should know of a rule and do about it, in words.

import { count, el, press, rebuilt } from './dom.js';
import { waitingFor } from './history.js';
import { activate, consent, rollBack } from './lifecycle.js';
import { formerOf, named } from './site.js';

/** "gate and yard" */
const among = (instances) => instances.map((each) => each.camera).join(' and ');

function stopped(rule, instances) {
  const reason = rule.quarantined.find((version) => version.digest === rule.plugin.digest)?.reason ?? instances.find((each) => each.last_error)?.last_error;
  const former = formerOf(rule);
  const strikes = Math.max(...instances.map((each) => each.strikes));
  return {
    key: 'stopped',
    tone: 'bad',
    title: `In quarantine on ${among(instances)}: the host no longer calls it`,
    words: reason ?? 'It failed too often.',
    advice: `${strikes ? `${count(strikes)} strike${strikes === 1 ? '' : 's'}. ` : ''}Video goes on without the rule. Its log may say more. ${former ? 'Go back to the version before, activate' : 'Activate'} a corrected version, change its settings, or try this one again.`,
    actions: [
      former && ['Roll back', 'primary', `${rule.name} was not rolled back`, () => rollBack(rule.name, former)],
      ['Try again', '', `${rule.name} was not started`, () => activate(rule.name, rule.plugin.digest)],
    ],
  };
}

function backingOff(instances) {
  return {
    key: 'backing-off',
    tone: 'warn',
    title: `Failed on ${among(instances)}; it starts anew after a pause`,
    words: instances.find((each) => each.last_error)?.last_error ?? '',
    advice: 'Video goes on meanwhile. After too many failures it goes into quarantine.',
    actions: [],
  };
}

function former({ digest, reason }) {
  return {
    key: `former-${digest}`,
    tone: 'warn',
    title: `Version ${named(digest)} is in quarantine`,
    words: reason,
    advice: 'It is not run until you activate it again. Upload a corrected version, or run it as a shadow to see what it does.',
    actions: [],
  };
}

function waiting(rule, { digest, detail }) {
  return {
    key: `waiting-${digest}`,
    tone: 'warn',
    title: `Version ${named(digest)} waits for your word`,
    words: detail,
    advice: 'Until then the version before it goes on.',
    actions: [['Decide…', 'primary', `${rule.name} was not switched`, () => consent(rule.name, digest, detail)]],
  };
}

function noticesOf(rule) {
  const inState = (state) => rule.cameras.filter((each) => each.state === state);
  const list = [];
  if (rule.failure) {
    list.push({ key: 'failure', tone: 'bad', title: 'It did not start', words: rule.failure, advice: 'Its cameras go on without it. Open its settings and bind it anew, or remove it.', actions: [] });
  }
  if (inState('quarantined').length) list.push(stopped(rule, inState('quarantined')));
  if (inState('backing-off').length) list.push(backingOff(inState('backing-off')));
  list.push(...waitingFor(rule).map((each) => waiting(rule, each)));
  list.push(...rule.quarantined.filter((version) => version.digest !== rule.plugin.digest).slice(0, 1).map(former));
  return list;
}

/** The notices of a rule's card. */
export function notices() {
  const node = el('div', { className: 'notices', role: 'status' });
  return {
    node,
    update(rule) {
      const list = noticesOf(rule);
      node.hidden = list.length === 0;
      const mayChange = rule.declared !== 'config';
      rebuilt(node, [list, mayChange], () => list.map(({ key, tone, title, words, advice, actions }) => el('div', { className: `notice tone-${tone}`, dataset: { notice: key } },
        el('strong', {}, title), el('p', { className: 'words' }, words), el('p', { className: 'hint' }, advice),
        mayChange && actions.some(Boolean) ? el('div', { className: 'actions' }, actions.filter(Boolean).map((action) => press(...action))) : null)));
    },
  };
}
