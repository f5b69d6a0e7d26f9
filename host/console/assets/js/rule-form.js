// The form that binds a rule or changes its settings.

import { api } from './api.js';
import { $, el, openDialog, pretty, setText, short, toast } from './dom.js';

const dialog = $('rule-dialog');
const form = $('rule-form');

function showError(text) {
  $('rule-error').hidden = !text;
  setText($('rule-error'), text ?? '');
}

/** An example that the schema's author gave, or the defaults of its top level. */
function suggestion(schema) {
  if (schema?.examples?.length) return schema.examples[0];
  const defaults = Object.entries(schema?.properties ?? {}).filter(([, property]) => 'default' in property);
  return Object.fromEntries(defaults.map(([key, property]) => [key, property.default]));
}

/** Opens the form for `rule`, or for a new one. Resolves when it is closed. */
export function editRule(rule, { plugins, cameras, digest }) {
  const readOnly = rule?.declared === 'config';
  setText($('rule-dialog-title'), readOnly ? `${rule.name} (declared in the configuration file)` : rule ? `Settings of ${rule.name}` : 'Bind a rule');
  form.name.value = rule?.name ?? '';
  form.name.readOnly = Boolean(rule);
  form.plugin.replaceChildren(...plugins.map((plugin) => el('option', { value: plugin.digest }, `${plugin.name} ${plugin.version} · ${short(plugin.digest)}`)));
  form.plugin.value = rule?.plugin.digest ?? digest ?? plugins[0]?.digest ?? '';
  const bound = new Set(rule?.cameras.map((each) => each.camera));
  $('rule-cameras').replaceChildren(...cameras.map((name) => el('label', {}, el('input', { type: 'checkbox', name: 'camera', value: name, checked: bound.has(name) }), name)));
  for (const field of form.elements) if (field.type !== 'button') field.disabled = readOnly;
  showError(null);

  let suggested = null;
  const describe = () => {
    const plugin = plugins.find((each) => each.digest === form.plugin.value);
    setText($('rule-schema'), pretty(plugin?.settings_schema ?? {}));
    if (rule) return;
    // What a person has typed is kept when another plugin is chosen.
    if (form.settings.value === suggested || suggested === null) {
      form.settings.value = suggested = pretty(suggestion(plugin?.settings_schema));
    }
    if (!form.name.value && plugin) form.name.value = plugin.name;
  };
  form.plugin.onchange = describe;
  describe();
  if (rule) form.settings.value = pretty(rule.settings);
  openDialog(dialog);

  form.onsubmit = async (event) => {
    event.preventDefault();
    showError(null);
    let settings;
    try {
      settings = JSON.parse(form.settings.value || '{}');
    } catch (error) {
      showError(`The settings are not JSON: ${error.message}`);
      return;
    }
    const chosen = [...form.querySelectorAll('input[name=camera]:checked')].map((box) => box.value);
    const submit = form.querySelector('[type=submit]');
    submit.disabled = true;
    try {
      await api.putRule(form.name.value, { plugin: form.plugin.value, cameras: chosen, settings });
      dialog.close();
      toast('good', `${form.name.value} is bound`, `On ${chosen.join(', ')}.`);
    } catch (error) {
      showError([error.title, error.detail ?? error.message].filter(Boolean).join('\n'));
    }
    submit.disabled = readOnly;
  };
  return new Promise((resolve) => {
    dialog.addEventListener('close', resolve, { once: true });
  });
}
