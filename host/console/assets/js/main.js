// The console: what the host does, live, and the operator's handles on it.

import { api, onTokenNeeded } from './api.js';
import { cameraTile } from './camera.js';
import { $, count, keyed, openDialog, setText } from './dom.js';
import { offerCameras, startEvents } from './events.js';
import { startHistory } from './history.js';
import { startRules } from './rules.js';
import { refresh, site } from './site.js';

const THEME = 'ocellus-theme';
const tiles = new Map();
const layers = () => Object.fromEntries([...$('layers').querySelectorAll('input')].map((box) => [box.name, box.checked]));

// One question at a time, however many calls were refused meanwhile.
let asking = null;
onTokenNeeded((refused) => {
  asking ??= new Promise((resolve) => {
    const dialog = $('token-dialog');
    $('token-error').hidden = !refused;
    setText($('token-error'), refused ? 'The host does not accept this token.' : '');
    dialog.oncancel = (event) => event.preventDefault();
    $('token-form').onsubmit = () => {
      resolve($('token-form').token.value.trim());
      asking = null;
    };
    openDialog(dialog);
  });
  return asking;
});

function startTheme() {
  const dark = () => (document.documentElement.dataset.theme ?? (matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light')) === 'dark';
  const label = () => setText($('theme'), dark() ? '☀' : '☾');
  const kept = localStorage.getItem(THEME);
  if (kept) document.documentElement.dataset.theme = kept;
  $('theme').addEventListener('click', () => {
    document.documentElement.dataset.theme = dark() ? 'light' : 'dark';
    localStorage.setItem(THEME, document.documentElement.dataset.theme);
    label();
  });
  label();
}

function banner(text) {
  $('banner').hidden = !text;
  setText($('banner'), text ?? '');
}

async function refreshCameras() {
  const cameras = await api.cameras();
  keyed($('grid'), tiles, cameras, (camera) => camera.name, (camera) => cameraTile(camera, { layers, onEvent() {}, onGap() {} }));
  if (!document.hidden) for (const tile of tiles.values()) tile.open();
  $('no-cameras').hidden = cameras.length > 0;
  const names = cameras.map((camera) => camera.name);
  site.cameras = cameras;
  offerCameras(names);
  return cameras;
}

async function refreshAll() {
  const [cameras, health] = await Promise.all([refreshCameras(), api.health(), refresh()]);
  const chip = $('health');
  chip.dataset.tone = { healthy: 'good', degraded: 'warn' }[health.state] ?? 'idle';
  chip.title = health.components.map((part) => `${part.name}: ${part.ready ? 'ready' : 'not ready'}${part.detail ? `, ${part.detail}` : ''}`).join('\n');
  setText(chip, health.state);
  const rate = cameras.reduce((sum, camera) => sum + camera.frame_rate, 0);
  const some = (number, thing) => `${count(number)} ${thing}${number === 1 ? '' : 's'}`;
  setText($('facts'), `${some(cameras.length, 'camera')} · ${some(site.rules.length, 'rule')} · ${rate.toFixed(0)} frames a second`);
}

/** Reads the host's state every two seconds while the page is seen; more slowly while the host is away. */
async function run() {
  for (let failures = 0; ; ) {
    try {
      if (!document.hidden) await refreshAll();
      banner(null);
      failures = 0;
    } catch (error) {
      failures += 1;
      $('health').dataset.tone = 'bad';
      setText($('health'), 'unreachable');
      banner(`The host does not answer (${error.message}). Trying again; what is shown may be old.`);
    }
    await new Promise((resolve) => setTimeout(resolve, Math.min(15000, 2000 * 1.6 ** failures)));
  }
}

// A page that nobody sees costs the host no pictures.
document.addEventListener('visibilitychange', () => {
  for (const tile of tiles.values()) document.hidden ? tile.pause() : tile.open();
});
$('layers').addEventListener('change', () => {
  for (const tile of tiles.values()) tile.repaint();
});

startTheme();
startRules();
// The first call asks for the token where one is needed; sockets, which cannot ask, come after it.
await api.cameras().catch(() => {});
startEvents({ onEvent: (event) => tiles.get(event.camera)?.pulse(), onState() {} });
// Several transitions come at once; one reading shows what they came to.
let isReading = false;
startHistory(async () => {
  if (isReading) return;
  isReading = true;
  await refresh().catch(() => {});
  isReading = false;
});
run();
