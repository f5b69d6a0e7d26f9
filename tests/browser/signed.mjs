// Drives the console of a host that takes only signed plugins.
//
//   node signed.mjs --url http://127.0.0.1:8080/ --plugin FILE.wasm [--screenshots FOLDER]
//
// FILE.wasm.sig is its signature by a key that the host trusts.

import assert from 'node:assert/strict';

import { drive, optionsWith } from './driver.mjs';

const options = optionsWith(['plugin']);

await drive('signed', options, async ({ page, step, shoot, open, refusal, digests }) => {
  await step('the console opens', open);

  await step('an unsigned plugin is refused in the words of the host', async () => {
    await page.setInputFiles('#plugin-file', options.plugin);
    assert.match(await refusal('was refused'), /Signature refused[^]*it is not signed/);
    assert.deepEqual(await digests(), []);
    await page.locator('#history .moment[data-state=refused]').first().waitFor();
  });

  await step('a text that is no signature is refused too', async () => {
    await page.locator('#signature-details summary').click();
    await page.fill('#plugin-signature', 'AAAA');
    await page.setInputFiles('#plugin-file', options.plugin);
    assert.match(await refusal('was refused'), /Signature refused/);
    await page.fill('#plugin-signature', 'signed – really');
    await page.setInputFiles('#plugin-file', options.plugin);
    assert.match(await refusal('was refused'), /not one line of base64/);
    await page.fill('#plugin-signature', '');
  });

  await step('with the signature beside it it is taken, and the page says who signed', async () => {
    await page.setInputFiles('#plugin-file', [options.plugin, `${options.plugin}.sig`]);
    const card = page.locator('.card[data-digest]').first();
    await card.waitFor();
    assert.match(await card.innerText(), /signed by [0-9a-f]{16}/);
    await shoot('taken');
  });
});
