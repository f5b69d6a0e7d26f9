// Calibrates a camera of a running host in headless Chromium, as an operator would: places points on the picture, gives them
// their metres, is told why three in a line do not do, sees the residual and the grid, saves, and takes it away again.
//
//   node calibration.mjs --url http://127.0.0.1:8080/ --camera yard [--token TOKEN] [--screenshots FOLDER]
//
// The camera was added over REST and is not calibrated. Exit code 0 when all of it was seen.

import assert from 'node:assert/strict';

import { drive, optionsWith } from './driver.mjs';

const options = optionsWith(['camera']);

await drive('calibration', options, async ({ page, step, shoot, waitFor, open }) => {
  const tile = page.locator(`.tile[data-camera="${options.camera}"]`);
  const dialog = page.locator('dialog.calibration');
  const rows = dialog.locator('tbody tr');
  const verdict = () => dialog.locator('.trial').innerText();
  const reason = dialog.locator('.form-error:visible');
  const save = dialog.getByRole('button', { name: 'Save' });
  const click = async (x, y) => {
    const picture = dialog.locator('.board-frame svg');
    const box = await picture.boundingBox();
    await picture.click({ position: { x: x * box.width, y: y * box.height } });
  };
  const give = async (index, [x, y]) => {
    const row = rows.nth(index);
    await row.getByLabel('first axis, metres').fill(String(x));
    await row.getByLabel('second axis, metres').fill(String(y));
  };

  await step('the console opens', open);

  await step('points are placed by clicks on the picture', async () => {
    await tile.getByRole('button', { name: 'Calibrate…' }).click();
    await dialog.locator('.board-frame img:visible').waitFor();
    assert.match(await verdict(), /4 more points are needed/);
    for (const [x, y] of [[0.2, 0.9], [0.8, 0.9], [0.6, 0.3], [0.4, 0.3]]) await click(x, y);
    assert.equal(await rows.count(), 4);
    assert.equal(await dialog.locator('.knob').count(), 4);
    const [x, y] = await rows.nth(1).locator('input').evaluateAll((fields) => fields.slice(0, 2).map((field) => Number(field.value)));
    assert(Math.abs(x - 0.8) < 0.01 && Math.abs(y - 0.9) < 0.01, `${x}, ${y}`);
    assert.match(await verdict(), /Give every point its metres/);
    assert(await save.isDisabled());
  });

  await step('places in a line are refused, and said why', async () => {
    for (const [index, at] of [[0, 0], [1, 0], [2, 0], [3, 0]].entries()) await give(index, at);
    await reason.waitFor();
    assert.match(await reason.innerText(), /calibration\.points/);
    assert(await save.isDisabled());
  });

  await step('good places show the grid and how far each is off', async () => {
    for (const [index, at] of [[0, 0], [6, 0], [6, 30], [0, 30]].entries()) await give(index, at);
    await waitFor('the grid', async () => (await dialog.locator('.ground polyline').count()) > 6);
    assert.match(await verdict(), /Four points always agree/);
    await click(0.5, 0.9);
    await give(4, [3.2, 0.3]);
    await waitFor('the residual', async () => /agree within \d+ cm/.test(await verdict()));
    assert.match(await rows.nth(4).locator('.off').innerText(), /^\d+ cm$/);
    assert.equal(await reason.count(), 0);
    await shoot('grid');
  });

  await step('it is saved, and shown again when the dialog is opened anew', async () => {
    await waitFor('a calibration that may be saved', async () => save.isEnabled());
    await save.click();
    await page.locator('.toast', { hasText: `${options.camera} is calibrated` }).waitFor();
    await waitFor('the saved points', async () => {
      await tile.getByRole('button', { name: 'Calibrate…' }).click();
      if ((await rows.count()) === 5) return true;
      await dialog.getByRole('button', { name: 'Cancel' }).click();
      return false;
    });
    assert.equal(await rows.nth(4).getByLabel('first axis, metres').inputValue(), '3.2');
  });

  await step('it is taken away again', async () => {
    await dialog.getByRole('button', { name: 'Remove calibration' }).click();
    await page.locator('.toast', { hasText: 'not calibrated any more' }).waitFor();
    await dialog.waitFor({ state: 'detached' });
  });
});
