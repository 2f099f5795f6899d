/**
 * How long each screen of the real window takes from the click until fully rendered, with 1,000 runs, 1,000,000 metric
 * rows and an ImageNet among the data sets. Exits with 1 if one exceeds its limit.
 *
 *   npm run bench -- screens [runs] [rows a run]
 */
import { _electron, type Page } from '@playwright/test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { median } from '../trainer/training/pace.ts';
import { imagenetFingerprint, makeLargeWorkspace } from './shared/large-workspace.ts';
import { idOf } from './shared/many-runs.ts';

const runs = Number(process.argv[2] ?? 1000);
const rowsPerRun = Number(process.argv[3] ?? 1000);
const mayTakeMs = 200;
const repetitions = 7;
const root = process.cwd();
const folder = mkdtempSync(join(tmpdir(), 'reprise-bench-'));

/** Milliseconds from the change of address until a heading is rendered and nothing is loading. */
function reach(page: Page, address: string): Promise<number> {
  return page.evaluate(async (to) => {
    const frame = (): Promise<number> => new Promise((resolve) => requestAnimationFrame(resolve));
    const began = performance.now();
    location.hash = to;
    await frame();
    while (document.querySelector('h1') === null || /Loading…/.test(document.body.innerText)) await frame();
    // Changes of this frame are on the screen in the next.
    await frame();
    return performance.now() - began;
  }, address);
}

/** Milliseconds from the press until the table of runs shows `wanted` and is rendered. */
function press(page: Page, testid: string, wanted: string): Promise<number> {
  return page.evaluate(
    async ([button, shown]) => {
      const frame = (): Promise<number> => new Promise((resolve) => requestAnimationFrame(resolve));
      const began = performance.now();
      document.querySelector<HTMLElement>(`[data-testid="${button}"]`)!.click();
      await frame();
      while (document.querySelector(shown) === null) await frame();
      await frame();
      return performance.now() - began;
    },
    [testid, wanted] as const,
  );
}

/** The table of all runs, by the settings in which they differ, sorted by one, and back. */
async function useTable(page: Page): Promise<Readonly<Record<string, number>>> {
  await reach(page, '#/runs');
  const changed = await press(page, 'only-changed', '[data-testid="sort-setting batch"]');
  const sorted = await press(page, 'sort-setting batch', '[aria-sort="ascending"]');
  await press(page, 'sort-setting batch', '[aria-sort="descending"]');
  await press(page, 'sort-setting batch', 'table:not(:has([aria-sort]))');
  await press(page, 'only-changed', '[data-testid="sort-created"]');
  return { 'runs: only changed settings': changed, 'runs: sorted by a setting': sorted };
}

const home = await makeLargeWorkspace(folder, runs, rowsPerRun);
const executablePath = process.env['REPRISE_ELECTRON'];
if (executablePath === undefined) throw new Error('REPRISE_ELECTRON is not set: run this by "npm run bench".');
const app = await _electron.launch({
  executablePath,
  args: [root, `--user-data-dir=${join(folder, 'profile')}`, '--lang=en-US', '--no-sandbox'],
  env: { ...(process.env as Record<string, string>), REPRISE_HOME: home, REPRISE_TEST: '1', LANGUAGE: 'en' },
});
let tooSlow = 0;
function report(what: string, taken: readonly number[]): void {
  const usual = median(taken);
  if (usual > mayTakeMs) tooSlow += 1;
  console.log(`  ${what.padEnd(28)}${usual.toFixed(0).padStart(6)} ms  (worst ${Math.max(...taken).toFixed(0)} ms)`);
}
try {
  const page = await app.firstWindow();
  await page.getByRole('navigation').first().waitFor({ timeout: 120_000 });
  const some = Array.from({ length: 10 }, (_, index) => idOf(index * Math.floor(runs / 10)));
  const screens: Readonly<Record<string, string>> = {
    plans: '#/plans',
    runs: '#/runs',
    run: `#/runs/${some[5]!}`,
    'ten runs beside each other': `#/compare/runs/${some.join(',')}`,
    compare: '#/compare',
    'data sets': '#/datasets',
    ImageNet: `#/datasets/${imagenetFingerprint}`,
    weights: '#/weights',
    reports: '#/reports',
    hardware: '#/hardware',
    settings: '#/settings',
  };
  console.log(`${runs} runs, ${runs * rowsPerRun} metric rows; median of ${repetitions}, at most ${mayTakeMs} ms`);
  for (const [screen, address] of Object.entries(screens)) {
    const taken: number[] = [];
    for (let repetition = 0; repetition < repetitions; repetition += 1) {
      await reach(page, screen === 'settings' ? '#/weights' : '#/settings');
      taken.push(await reach(page, address));
    }
    report(screen, taken);
  }
  const uses = new Map<string, number[]>();
  for (let repetition = 0; repetition < repetitions; repetition += 1)
    for (const [use, taken] of Object.entries(await useTable(page))) uses.set(use, [...(uses.get(use) ?? []), taken]);
  for (const [use, taken] of uses) report(use, taken);
} finally {
  await app.close();
  rmSync(folder, { recursive: true, force: true });
}
if (tooSlow > 0) {
  console.log(`${tooSlow} screens took longer than ${mayTakeMs} ms.`);
  process.exitCode = 1;
}
