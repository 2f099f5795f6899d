/**
 * The whole workflow of a user: drop a folder, inspect it, start a run, watch it, lose the trainer, resume, evaluate,
 * compare, export.
 */
import type { Page } from '@playwright/test';
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { ReportRow } from '../electron/api/reports.ts';
import type { RunDetail, RunRow } from '../electron/api/runs.ts';
import { ask, dropPath, expect, launch, lives, runsOf, test, trainersOf, type Program, violationsOf } from './app.ts';
import { writeIdx } from './idx.ts';

async function addData(program: Program, folder: string): Promise<void> {
  await dropPath(program, folder);
  const inspection = program.page.getByTestId('inspection');
  await expect(inspection).toBeVisible({ timeout: 60_000 });
  await program.page.getByTestId('add-dataset').click();
  await expect(program.page.getByRole('heading', { level: 1, name: 'bars' })).toBeVisible();
}

/** Enlarges a picture of the data set on the screen, and sees its two views with what was drawn for them. */
async function lookAtPictures({ page }: Program): Promise<void> {
  const pictures = page.getByTestId('pictures');
  await expect(page.getByTestId('picture-count')).toHaveText('1,200 images');
  await expect(page.locator('[data-place="0"] img')).toBeVisible();
  await expectAccessible(page);
  await page.locator('[data-place="7"]').focus();
  await page.keyboard.press('Enter');
  await expect(page.getByTestId('picture-file')).toContainText('train-images-idx3-ubyte image 7');
  const views = page.getByTestId('augmented-view');
  await expect(views).toHaveCount(2);
  await expect(views.first()).toContainText(/Crop \d+ × \d+ px at x = \d+, y = \d+/);
  await expect(views.first()).toContainText('Resized to 28 × 28 px, bilinear');
  const drawn = await views.allTextContents();
  await page.getByTestId('draw-again').click();
  await expect(page.getByTestId('views-epoch')).toHaveValue('1');
  await expect.poll(() => views.allTextContents()).not.toEqual(drawn);
  await expectAccessible(page);
  await page.keyboard.press('Escape');
  await expect(page.locator('[data-place="7"]')).toBeFocused();
  await page.getByTestId('filter-class').selectOption('3');
  await expect(page.getByTestId('picture-count')).toHaveText('120 images');
  await page.getByTestId('filter-among').selectOption('copies');
  await expect(pictures).toContainText('No image matches this filter.');
}

async function expectAccessible(page: Page, part = '[data-testid="pictures"]'): Promise<void> {
  expect(await violationsOf(page, part)).toEqual([]);
}

/** The runs in a table: the settings that differ, a tag, curves beside it, and every command by its name. */
async function lookAtRuns({ page, app }: Program): Promise<void> {
  await page.getByTestId('rail-runs').click();
  const rows = page.getByTestId('run-row');
  await expect(rows).toHaveCount(2);
  // Down to the second run and back by the keyboard, both selected.
  await rows.first().getByRole('link').focus();
  await page.keyboard.press('ArrowDown');
  await expect(rows.nth(1).getByRole('link')).toBeFocused();
  await page.keyboard.press('Control+a');
  await expect(page.getByTestId('selection')).toContainText('2 selected');
  await page.getByTestId('tag-chosen').click();
  await page.getByTestId('new-tag').fill('first try');
  await page.keyboard.press('Enter');
  await expect(rows.first()).toContainText('first try');
  await page.keyboard.press('Escape');
  await expect(page.getByTestId('curve-figures')).toBeVisible();
  await page.getByTestId('copy-chart').click();
  await expect(page.getByTestId('copy-chart')).toHaveAttribute('data-state', 'done');
  await page.getByTestId('copy-svg').click();
  await expect.poll(() => app.evaluate(({ clipboard }) => clipboard.readText())).toMatch(/^<svg .*<path .*<\/svg>$/s);
  await page.getByTestId('copy-runs').click();
  await expect
    .poll(() => app.evaluate(({ clipboard }) => clipboard.readText()))
    .toMatch(/^Run\tStatus\t.*\tTags\n.*\tDone\t.*\tfirst try$/s);
  await expectAccessible(page, 'main');
  await page.getByTestId('sort-result').click();
  await expect(page.getByRole('columnheader', { name: 'Result' })).toHaveAttribute('aria-sort', 'ascending');
  await page.reload();
  await expect(page.getByRole('columnheader', { name: 'Result' })).toHaveAttribute('aria-sort', 'ascending');

  await page.keyboard.press('Control+k');
  const palette = page.getByTestId('palette');
  await expectAccessible(page, '[data-testid="palette"]');
  await palette.getByRole('combobox').fill('shortcuts');
  await page.keyboard.press('Enter');
  await expect(palette).toHaveCount(0);
  await expectAccessible(page, '[data-testid="shortcuts"]');
  await page.keyboard.press('Escape');
}

/** The map of the encoder that an evaluation has looked at: made from the features it left, with pictures of neighbours. */
async function lookAtMap({ page, home }: Program): Promise<void> {
  const features = (): number => readdirSync(join(home, 'cache', 'features')).length;
  const before = features();
  await page.getByTestId('open-map').click();
  await page.getByTestId('make-map').click();
  await expect(page.getByTestId('map-facts')).toContainText('300 of 300 images', { timeout: 60_000 });
  expect(features()).toBe(before);
  await page.locator('section[aria-labelledby="map-legend"] li button').first().click();
  await expect(page.getByTestId('map-selection')).toContainText('30 images selected');
  await page.getByTestId('map-selection').locator('li button').first().click();
  await expect(page.getByTestId('map-neighbours').locator('li img')).toHaveCount(15, { timeout: 30_000 });
  await expectAccessible(page, 'main');
}

/** Fills the form of the small preset so that a run takes about a minute. */
async function startSmallRun(program: Program, epochs: number): Promise<string> {
  const { page } = program;
  await page.getByTestId('rail-runs').click();
  await page.getByTestId('new-run').first().click();
  await expect(page.getByTestId('choose-preset')).toHaveValue('vicreg-small', { timeout: 30_000 });
  // The first draft in a workspace measures which precision is fastest here.
  await expect(page.getByTestId('precisions')).toContainText('float32', { timeout: 120_000 });
  await page.getByLabel('Batch size', { exact: true }).first().fill('64');
  await page.getByLabel('Epochs', { exact: true }).first().fill(String(epochs));
  await page.getByTestId('start-run').click();
  await expect.poll(async () => (await runsOf(page)).length, { timeout: 30_000 }).toBeGreaterThan(0);
  const run = (await runsOf(page)).find((row) => row.kind === 'pretrain');
  if (run === undefined) throw new Error('No run was made.');
  return run.id;
}

async function row(program: Program, run: string): Promise<RunRow> {
  const found = (await runsOf(program.page)).find((one) => one.id === run);
  if (found === undefined) throw new Error(`Run ${run} is gone.`);
  return found;
}

test('from a dropped folder to a report, over the death of the trainer', async ({ program, home }) => {
  test.setTimeout(600_000);
  const { page, app } = program;
  const folder = join(home, 'bars');
  writeIdx(folder, { train: 1200, test: 300 });

  await addData(program, folder);
  await lookAtPictures(program);
  await page.getByTestId('rail-datasets').click();
  await expect(page.getByTestId('dataset-card')).toContainText('bars');

  const run = await startSmallRun(program, 8);
  await expect(page.getByTestId('run-step')).toBeVisible();
  await expect.poll(async () => (await row(program, run)).step, { timeout: 180_000 }).toBeGreaterThan(12);
  await expect(page.locator('canvas').first()).toBeVisible();

  await page.getByRole('button', { name: /Save a checkpoint|Checkpoint now/i }).click();
  await expect.poll(async () => (await row(program, run)).safeStep, { timeout: 60_000 }).not.toBe(null);
  const trainers = trainersOf(app.process().pid ?? -1);
  expect(trainers.length).toBeGreaterThan(0);
  for (const pid of trainers) process.kill(pid, 'SIGKILL');

  await expect.poll(async () => (await row(program, run)).status, { timeout: 30_000 }).toBe('interrupted');
  const banner = page.getByTestId('interrupted').first();
  await expect(banner).toBeVisible();
  await banner.getByTestId('resume').click();
  await expect.poll(async () => (await row(program, run)).status, { timeout: 300_000 }).toBe('done');
  const detail = (await ask(page, 'run', run)) as RunDetail;
  expect(detail.attempts.map((attempt) => attempt.ended)).toEqual(['lost', 'done']);
  expect(detail.attempts[1]?.fromStep).toBeGreaterThan(0);

  await page.getByTestId('rail-runs').click();
  await page.getByTestId('run-row').first().getByRole('link').first().click();
  await expect(page.getByTestId('health')).toContainText(/Embedding std\s*\d/);
  expect(detail.holds.map(({ part }) => part)).toEqual(['encoder', 'expander', 'optimizer']);
  await page.getByTestId('export').click();
  await page.getByRole('menuitem', { name: '.pth' }).click();
  const exported = join(detail.folder, 'exports', `resnet-18-step-${detail.row.steps}.pth`);
  await expect(page.getByRole('status').filter({ hasText: exported })).toBeVisible();
  // A zip archive, as torch.save writes them.
  expect(readFileSync(exported).subarray(0, 2).toString()).toBe('PK');
  await page.getByTestId('export').click();
  await page.getByRole('menuitem', { name: 'TensorBoard' }).click();
  await expect(page.getByRole('status').filter({ hasText: 'tfevents' })).toBeVisible();
  // They come back as curves to compare with, drawn under those they are.
  await ask(page, 'importCurves', join(detail.folder, 'tensorboard'), { name: 'The same again' });
  await expect(page.locator('[data-metric="loss"]')).toContainText('The same again');
  await page.getByTestId('new-evaluation').click();
  await page.getByTestId('start-run').click();
  await expect
    .poll(async () => (await runsOf(page)).filter((one) => one.kind === 'evaluate' && one.status === 'done').length, {
      timeout: 180_000,
    })
    .toBe(1);
  await expect(page.getByTestId('results')).toBeVisible();
  await lookAtMap(program);

  await lookAtRuns(program);
  const evaluation = (await runsOf(page)).find((one) => one.kind === 'evaluate');
  await page.evaluate((runs) => (location.hash = `#/compare/runs/${runs}`), `${run}%2C${evaluation?.id ?? ''}`);
  await expect(page.getByTestId('comparison').first()).toBeVisible();
  // A verdict is in sight in a narrow window, and where everything is twice as large.
  const resize = (width: number, zoom: number) =>
    program.app.evaluate(
      ({ BrowserWindow }, { wide, times }) => {
        const [window] = BrowserWindow.getAllWindows();
        window?.setSize(wide, 800);
        window?.webContents.setZoomFactor(times);
      },
      { wide: width, times: zoom },
    );
  for (const [width, zoom] of [
    [900, 1],
    [1280, 2],
  ] as const) {
    await resize(width, zoom);
    await expect
      .poll(() =>
        page.getByTestId('comparison').evaluateAll(
          ([table], isNarrow) => {
            const { scrollWidth, clientWidth } = table!.parentElement!;
            const verdict = table!.querySelector('[data-testid="verdict"]')!.getBoundingClientRect();
            return innerWidth < isNarrow && scrollWidth <= clientWidth + 1 && verdict.right <= innerWidth;
          },
          width / zoom + 1,
        ),
      )
      .toBe(true);
  }
  await resize(1280, 1);
  await page.getByTestId('export').click();
  await page.getByRole('menuitem').first().click();
  await expect
    .poll(async () => ((await ask(page, 'reports')) as readonly ReportRow[]).length, { timeout: 120_000 })
    .toBe(1);
  const [report] = (await ask(page, 'reports')) as readonly ReportRow[];
  expect(report?.files.map((file) => file.format).sort()).toEqual([
    ...['bundle', 'csv', 'html', 'json', 'latex', 'markdown', 'pdf', 'svg'],
  ]);
  for (const file of report?.files ?? []) expect(existsSync(file.path), file.path).toBe(true);
  const pdf = report?.files.find((file) => file.format === 'pdf');
  expect(
    readFileSync(pdf?.path ?? '')
      .subarray(0, 5)
      .toString(),
  ).toBe('%PDF-');
  await page.getByTestId('rail-reports').click();
  await expect(page.getByTestId('report')).toBeVisible();
  await page.getByTestId('read-report').click();
  await expect(page.frameLocator('[data-testid="report-page"]').locator('h1')).toHaveText(report?.title ?? '');
  await expect(page.getByTestId('back-to-reports')).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(page.getByTestId('read-report')).toBeFocused();
  rmSync(report?.files.find((file) => file.format === 'html')?.path ?? '');
  await page.keyboard.press('Enter');
  await expect(page.locator('[data-fault="not-found"]')).toContainText('report.html');
});

test('a wrong folder is reported with what was expected and what was found', async ({ program, home }) => {
  const { mkdirSync, writeFileSync } = await import('node:fs');
  const folder = join(home, 'letters');
  mkdirSync(folder);
  writeFileSync(join(folder, 'dear.txt'), 'not a picture');
  await dropPath(program, folder);
  await expect(program.page.getByTestId('wrong-folder')).toBeVisible({ timeout: 60_000 });
  await expect(program.page.getByTestId('wrong-folder')).toContainText('dear.txt');
});

test('killing the whole program orphans nothing, and the next start offers to resume', async ({ home, profile }) => {
  test.setTimeout(300_000);
  // A workspace starts in an empty folder, so the data is elsewhere.
  const folder = join(profile, 'bars');
  writeIdx(folder, { train: 1200, test: 300 });
  const first = await launch(home, profile);
  await addData(first, folder);
  const run = await startSmallRun(first, 40);
  await expect.poll(async () => (await row(first, run)).step, { timeout: 180_000 }).toBeGreaterThan(5);
  const main = first.app.process().pid ?? -1;
  const trainers = trainersOf(main);
  expect(trainers.length).toBeGreaterThan(0);
  process.kill(main, 'SIGKILL');
  // Without its parent, the trainer saves and exits by itself.
  await expect.poll(() => trainers.filter(lives).length, { timeout: 60_000 }).toBe(0);

  const second = await launch(home, profile);
  await expect(second.page.getByTestId('trainer-card')).toBeVisible();
  const found = await row(second, run);
  expect(found.status).toBe('interrupted');
  expect(found.safeStep).toBeGreaterThan(0);
  await second.page.getByTestId('rail-runs').click();
  await expect(second.page.getByTestId('interrupted').first()).toBeVisible();
  await second.page.getByTestId('resume').first().click();
  await expect
    .poll(async () => (await row(second, run)).step, { timeout: 120_000 })
    .toBeGreaterThan(found.safeStep ?? 0);
  await second.page.evaluate((id) => window.workstation.stopRun(id, 'safely'), run);
  await expect.poll(async () => (await row(second, run)).status, { timeout: 60_000 }).toBe('stopped');
  await second.close();
});
