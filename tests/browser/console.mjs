// Drives the console of a running host in headless Chromium, as an operator would: sees a moving picture and
// an event, is refused a file that is no plugin, uploads a changed plugin, activates it, and sees that the
// cameras go on.
//
//   node console.mjs --url http://127.0.0.1:8080/ --plugin changed.wasm --rule crossing
//        [--token TOKEN] [--screenshots FOLDER] [--chromium /usr/bin/chromium]
//
// The rule must run an older version of the plugin in the file. Exit code 0 when all of it was seen.

import assert from 'node:assert/strict';

import { drive, optionsWith } from './driver.mjs';

const options = optionsWith(['plugin', 'rule']);

await drive('console', options, async ({ page, step, shoot, waitFor, open, rule, digests }) => {
  const picture = page.locator('.tile canvas[data-frame]').first();
  const pixels = () => picture.evaluate((canvas) => canvas.toDataURL());
  const frame = async () => Number(await picture.getAttribute('data-frame'));
  const newestEvent = () => page.evaluate(() => Math.max(0, ...[...document.querySelectorAll('.event[data-sequence]')].map((row) => Number(row.dataset.sequence))));
  const card = rule(options.rule);
  const calls = () => card.locator('tbody tr td:nth-child(2)').first().innerText();

  await step('the console opens', open);

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
    await card.locator('.result:visible').waitFor();
    const result = await card.locator('.result').innerText();
    assert.match(result, /→/);
    assert(result.includes(digest.slice(0, 8)), `${result} does not name ${digest.slice(0, 8)}`);
    await waitFor('the new version on the rule', async () => (await card.locator('.version').getAttribute('title')) === digest);
    await waitFor('a picture after the switch', async () => (await frame()) > before);
    await waitFor('a call of the new version', async () => (await calls()) !== callsBefore);
    await shoot('activated');
  });

  await step('an event arrives from the new version', async () => {
    const known = await newestEvent();
    await waitFor('a new event', async () => (await newestEvent()) > known);
  });
});
