// Drives the console of a running host in headless Chromium, as an operator would: sees a moving picture and
// an event, is refused a file that is no plugin, uploads a changed plugin, activates it, and sees that the
// cameras go on.
//
//   node console.mjs --url http://127.0.0.1:8080/ --plugin changed.wasm --rule crossing
//        [--token TOKEN] [--screenshots FOLDER] [--chromium /usr/bin/chromium]
//
// The rule must run an older version of the plugin in the file. Exit code 0 when all of it was seen.

import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';

import { chromium } from 'playwright-core';

const { values: options } = parseArgs({
  options: {
    url: { type: 'string', default: 'http://127.0.0.1:8080/' },
    plugin: { type: 'string' },
    rule: { type: 'string' },
    token: { type: 'string' },
    screenshots: { type: 'string' },
    chromium: { type: 'string', default: '/usr/bin/chromium' },
  },
});
assert(options.plugin && options.rule, 'usage: node console.mjs --url URL --plugin FILE.wasm --rule NAME');

// Long enough for a scene in which nobody crosses for a while, on a busy machine.
const PATIENCE = 90_000;
const FLAGS = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
  '--disable-background-networking', '--disable-component-update', '--disable-sync'];

const browser = await chromium.launch({ executablePath: options.chromium, args: FLAGS });
const page = await browser.newPage({ viewport: { width: 1600, height: 1000 }, colorScheme: 'dark' });
page.setDefaultTimeout(PATIENCE);

// What the page itself complains of: scripts that fail, and anything that its own policy forbids.
const complaints = [];
page.on('pageerror', (error) => complaints.push(String(error)));
page.on('console', (message) => {
  // A refused upload is logged by the browser as well; it is expected here.
  if (message.type() === 'error' && !message.text().includes('status of 4')) complaints.push(message.text());
});

async function step(name, work) {
  const started = Date.now();
  try {
    await work();
  } catch (error) {
    await shoot('failed');
    error.message = `${name}: ${error.message}`;
    throw error;
  }
  process.stdout.write(`ok ${name} (${Date.now() - started} ms)\n`);
}

async function shoot(name) {
  if (!options.screenshots) return;
  mkdirSync(options.screenshots, { recursive: true });
  await page.screenshot({ path: path.join(options.screenshots, `console-${name}.png`) });
}

const picture = page.locator('.tile canvas[data-frame]').first();
const pixels = () => picture.evaluate((canvas) => canvas.toDataURL());
const frame = async () => Number(await picture.getAttribute('data-frame'));
const newestEvent = () => page.evaluate(() => Math.max(0, ...[...document.querySelectorAll('.event[data-sequence]')].map((row) => Number(row.dataset.sequence))));
const ruleCard = page.locator(`.card[data-rule="${options.rule}"]`);
const waitFor = async (what, holds) => {
  const end = Date.now() + PATIENCE;
  while (!(await holds())) {
    assert(Date.now() < end, `${what} was not seen within ${PATIENCE / 1000} s`);
    await page.waitForTimeout(100);
  }
};

try {
  await step('the console opens', async () => {
    await page.goto(options.url);
    if (options.token) {
      await page.fill('#token-form input[name=token]', options.token);
      await page.click('#token-form button[type=submit]');
    }
    await page.waitForSelector('.tile');
  });

  await step('a picture moves', async () => {
    await picture.waitFor();
    const [first, firstFrame] = [await pixels(), await frame()];
    await waitFor('another picture', async () => (await pixels()) !== first && (await frame()) > firstFrame);
  });

  await step('an event arrives', async () => {
    const known = await newestEvent();
    await waitFor('a new event', async () => (await newestEvent()) > known);
    await shoot('live');
  });

  await step('a file that is no plugin is refused, and said why', async () => {
    await page.setInputFiles('#plugin-file', { name: 'holiday.wasm', mimeType: 'application/wasm', buffer: Buffer.from('not a component') });
    const toast = page.locator('.toast', { hasText: 'holiday.wasm was refused' });
    await toast.waitFor();
    assert.match(await toast.locator('p').innerText(), /\w{4,}/, 'the refusal gives no reason');
    await toast.locator('button').click();
  });

  let digest = null;
  await step('a changed plugin is uploaded', async () => {
    const digests = () => page.locator('.card[data-digest]').evaluateAll((cards) => cards.map((card) => card.dataset.digest));
    const known = await digests();
    await page.setInputFiles('#plugin-file', options.plugin);
    await waitFor('the uploaded version', async () => {
      digest = (await digests()).find((each) => !known.includes(each)) ?? null;
      const refusal = page.locator('.toast.tone-bad');
      assert.equal(await refusal.count(), 0, (await refusal.allInnerTexts()).join(' '));
      return digest !== null;
    });
  });

  await step('it is activated with one click while the cameras go on', async () => {
    const [before, callsBefore] = [await frame(), await calls()];
    await page.locator(`.card[data-digest="${digest}"]`).getByRole('button', { name: `Activate on ${options.rule}` }).click();
    await ruleCard.locator('.result').waitFor();
    const result = await ruleCard.locator('.result').innerText();
    assert.match(result, /→/);
    assert(result.includes(digest.slice(0, 8)), `${result} does not name ${digest.slice(0, 8)}`);
    await waitFor('the new version on the rule', async () => (await ruleCard.locator('.version').getAttribute('title')) === digest);
    await waitFor('a picture after the switch', async () => (await frame()) > before);
    await waitFor('a call of the new version', async () => (await calls()) !== callsBefore);
    await shoot('activated');
  });

  await step('an event arrives from the new version', async () => {
    const known = await newestEvent();
    await waitFor('a new event', async () => (await newestEvent()) > known);
  });

  await step('the page had nothing to complain of', () => assert.deepEqual(complaints, []));
} catch (error) {
  process.stderr.write(`FAILED ${error.message}\n`);
  process.exitCode = 1;
} finally {
  await browser.close();
}

async function calls() {
  return ruleCard.locator('tbody tr td:nth-child(2)').first().innerText();
}
