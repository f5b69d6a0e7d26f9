// What the host has, as it was last read: every part of the page looks here.

import { api } from './api.js';
import { short } from './dom.js';

/** `cameras` are as `GET /cameras` gives them. */
export const site = { plugins: [], rules: [], cameras: [] };

const listeners = [];

/** `listener()` is called after each reading. */
export function onRefresh(listener) {
  listeners.push(listener);
}

/** Reads plugins and rules anew and shows them. */
export async function refresh() {
  [site.plugins, site.rules] = await Promise.all([api.plugins(), api.rules()]);
  site.plugins.sort((a, b) => b.uploaded_us - a.uploaded_us || a.name.localeCompare(b.name));
  listeners.forEach((listener) => listener());
}

export const ruleNamed = (name) => site.rules.find((rule) => rule.name === name);
export const pluginOf = (digest) => site.plugins.find((plugin) => plugin.digest === digest);

/** "0.2.0 (9c1f22ab)" */
export function named(digest) {
  const plugin = pluginOf(digest);
  return plugin ? `${plugin.version} (${short(digest)})` : `(${short(digest)})`;
}

/** The versions of a plugin, the newest first. */
export const versionsOf = (name) => site.plugins.filter((plugin) => plugin.name === name);

/** The version that a roll-back would go to: the last one that ran and is not in quarantine. */
export function formerOf(rule) {
  const sick = new Set(rule.quarantined.map((version) => version.digest));
  return rule.previous.find((digest) => !sick.has(digest)) ?? null;
}
