// Recording a live rule: every call with what goes in and what comes out, to a file on this computer.

import { api } from './api.js';
import { formDialog } from './dialog.js';
import { bytes, el, setText, toast } from './dom.js';
import { site } from './site.js';

const MOST_CALLS = 100_000;
const MOST_SECONDS = 600;
// A page that keeps more would only run out of memory.
const MOST_BYTES = 512 * 1024 * 1024;

/** Calls that a rule gets in so many seconds on that camera, and one a second to save; a rule of site scope sees the frames of all. */
function callsIn(seconds, rule, camera) {
  const seen = rule.scope === 'site' ? rule.watches : [camera];
  const rate = site.cameras.filter((each) => seen.includes(each.name)).reduce((sum, each) => sum + each.frame_rate, 0);
  return Math.max(1, Math.min(MOST_CALLS, Math.ceil(seconds * ((rate || 10) + 1))));
}

/** Offers bytes to keep under a file name. */
export function download(name, parts, type) {
  const url = URL.createObjectURL(new Blob(parts, { type }));
  const link = el('a', { href: url, download: name, hidden: true });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

async function receive(response, onProgress) {
  const reader = response.body.getReader();
  const parts = [];
  let size = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return { parts, size };
    parts.push(value);
    size += value.length;
    onProgress(size);
    if (size > MOST_BYTES) throw new Error('the journal is larger than 512 MiB; record a shorter time, or with curl');
  }
}

/** Asks for how long, records, and downloads. */
export function recordRule(rule) {
  const cameras = rule.scope === 'site' ? ['site'] : rule.watches;
  const camera = el('select', { name: 'camera' }, cameras.map((name) => el('option', { value: name }, name)));
  const seconds = el('input', { name: 'seconds', type: 'number', min: 1, max: MOST_SECONDS, value: 10, required: true });
  const progress = el('progress', { hidden: true, ariaLabel: 'Recording' });
  const said = el('p', { className: 'hint', role: 'status' });
  const body = [el('label', {}, 'Camera', camera), el('label', {}, 'Seconds', seconds), progress, said];
  return formDialog({
    title: `Record ${rule.name}`,
    intro: 'A journal holds every call with all that goes into it and all that comes out. “ocellus replay” makes the same calls again. '
      + 'The rule goes on with a fresh instance that has the old one’s memory.',
    body,
    submitLabel: 'Record',
    submit: async (_, signal) => {
      const on = rule.scope === 'site' ? rule.watches[0] : camera.value;
      progress.hidden = false;
      setText(said, 'Recording…');
      try {
        const calls = callsIn(Number(seconds.value), rule, on);
        const response = await api.journal(rule.name, { camera: on, calls }, signal);
        const { parts, size } = await receive(response, (received) => setText(said, `Recording… ${bytes(received)}`));
        const at = new Date().toISOString().replace(/\.\d+/, '').replace(/[-:]/g, '');
        const file = `${rule.name}-${camera.value}-${at}.jsonl`;
        download(file, parts, 'application/jsonl');
        toast('good', `${rule.name} was recorded`, `${file}, ${bytes(size)}`);
      } finally {
        progress.hidden = true;
        setText(said, '');
      }
    },
  });
}
