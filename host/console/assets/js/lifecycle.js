// Changing the version that a rule runs: activate, roll back, promote a shadow, and the operator's word where a
// version asks for more than the ones before it.

import { api } from './api.js';
import { count, toast } from './dom.js';
import { askGrants } from './grants.js';
import { named, pluginOf, refresh, ruleNamed } from './site.js';

/** "0.1.0 (1f…) → 0.2.0 (9c…) · gate at frame 812, state carried over" */
export function outcome(activation) {
  const where = activation.cameras.map((each) => `${each.camera} at frame ${count(each.at_frame)}, ${each.state === 'carried' ? 'state carried over' : 'started afresh'}`);
  const versions = activation.from === activation.to ? named(activation.to) : `${named(activation.from)} → ${named(activation.to)}`;
  return [versions, ...where].join(' · ');
}

const results = new Map();

/** What the last switch of a rule came to, in words; null once another version runs. */
export function lastResult(rule) {
  const result = results.get(rule.name);
  return result?.to === rule.plugin.digest ? result.text : null;
}

async function done(rule, activation, title) {
  const text = outcome(activation);
  results.set(rule, { to: activation.to, text });
  toast('good', title, text);
  await refresh();
  return activation;
}

/** Whether the host wants the operator's word on what a version asks for. */
const waits = (error) => error.type === 'urn:ocellus:problem:consent-needed';

/** Asks what a waiting version may do, and activates it with that. Null where the operator does not answer. */
export async function consent(name, digest, words, send = (grants) => api.activate(name, digest, grants)) {
  const rule = ruleNamed(name);
  const plugin = pluginOf(digest);
  if (!rule || !plugin) throw new Error('the version or the rule is gone');
  const activation = await askGrants({
    title: `What may ${name} do with ${plugin.version}?`,
    intro: words,
    asks: plugin.powers,
    known: rule.asks,
    grants: rule.grants,
    submitLabel: 'Activate with these',
    send,
  });
  return activation ? done(name, activation, `${name} switched, no frame lost`) : null;
}

async function tried(name, digest, work, title) {
  try {
    return await done(name, await work(), title);
  } catch (error) {
    if (!waits(error)) throw error;
    return consent(name, digest, error.detail);
  }
}

export const activate = (name, digest) => tried(name, digest, () => api.activate(name, digest), `${name} switched, no frame lost`);

export const rollBack = (name, digest) => tried(name, digest, () => api.rollBack(name), `${name} rolled back, no frame lost`);

/** Activates the shadow in the active version's place. */
export async function promote(name, digest) {
  try {
    return await done(name, await api.promoteShadow(name), `${name}: shadow promoted, no frame lost`);
  } catch (error) {
    if (!waits(error)) throw error;
    return consent(name, digest, error.detail, (grants) => api.promoteShadow(name, grants));
  }
}
