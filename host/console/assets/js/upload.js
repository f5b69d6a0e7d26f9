// Uploading a plugin, with its signature where there is one.

import { api } from './api.js';
import { $, toast, toastProblem } from './dom.js';
import { refresh } from './site.js';

// What the host takes; a larger upload would only be cut off on its way.
const PLUGIN_BYTES = 32 * 1024 * 1024;
const SIGNATURE_BYTES = 4096;

const isSignature = (file) => file.name.endsWith('.sig');

/** A signature as it goes into a header: one line of ASCII; whether it is one is for the host to say. */
function oneLine(text) {
  const line = text.trim();
  if (/[^\x21-\x7e]/.test(line)) throw new Error('the signature is not one line of base64, such as “ocellus plugin sign” writes');
  return line;
}

async function signatureFor(file, files) {
  const beside = files.find((each) => isSignature(each) && each.name === `${file.name}.sig`) ?? (files.length === 2 ? files.find(isSignature) : null);
  if (!beside) return oneLine($('plugin-signature').value);
  if (beside.size > SIGNATURE_BYTES) throw new Error(`${beside.name} is too large for a signature`);
  return oneLine(await beside.text());
}

async function upload(file, files, onUploaded) {
  if (file.size > PLUGIN_BYTES) {
    toast('bad', `${file.name} was not sent`, 'It is larger than 32 MiB, the most that the host takes.');
    return;
  }
  try {
    const plugin = await api.uploadPlugin(file, await signatureFor(file, files));
    $('plugin-signature').value = '';
    await refresh();
    const signed = plugin.signer ? ` Signed by ${plugin.signer}.` : '';
    toast('good', `${plugin.name} ${plugin.version} is ready`, `Verified, compiled and probed.${signed} Activate it on a rule or bind it to a camera.`);
    onUploaded(plugin.digest);
  } catch (error) {
    toastProblem(error, `${file.name} was refused`);
  }
}

/** A signature alone is kept for the next component. */
async function take(list, onUploaded) {
  const files = [...list];
  const components = files.filter((file) => !isSignature(file));
  if (components.length === 0 && files.length) {
    $('signature-details').open = true;
    $('plugin-signature').value = (await files[0].slice(0, SIGNATURE_BYTES).text()).trim();
    return;
  }
  $('upload-progress').hidden = false;
  for (const file of components) await upload(file, files, onUploaded);
  $('upload-progress').hidden = true;
}

/** Wires the upload area. `onUploaded(digest)` is told of each version that the host took. */
export function startUpload(onUploaded) {
  const drop = $('drop');
  const file = $('plugin-file');
  file.addEventListener('change', async () => {
    await take(file.files, onUploaded);
    file.value = '';
  });
  for (const kind of ['dragover', 'dragleave', 'drop']) {
    drop.addEventListener(kind, (event) => {
      event.preventDefault();
      drop.classList.toggle('over', kind === 'dragover');
      if (kind === 'drop') take(event.dataTransfer.files, onUploaded);
    });
  }
  // A file dropped beside the area must not replace the page.
  for (const kind of ['dragover', 'drop']) window.addEventListener(kind, (event) => event.preventDefault());
}
