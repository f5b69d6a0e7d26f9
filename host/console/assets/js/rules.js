// Rules and plugins: what runs, how it does, and changing it while it runs.

import { api } from './api.js';
import { $, count, el, keyed, micros, openDialog, pretty, setText, short, toast, toastProblem } from './dom.js';
import { editRule } from './rule-form.js';

const STATES = { active: 'good', 'backing-off': 'warn', quarantined: 'bad' };
const SEVERITY = ['active', 'backing-off', 'quarantined'];
// What the host takes; a larger upload would only be cut off on its way.
const PLUGIN_BYTES = 32 * 1024 * 1024;

const ruleViews = new Map();
const pluginViews = new Map();
let rules = [];
let plugins = [];
let cameras = [];

/** A press that cannot be repeated while it works, and whose failure is shown. */
function onPress(button, doing, work) {
  button.addEventListener('click', async () => {
    button.disabled = true;
    try {
      await work();
    } catch (error) {
      toastProblem(error, doing);
    }
    button.disabled = false;
  });
  return button;
}

const press = (label, className, doing, work) => onPress(el('button', { className: `button ${className}`, type: 'button' }, label), doing, work);

const versionOf = (digest) => plugins.find((plugin) => plugin.digest === digest)?.version;
const named = (digest) => `${versionOf(digest) ?? '?'} (${short(digest)})`;

/** "0.1.0 (1f…) → 0.2.0 (9c…) · gate at frame 812, state carried" */
function outcome(activation) {
  const where = activation.cameras.map((each) => `${each.camera} at frame ${count(each.at_frame)}, ${each.state === 'carried' ? 'state carried over' : 'started afresh'}`);
  return `${named(activation.from)} → ${named(activation.to)} · ${where.join(' · ')}`;
}

async function activate(rule, digest) {
  const activation = await api.activate(rule, digest);
  const text = outcome(activation);
  ruleViews.get(rule)?.showResult(text);
  toast('good', `${rule} switched, no frame lost`, text);
  await refresh();
}

function ruleCard(first) {
  const name = first.name;
  const chip = el('span', { className: 'chip' });
  const version = el('span', { className: 'version' });
  const body = el('tbody');
  const lastError = el('p', { className: 'last-error', hidden: true });
  const result = el('p', { className: 'result', role: 'status', hidden: true });
  const choice = el('select', { ariaLabel: `Version for ${name}` });
  const swap = press('Activate', 'primary', `${name} was not switched`, () => activate(name, choice.value));
  const edit = press('Settings', '', `${name} cannot be edited`, () => editRule(rules.find((rule) => rule.name === name), { plugins, cameras }).then(refresh));
  const log = press('Log', '', `the log of ${name} cannot be read`, () => showLog(name));
  const remove = press('Remove', 'danger push', `${name} was not removed`, async () => {
    if (!confirm(`Remove the rule ${name}? Its cameras go on without it.`)) return;
    await api.removeRule(name);
    await refresh();
  });
  const head = ['Camera', 'Calls', 'p50', 'p99', 'Late', 'Traps', 'Strikes'].map((title) => el('th', { scope: 'col' }, title));
  const node = el('article', { className: 'card', dataset: { rule: name } },
    el('div', { className: 'card-head' }, el('h3', {}, name), version, chip),
    el('div', { className: 'table-wrap' }, el('table', {}, el('thead', {}, el('tr', {}, head)), body)),
    lastError, result, el('div', { className: 'actions' }, choice, swap, edit, log, remove));

  return {
    node,
    showResult(text) {
      result.hidden = false;
      setText(result, text);
    },
    update(rule) {
      const states = rule.cameras.map((each) => each.state);
      const worst = SEVERITY[Math.max(0, ...states.map((state) => SEVERITY.indexOf(state)))];
      chip.dataset.tone = STATES[worst] ?? 'idle';
      setText(chip, worst.replace('-', ' '));
      setText(version, `${rule.plugin.name} ${rule.plugin.version} · ${short(rule.plugin.digest)}`);
      version.title = rule.plugin.digest;
      body.replaceChildren(...rule.cameras.map((each) => el('tr', {}, el('td', {}, each.camera), el('td', {}, count(each.calls)),
        el('td', {}, micros(each.p50_us)), el('td', {}, micros(each.p99_us)),
        ...[each.deadline_misses, each.traps, each.strikes].map((n) => el('td', { className: n ? 'bad' : '' }, count(n))))));
      const failing = rule.cameras.find((each) => each.last_error);
      lastError.hidden = !failing;
      setText(lastError, failing ? `${failing.camera}: ${failing.last_error}` : '');
      const others = plugins.filter((plugin) => plugin.name === rule.plugin.name && plugin.digest !== rule.plugin.digest);
      choice.hidden = swap.hidden = others.length === 0;
      const offered = [...choice.options].map((option) => option.value).join();
      if (offered !== others.map((plugin) => plugin.digest).join()) {
        choice.replaceChildren(...others.map((plugin) => el('option', { value: plugin.digest }, `${plugin.version} · ${short(plugin.digest)}`)));
      }
      const readOnly = rule.declared === 'config';
      remove.hidden = readOnly;
      setText(edit, readOnly ? 'View settings' : 'Settings');
    },
  };
}

async function showLog(name) {
  const lines = await api.ruleLog(name);
  setText($('log-title'), `Log of ${name}`);
  setText($('log-lines'), lines.length ? lines.map((line) => `${line.camera}  ${line.level.padEnd(5)}  ${line.message}`).join('\n') : 'It has written nothing.');
  openDialog($('log-dialog'));
}

function pluginCard(first) {
  const version = el('span', { className: 'version' });
  const facts = el('p', { className: 'version' });
  const actions = el('div', { className: 'actions' });
  const schema = el('pre');
  const node = el('article', { className: 'card', dataset: { digest: first.digest } },
    el('div', { className: 'card-head' }, el('h3', {}, first.name), version),
    el('p', { className: 'summary' }, first.summary), facts,
    el('details', { className: 'schema' }, el('summary', {}, 'Settings it takes'), schema), actions);
  let offered = null;
  return {
    node,
    update(plugin) {
      setText(version, `${plugin.version} · ${short(plugin.digest)}`);
      version.title = plugin.digest;
      setText(facts, `${plugin.scope} scope · ${(plugin.size_bytes / 1024).toFixed(0)} KiB · ${plugin.used_by.length ? `runs as ${plugin.used_by.join(', ')}` : 'not in use'}`);
      setText(schema, pretty(plugin.settings_schema));
      const switchable = rules.filter((rule) => rule.plugin.name === plugin.name && rule.plugin.digest !== plugin.digest);
      const key = JSON.stringify([switchable.map((rule) => rule.name), plugin.used_by.length]);
      if (key === offered) return;
      offered = key;
      actions.replaceChildren(
        ...switchable.map((rule) => press(`Activate on ${rule.name}`, 'primary', `${rule.name} was not switched`, () => activate(rule.name, plugin.digest))),
        press('Bind…', '', 'it cannot be bound', () => editRule(null, { plugins, cameras, digest: plugin.digest }).then(refresh)),
        ...(plugin.used_by.length ? [] : [press('Delete', 'danger push', 'it was not deleted', async () => {
          await api.removePlugin(plugin.digest);
          await refresh();
        })]));
    },
  };
}

/** Reads plugins and rules anew and shows them. */
export async function refresh() {
  [plugins, rules] = await Promise.all([api.plugins(), api.rules()]);
  plugins.sort((a, b) => b.uploaded_us - a.uploaded_us || a.name.localeCompare(b.name));
  keyed($('rule-list'), ruleViews, rules, (rule) => rule.name, ruleCard);
  keyed($('plugin-list'), pluginViews, plugins, (plugin) => plugin.digest, pluginCard);
  $('no-rules').hidden = rules.length > 0;
  return { rules, plugins };
}

async function upload(file) {
  if (file.size > PLUGIN_BYTES) {
    toast('bad', `${file.name} was not sent`, 'It is larger than 32 MiB, the most that the host takes.');
    return;
  }
  const progress = $('upload-progress');
  progress.hidden = false;
  try {
    const plugin = await api.uploadPlugin(file);
    await refresh();
    toast('good', `${plugin.name} ${plugin.version} is ready`, 'Verified, compiled and probed. Activate it on a rule or bind it to a camera.');
    pluginViews.get(plugin.digest)?.node.scrollIntoView({ block: 'nearest', behavior: 'smooth' });
  } catch (error) {
    toastProblem(error, `${file.name} was refused`);
  }
  progress.hidden = true;
}

/** Wires the upload area and the dialogs. */
export function startRules() {
  const drop = $('drop');
  const file = $('plugin-file');
  file.addEventListener('change', async () => {
    if (file.files.length) await upload(file.files[0]);
    file.value = '';
  });
  for (const kind of ['dragover', 'dragleave', 'drop']) {
    drop.addEventListener(kind, (event) => {
      event.preventDefault();
      drop.classList.toggle('over', kind === 'dragover');
      if (kind === 'drop' && event.dataTransfer.files.length) upload(event.dataTransfer.files[0]);
    });
  }
  // A file dropped beside the area must not replace the page.
  for (const kind of ['dragover', 'drop']) window.addEventListener(kind, (event) => event.preventDefault());
  onPress($('new-rule'), 'a rule cannot be bound', () => editRule(null, { plugins, cameras }).then(refresh));
}

/** Tells which cameras a rule can be bound to. */
export function knowCameras(names) {
  cameras = names;
}
