// Rules and plugins: what runs, how it does, and changing it while it runs.

import { $, keyed, onPress } from './dom.js';
import { offerRules, onHistory } from './history.js';
import { pluginCard } from './plugin-card.js';
import { ruleCard } from './rule-card.js';
import { editRule } from './rule-form.js';
import { onRefresh, refresh, ruleNamed, site } from './site.js';
import { startUpload } from './upload.js';

const ruleViews = new Map();
const pluginViews = new Map();

function show() {
  keyed($('rule-list'), ruleViews, site.rules, (rule) => rule.name, ruleCard);
  keyed($('plugin-list'), pluginViews, site.plugins, (plugin) => plugin.digest, pluginCard);
  $('no-rules').hidden = site.rules.length > 0;
  offerRules(site.rules.map((rule) => rule.name));
}

/** Wires the cards and the upload area. */
export function startRules() {
  onRefresh(show);
  onHistory(() => {
    for (const [name, view] of ruleViews) if (ruleNamed(name)) view.update(ruleNamed(name));
  });
  startUpload((digest) => pluginViews.get(digest)?.node.scrollIntoView({ block: 'nearest', behavior: 'smooth' }));
  onPress($('new-rule'), 'a rule cannot be bound', () => editRule(null).then(refresh));
}
