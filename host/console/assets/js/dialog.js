// A dialog with a form that stays open, and says why, where the host refuses what it sends.

import { el, openDialog, setText } from './dom.js';

let made = 0;

/** What the host said, title and detail. */
export const problemText = (error) => [error.title, error.detail ?? error.message].filter(Boolean).join('\n');

/**
 * Asks a person. `submit(form, signal)` does what was asked for; its result is what this resolves to, null where the
 * person cancelled. `signal` aborts when they do.
 */
export function formDialog({ title, intro, body, submitLabel, submit }) {
  const id = `form-dialog-${(made += 1)}`;
  const error = el('p', { className: 'form-error', role: 'alert', hidden: true });
  const send = el('button', { className: 'button primary', type: 'submit' }, submitLabel);
  const cancel = el('button', { className: 'button', type: 'button', dataset: { close: '' } }, 'Cancel');
  const form = el('form', { method: 'dialog' }, el('h2', { id }, title), intro ? el('p', { className: 'intro' }, intro) : null, body, error, el('div', { className: 'actions' }, cancel, send));
  const dialog = el('dialog', { ariaLabelledby: id }, form);
  document.body.append(dialog);
  const abort = new AbortController();
  let result = null;
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    error.hidden = true;
    send.disabled = true;
    try {
      result = (await submit(form, abort.signal)) ?? true;
      dialog.close();
    } catch (problem) {
      if (!abort.signal.aborted) {
        error.hidden = false;
        setText(error, problemText(problem));
      }
    }
    send.disabled = false;
  });
  openDialog(dialog);
  return new Promise((resolve) => {
    dialog.addEventListener('close', () => {
      abort.abort();
      dialog.remove();
      resolve(result);
    });
  });
}
