/**
 * `npm run pictures -- HOME PLAN`: takes the README's pictures of a workspace in which the plan is done, in both
 * languages, into `resources/pictures`. The app must not be open on it.
 */
import { setUp } from './setup.mjs';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import process from 'node:process';
import { buildOrExplain } from './build.mjs';
import { openDisplay } from './display.mjs';
import { electronFlags, locations, root } from './runtime.mjs';

const [home, plan = 'first'] = process.argv.slice(2);
if (home === undefined) {
  console.error('npm run pictures -- HOME [PLAN], where HOME is a workspace in which the plan is done.');
  process.exit(2);
}
await setUp({ steps: ['dependencies', 'tensorflow', 'electron', 'system', 'data'], optional: ['data'] });
await buildOrExplain();
const { _electron } = await import('@playwright/test');
const pictures = join(root, 'resources', 'pictures');
mkdirSync(pictures, { recursive: true });
const profile = mkdtempSync(join(tmpdir(), 'reprise-pictures-'));
const { environment, close } = await openDisplay();
const app = await _electron.launch({
  executablePath: locations.electron,
  args: [...electronFlags(), root, `--user-data-dir=${profile}`],
  env: /** @type {Record<string, string>} */ ({ ...environment, REPRISE_HOME: resolve(home), REPRISE_TEST: '1' }),
});
try {
  const page = await app.firstWindow();
  await page.getByRole('navigation').first().waitFor();
  /** @param {string} name @param {...unknown} values */
  const ask = (name, ...values) =>
    page.evaluate(async ([request, given]) => {
      const answer = await /** @type {any} */ (globalThis).workstation[request](...given);
      if (!answer.ok) throw new Error(answer.fault.message);
      return answer.value;
    }, /** @type {const} */ ([name, values]));
  const { settings } = await ask('about');
  const run = (await ask('runs')).find(
    (/** @type {{ plan: string | null, planKey: string | null }} */ row) =>
      row.plan === plan && row.planKey === 'vicreg',
  );
  if (run === undefined) throw new Error(`There is no run of plan "${plan}" in ${home}.`);
  const screens = { run: `#/runs/${run.id}`, compare: `#/compare/plan/${plan}`, hardware: '#/hardware' };
  for (const language of ['en', 'zh']) {
    await ask('changeSettings', { ...settings, language, theme: 'light' });
    for (const [name, address] of Object.entries(screens)) {
      await page.evaluate((place) => {
        /** @type {any} */ (globalThis).location.hash = place;
      }, address);
      await page.reload();
      await page.getByRole('heading', { level: 1 }).waitFor();
      await page
        .getByText(/Loading…|正在载入|Checking:|正在检查/)
        .first()
        .waitFor({ state: 'detached', timeout: 120_000 });
      // Charts draw themselves once their points are there.
      await page.waitForTimeout(1500);
      await page.screenshot({ path: join(pictures, `${name}-${language}.png`) });
    }
  }
  await ask('changeSettings', settings);
} finally {
  await app.close();
  close();
  rmSync(profile, { recursive: true, force: true });
}
