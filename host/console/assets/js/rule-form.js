// The form that binds a rule or changes what it is bound with: cameras, settings, limits, permissions.

import { api } from './api.js';
import { problemText } from './dialog.js';
import { $, el, openDialog, pretty, setText, short, toast } from './dom.js';
import { grantsFields } from './grants.js';
import { LIMITS } from './limits.js';
import { pictureBoard } from './picture-board.js';
import { isFormable, schemaForm } from './schema-form.js';
import { fresh } from './schema.js';
import { pluginOf, site } from './site.js';
import { ON_FAILURE } from './words.js';

const dialog = $('rule-dialog');
const form = $('rule-form');
const board = pictureBoard();
$('rule-board').append(board.node);

function showError(text) {
  $('rule-error').hidden = !text;
  setText($('rule-error'), text ?? '');
  if (text) $('rule-error').scrollIntoView({ block: 'nearest' });
}

/** An example that the schema's author gave, or what the schema asks for at least. */
function suggestion(schema) {
  if (Array.isArray(schema?.examples) && schema.examples.length) return schema.examples[0];
  return isFormable(schema) ? fresh(schema, schema) ?? {} : {};
}

/** Settings as fields, or as text: what a person changes in one is there in the other. */
function settingsEditor(readOnly) {
  const fields = $('rule-fields');
  const text = form.settings;
  const modes = [...form.querySelectorAll('input[name=settings-as]')];
  let schema = {};
  let shown = null;

  const mode = () => modes.find((each) => each.checked).value;
  const read = () => {
    if (mode() === 'fields') return shown.read();
    try {
      return JSON.parse(text.value || '{}');
    } catch (error) {
      throw new Error(`the settings are not JSON: ${error.message}`);
    }
  };
  const show = (value, wanted) => {
    shown?.close?.();
    shown = null;
    board.clear();
    const asFields = wanted === 'fields' && isFormable(schema);
    modes.forEach((each) => {
      each.checked = each.value === (asFields ? 'fields' : 'json');
    });
    form.querySelector('.modes').hidden = !isFormable(schema);
    fields.hidden = !asFields;
    $('rule-json').hidden = asFields;
    if (asFields) shown = schemaForm(schema, value, { board, readOnly });
    fields.replaceChildren(...(shown ? [shown.node] : []));
    if (!asFields) text.value = pretty(value);
  };
  let last = 'fields';
  modes.forEach((each) => {
    each.onchange = () => {
      showError(null);
      const wanted = mode();
      modes.forEach((one) => {
        one.checked = one.value === last;
      });
      try {
        show(read(), wanted);
        last = wanted;
      } catch (error) {
        showError(error.message);
      }
    };
  });
  return {
    read,
    open(plugin, value) {
      schema = plugin?.settings_schema ?? {};
      setText($('rule-schema'), pretty(schema));
      last = isFormable(schema) ? 'fields' : 'json';
      show(value, last);
    },
  };
}

function limitFields(rule) {
  const input = ([key, title, unit, min, max, usual]) => el('label', {}, `${title}${unit && `, ${unit}`}`,
    el('input', { type: 'number', name: `limit-${key}`, min, max, step: 1, placeholder: String(usual), value: String(rule?.limits[key] ?? '') }));
  $('rule-limits').replaceChildren(...LIMITS.map(input));
  form.on_failure.replaceChildren(...Object.entries(ON_FAILURE).map(([value, words]) => el('option', { value }, words)));
  form.on_failure.value = rule?.on_failure ?? 'reload';
}

/** What is left empty keeps its default. */
const readLimits = () => Object.fromEntries(LIMITS.map(([key]) => [key, form.elements[`limit-${key}`].value]).filter(([, value]) => value !== '').map(([key, value]) => [key, Number(value)]));

const chosenCameras = () => [...form.querySelectorAll('input[name=camera]:checked')].map((box) => box.value);

/** Opens the form for `rule`, or for a new one with the plugin of that digest. Resolves when it is closed. */
export function editRule(rule, digest) {
  const readOnly = rule?.declared === 'config';
  setText($('rule-dialog-title'), readOnly ? `${rule.name} (declared in the configuration file)` : rule ? `Settings of ${rule.name}` : 'Bind a rule');
  form.name.value = rule?.name ?? '';
  form.name.readOnly = Boolean(rule);
  form.plugin.replaceChildren(...site.plugins.map((plugin) => el('option', { value: plugin.digest }, `${plugin.name} ${plugin.version} · ${short(plugin.digest)}`)));
  form.plugin.value = rule?.plugin.digest ?? digest ?? site.plugins[0]?.digest ?? '';
  const bound = new Set(rule?.watches);
  $('rule-cameras').replaceChildren(...site.cameras.map(({ name }) => el('label', {}, el('input', { type: 'checkbox', name: 'camera', value: name, checked: bound.has(name) }), name)));
  limitFields(rule);
  board.lock(readOnly);
  showError(null);

  const settings = settingsEditor(readOnly);
  let grants = null;
  const describe = () => {
    const plugin = pluginOf(form.plugin.value);
    grants = grantsFields(plugin?.powers ?? [], rule?.grants ?? { powers: [], webhooks: [] }, rule?.asks ?? plugin?.powers);
    $('rule-grants').replaceChildren(grants.node);
    // What is new is not to be overlooked.
    $('rule-permissions').open = (plugin?.powers ?? []).some((power) => !(rule?.asks ?? []).includes(power));
    settings.open(plugin, rule ? rule.settings : suggestion(plugin?.settings_schema));
    if (!form.name.value && plugin) form.name.value = plugin.name;
    const mayChange = (field) => field.type !== 'button' && field.type !== 'fieldset' && field.name !== 'settings-as';
    for (const field of form.elements) if (mayChange(field)) field.disabled = readOnly;
  };
  const showPicture = () => board.cameras(chosenCameras().length ? chosenCameras() : site.cameras.map(({ name }) => name));
  $('rule-cameras').onchange = showPicture;
  form.plugin.onchange = describe;
  describe();
  showPicture();
  openDialog(dialog);

  form.onsubmit = async (event) => {
    event.preventDefault();
    showError(null);
    const submit = form.querySelector('[type=submit]');
    submit.disabled = true;
    try {
      const name = form.name.value;
      const cameras = chosenCameras();
      await api.putRule(name, { plugin: form.plugin.value, cameras, settings: settings.read(), limits: readLimits(), on_failure: form.on_failure.value, grants: grants.read() });
      dialog.close();
      toast('good', `${name} is bound`, `On ${cameras.join(', ')}.`);
    } catch (error) {
      showError(problemText(error));
    }
    submit.disabled = readOnly;
  };
  return new Promise((resolve) => {
    dialog.addEventListener('close', () => {
      board.close();
      resolve();
    }, { once: true });
  });
}
