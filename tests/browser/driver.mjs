// What the browser tests share: a page in headless Chromium, steps that say what failed, and what the page itself
// complains of.

import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';

import { chromium } from 'playwright-core';

// Long enough for a scene in which nobody crosses for a while, on a busy machine.
export const PATIENCE = 90_000;
const FLAGS = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
  '--disable-background-networking', '--disable-component-update', '--disable-sync'];
const COMMON = {
  url: { type: 'string', default: 'http://127.0.0.1:8080/' },
  token: { type: 'string' },
  screenshots: { type: 'string' },
  chromium: { type: 'string', default: '/usr/bin/chromium' },
};

/** The options that every test takes, and `names`, which must be given. */
export function optionsWith(names) {
  const { values } = parseArgs({ options: { ...COMMON, ...Object.fromEntries(names.map((name) => [name, { type: 'string' }])) } });
  for (const name of names) assert(values[name], `--${name} is missing`);
  return values;
}

/** Opens a page and runs `test(stage)` on it; exit code 0 when all of it was seen. */
export async function drive(name, options, test) {
  const browser = await chromium.launch({ executablePath: options.chromium, args: FLAGS });
  const page = await browser.newPage({ viewport: { width: 1600, height: 1000 }, colorScheme: 'dark' });
  page.setDefaultTimeout(PATIENCE);

  // What the page itself complains of: scripts that fail, and anything that its own policy forbids.
  const complaints = [];
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('console', (message) => {
    // A refused call is logged by the browser as well; some are expected here.
    if (message.type() === 'error' && !message.text().includes('status of 4')) complaints.push(message.text());
  });

  const shoot = async (what) => {
    if (!options.screenshots) return;
    mkdirSync(options.screenshots, { recursive: true });
    await page.screenshot({ path: path.join(options.screenshots, `${name}-${what}.png`) });
  };
  const stage = {
    page,
    shoot,
    async step(what, work) {
      const started = Date.now();
      try {
        await work();
      } catch (error) {
        await shoot('failed');
        error.message = `${what}: ${error.message}`;
        throw error;
      }
      process.stdout.write(`ok ${what} (${Date.now() - started} ms)\n`);
    },
    async waitFor(what, holds) {
      const end = Date.now() + PATIENCE;
      while (!(await holds())) {
        assert(Date.now() < end, `${what} was not seen within ${PATIENCE / 1000} s`);
        await page.waitForTimeout(100);
      }
    },
    /** The page, with the token where the host has one. */
    async open() {
      await page.goto(options.url);
      if (options.token) {
        await page.fill('#token-form input[name=token]', options.token);
        await page.click('#token-form button[type=submit]');
      }
      await page.waitForSelector('.tile');
    },
    rule: (named) => page.locator(`.card[data-rule="${named}"]`),
    digests: () => page.locator('.card[data-digest]').evaluateAll((cards) => cards.map((card) => card.dataset.digest)),
    /** The newest refusal that the page shows, closed; what it says. */
    async refusal(title) {
      const toast = page.locator('.toast.tone-bad', { hasText: title }).first();
      await toast.waitFor();
      const said = await toast.innerText();
      await toast.locator('button').click();
      return said;
    },
  };

  try {
    await test(stage);
    await stage.step('the page had nothing to complain of', () => assert.deepEqual(complaints, []));
  } catch (error) {
    process.stderr.write(`FAILED ${error.message}\n${complaints.join('\n')}\n`);
    process.exitCode = 1;
  } finally {
    await browser.close();
  }
}
