// Drives the console through the life of a rule: bound by its form, a version that asks for more waits until the
// operator says what it gets, a roll-back, a shadow that is compared and promoted, a version that fails and is taken
// back, a rule in quarantine, a journal that is downloaded, and texts of a hostile plugin that stay texts.
//
//   node lifecycle.mjs --url http://127.0.0.1:8080/ --plugins FOLDER [--screenshots FOLDER]
//
// The host has a camera `gate` and no rule. The folder holds modest.wasm (powers 1.0.0, which asks for nothing),
// powers.wasm (2.0.0, which asks for everything), steady.wasm, double.wasm and failing.wasm (probe 1.0.0, 2.0.0 which
// reports twice, 3.0.0 which traps), hostile.wasm (probe 4.0.0, whose texts are markup) and line-crossing.wasm.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';

import { drive, optionsWith } from './driver.mjs';

const options = optionsWith(['plugins']);
const file = (name) => path.join(options.plugins, `${name}.wasm`);
const MARKUP = '<img src=x onerror="window.injected=1">';

await drive('lifecycle', options, async ({ page, step, shoot, waitFor, open, rule, digests }) => {
  const known = {};
  const tab = (name, which) => rule(name).locator(`[data-tab=${which}]`).click();
  const press = (name, label) => rule(name).getByRole('button', { name: label }).first().click();
  const runs = (name) => rule(name).locator('.version').first().getAttribute('title');
  const runsNow = (name, plugin) => waitFor(`${plugin} on ${name}`, async () => (await runs(name)) === known[plugin]);
  const version = (name, plugin) => rule(name).locator(`[data-version="${known[plugin]}"]`);
  const dialog = page.locator('dialog[open]');
  const question = { accepts: true };
  page.on('dialog', (asked) => (question.accepts ? asked.accept() : asked.dismiss()));

  async function upload(name) {
    const before = await digests();
    await page.setInputFiles('#plugin-file', file(name));
    await waitFor(`${name} among the plugins`, async () => {
      const refusal = page.locator('.toast.tone-bad');
      assert.equal(await refusal.count(), 0, (await refusal.allInnerTexts()).join(' '));
      known[name] = (await digests()).find((each) => !before.includes(each));
      return Boolean(known[name]);
    });
  }

  async function bind(name, plugin, settings) {
    await page.locator(`.card[data-digest="${known[plugin]}"]`).getByRole('button', { name: 'Bind…' }).click();
    await dialog.locator('input[name=name]').fill(name);
    await dialog.locator('input[name=camera][value=gate]').check();
    if (await dialog.locator('input[name=settings-as][value=json]').isVisible()) await dialog.locator('input[name=settings-as][value=json]').check();
    await dialog.locator('textarea[name=settings]').fill(JSON.stringify(settings));
    await dialog.getByRole('button', { name: 'Apply' }).click();
    await rule(name).waitFor();
  }

  await step('the console opens', open);

  await step('plugins are uploaded and rules are bound by the form', async () => {
    for (const name of ['modest', 'powers', 'steady', 'double', 'failing', 'hostile', 'line-crossing']) await upload(name);
    await bind('level', 'modest', { publish: 'level' });
    await bind('watch', 'steady', {});
  });

  await step('a version that asks for more waits, and what the host refuses is said in its words', async () => {
    await tab('level', 'versions');
    await version('level', 'powers').getByRole('button', { name: 'Activate' }).click();
    await dialog.locator('input[name=power]').first().waitFor();
    assert.equal(await dialog.locator('input[name=power]').count(), 6);
    assert.equal(await dialog.locator('input[name=power]:checked').count(), 0, 'nothing is granted unasked');
    await dialog.locator('input[value=webhook]').check();
    await dialog.getByRole('button', { name: 'Activate with these' }).click();
    await dialog.locator('.form-error:visible').waitFor();
    assert.match(await dialog.locator('.form-error').innerText(), /webhook is granted without an address/);
    await shoot('consent');
    await dialog.getByRole('button', { name: 'Cancel' }).click();
    await rule('level').locator(`[data-notice="waiting-${known.powers}"]`).waitFor();
    assert.equal(await runs('level'), known.modest, 'the version before goes on');
  });

  await step('the operator says what it gets, and it gets that', async () => {
    await press('level', 'Decide…');
    await dialog.locator('input[value=messages]').check();
    await dialog.locator('input[value=key-value]').check();
    await dialog.getByRole('button', { name: 'Activate with these' }).click();
    await runsNow('level', 'powers');
    await tab('level', 'permissions');
    await rule('level').locator('.grant').first().waitFor();
    const granted = await rule('level').locator('.grant[data-granted=true]').evaluateAll((rows) => rows.map((row) => row.dataset.power));
    assert.deepEqual(granted, ['messages', 'key-value']);
    await waitFor('no version that waits', async () => (await rule('level').locator('[data-notice]').count()) === 0);
  });

  await step('a change of settings keeps what was granted', async () => {
    await press('level', 'Settings');
    await dialog.locator('textarea[name=settings]').fill('{"publish":"other"}');
    await dialog.getByRole('button', { name: 'Apply' }).click();
    await dialog.waitFor({ state: 'hidden' });
    await waitFor('the settings', async () => (await host('rules/level')).settings.publish === 'other');
    assert.deepEqual((await host('rules/level')).grants.powers, ['messages', 'key-value']);
  });

  await step('it is rolled back with one click', async () => {
    await tab('level', 'versions');
    await press('level', /^Roll back to 1\.0\.0/);
    await runsNow('level', 'modest');
    await rule('level').locator('.result:visible').waitFor();
  });

  await step('a shadow is compared, live', async () => {
    await tab('watch', 'versions');
    await version('watch', 'double').getByRole('button', { name: 'Shadow' }).click();
    const fact = async (name) => Number((await rule('watch').locator('.fact', { hasText: name }).locator('b').innerText()).replace(/\D/g, ''));
    await rule('watch').locator('.fact:visible').first().waitFor();
    await waitFor('an event of both', async () => (await fact('events of both')) > 0);
    await waitFor('an event of the shadow alone', async () => (await fact('shadow only')) > 0);
    assert.equal(await fact('active only'), 0);
    await rule('watch').locator('.difference[data-side=shadow]').first().waitFor();
    assert.equal(await runs('watch'), known.steady, 'a shadow changes nothing');
    await shoot('shadow');
  });

  await step('a shadow is not dropped without a second word', async () => {
    question.accepts = false;
    await press('watch', 'Drop');
    question.accepts = true;
    assert.equal((await host('rules/watch/shadow')).digest, known.double);
  });

  await step('the shadow is promoted', async () => {
    await press('watch', 'Promote');
    await runsNow('watch', 'double');
    await waitFor('the end of the shadow', () => rule('watch').getByRole('button', { name: 'Start shadow' }).isVisible());
  });

  await step('a version that fails is taken back, and the page says why without being asked', async () => {
    await tab('watch', 'versions');
    await version('watch', 'failing').getByRole('button', { name: 'Activate' }).click();
    const notice = rule('watch').locator(`[data-notice="former-${known.failing}"]`);
    await notice.waitFor();
    assert.match(await notice.innerText(), /in quarantine[^]*trapped[^]*activate it again/);
    await runsNow('watch', 'double');
    await tab('watch', 'history');
    await rule('watch').locator('.moment[data-state=quarantined]').first().waitFor();
    await page.locator('#history .moment[data-state=quarantined]').first().waitFor();
    await shoot('taken-back');
  });

  await step('a rule in quarantine says so, why, and what to do', async () => {
    await press('watch', 'Settings');
    await dialog.locator('textarea[name=settings]').fill('{"do":"trap","after":30}');
    await dialog.locator('summary', { hasText: 'Limits' }).click();
    await dialog.locator('select[name=on_failure]').selectOption('disable');
    await dialog.getByRole('button', { name: 'Apply' }).click();
    const notice = rule('watch').locator('[data-notice=stopped]');
    await notice.waitFor();
    assert.match(await notice.innerText(), /In quarantine on gate[^]*trap[^]*Video goes on/);
    await notice.getByRole('button', { name: 'Roll back' }).waitFor();
    await shoot('quarantine');
  });

  await step('a journal is downloaded', async () => {
    await press('level', 'Record…');
    await dialog.locator('input[name=seconds]').fill('1');
    const download = page.waitForEvent('download');
    await dialog.getByRole('button', { name: 'Record' }).click();
    const lines = readFileSync(await (await download).path(), 'utf8').trim().split('\n').map((line) => JSON.parse(line));
    assert.match((await download).suggestedFilename(), /^level-gate-.*\.jsonl$/);
    assert.equal(lines[0].rule, 'level');
    assert.equal(lines.at(-1).ended.early, null);
    assert.equal(lines.length - 2, lines.at(-1).ended.calls);
  });

  await step('texts of plugins, settings and logs stay texts', async () => {
    const line = { name: MARKUP, from: [0.5, 0], to: [0.5, 1] };
    await bind('crossing', 'line-crossing', { lines: [line] });
    await bind('hostile', 'hostile', { do: 'trap', after: 30 });
    await page.locator('.measure', { hasText: MARKUP }).first().waitFor();
    await page.locator('.event .tag', { hasText: MARKUP }).first().waitFor();
    await rule('hostile').locator('.words', { hasText: '<b onclick=z=1>' }).first().waitFor();
    await page.locator('.summary', { hasText: '<img src=x onerror=z=1>' }).waitFor();
    for (const name of ['crossing', 'hostile']) for (const each of ['versions', 'history', 'log']) await tab(name, each);
    await press('crossing', 'Settings');
    await dialog.locator('.caption', { hasText: MARKUP }).waitFor();
    assert.equal(await page.evaluate(() => document.querySelectorAll('img[src="x"], [onerror], [onclick]').length), 0);
    assert.equal(await page.evaluate(() => window.injected), undefined);
  });

  await step('a line is moved on the picture by the keyboard', async () => {
    await dialog.locator('.knob').first().focus();
    await page.keyboard.press('Shift+ArrowRight');
    await page.keyboard.press('ArrowRight');
    await dialog.getByRole('button', { name: 'Apply' }).click();
    await waitFor('the moved line', async () => (await host('rules/crossing')).settings.lines[0].from[0] === 0.522);
    assert.deepEqual((await host('rules/crossing')).settings.lines[0].to, [0.5, 1]);
  });

  await step('a rule is removed after one question', async () => {
    await press('hostile', 'Remove');
    await rule('hostile').waitFor({ state: 'detached' });
  });

  async function host(what) {
    const answer = await fetch(new URL(`api/v1/${what}`, options.url));
    return answer.json();
  }
});
