/**
 * What a newcomer wants to do, without a manual and in as few clicks as it may take: everything is found by the name
 * that it shows.
 */
import type { Locator, Page } from '@playwright/test';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DatasetRow } from '../electron/api/datasets.ts';
import type { PlanRow } from '../electron/api/plans.ts';
import type { QueuedRun } from '../electron/api/queue.ts';
import type { ReportRow } from '../electron/api/reports.ts';
import type { RunDetail, RunRow } from '../electron/api/runs.ts';
import type { Inspection } from '../trainer/protocol/dataset.ts';
import type { RunConfig } from '../trainer/protocol/run.ts';
import { ask, dropPath, expect, runsOf, test, trainersOf } from './app.ts';
import { writeIdx } from './idx.ts';

/** Counts the clicks of a person in a page that is not loaded anew. Gives how many there were since it was last asked. */
async function clickCounter(page: Page): Promise<() => Promise<number>> {
  await page.evaluate(() => {
    const { dataset } = document.documentElement;
    document.addEventListener(
      'click',
      // A label passes a click on to its field: that one is not a person's.
      (event) => {
        if (event.isTrusted && event.detail > 0) dataset['clicks'] = String(Number(dataset['clicks'] ?? 0) + 1);
      },
      true,
    );
  });
  let told = 0;
  return async () => {
    const before = told;
    told = Number(await page.evaluate(() => document.documentElement.dataset['clicks'] ?? 0));
    return told - before;
  };
}
const rail = (page: Page, name: string): Locator =>
  page.getByRole('navigation', { name: 'Screens' }).getByRole('link', { name });
const button = (page: Page, name: string | RegExp): Locator => page.getByRole('button', { name, exact: true });
const link = (page: Page, name: string): Locator =>
  page.getByRole('main').getByRole('link', { name, exact: true }).first();

const queueOf = async (page: Page): Promise<readonly string[]> =>
  ((await ask(page, 'queue')) as readonly QueuedRun[]).map(({ run }) => run);
async function rowOf(page: Page, run: string): Promise<RunRow | undefined> {
  return (await runsOf(page)).find(({ id }) => id === run);
}
async function endAll(page: Page): Promise<void> {
  const runs = await runsOf(page);
  await ask(
    page,
    'cancelQueued',
    runs.map(({ id }) => id),
  );
  for (const { id, status } of runs) {
    if (status !== 'running') continue;
    await ask(page, 'stopRun', id, 'now').catch((error: unknown) => {
      // A plan that was paused has stopped it since it was listed.
      if (!String(error).includes('is not running')) throw error;
    });
  }
  await expect
    .poll(async () => (await runsOf(page)).every(({ status }) => ['stopped', 'done', 'failed'].includes(status)))
    .toBe(true);
}

test('the first plan is started in two clicks and paused in one', { tag: '@nightly' }, async ({ program }) => {
  test.setTimeout(240_000);
  const { page } = program;
  const clicks = await clickCounter(page);
  await page.getByRole('link', { name: 'Start here' }).click();
  await button(page, 'Start the plan').click();
  // Inspecting the data takes a while, which is told, and can be cancelled.
  await expect(page.getByRole('group', { name: 'Inspecting the data' })).toBeVisible();
  await expect(button(page, 'Cancel')).toBeVisible();
  const state = async (): Promise<PlanRow['state'] | undefined> =>
    ((await ask(page, 'plans')) as readonly PlanRow[]).find(({ plan }) => plan.id === 'first')?.state;
  await expect.poll(state, { timeout: 120_000 }).toBe('running');
  expect(await clicks()).toBe(2);
  await expect
    .poll(async () => (await runsOf(page)).some(({ status }) => status === 'running'), { timeout: 60_000 })
    .toBe(true);
  await button(page, 'Pause the plan').click();
  await expect.poll(state).toBe('paused');
  await expect(button(page, 'Continue the plan')).toBeVisible();
  expect(await clicks()).toBe(1);
  await endAll(page);
});

test(
  'own folder, VICReg with another rate, three seeds, reordered and cancelled',
  { tag: '@nightly' },
  async ({ program, home }) => {
    test.setTimeout(240_000);
    const { page } = program;
    const folder = join(home, 'bars');
    writeIdx(folder, { train: 1200, test: 300 });
    const clicks = await clickCounter(page);

    await test.step('own folder: from a drop to the form in two clicks', async () => {
      await dropPath(program, folder);
      await button(page, 'Add to the data sets').click({ timeout: 60_000 });
      await page.getByRole('link', { name: 'Train on it' }).click();
      // The form stands while the fastest precision is measured.
      await expect(button(page, 'Start training')).toBeEnabled();
      await expect(page.getByTestId('estimate-time')).toContainText(/roughly|about/);
      await expect(page.getByText(/from the preset\./)).toHaveCount(0);
      expect(await clicks()).toBe(2);
    });

    await test.step('VICReg with another rate, by three seeds: one field, one choice, one click', async () => {
      await page.getByLabel('Learning rate', { exact: true }).first().fill('0.002');
      await expect(page.getByText('1 value differs from the preset.')).toBeVisible();
      await page.getByLabel('Repeat with other seeds').selectOption('3 seeds');
      await button(page, 'Start 3 runs').click();
      await expect.poll(async () => (await runsOf(page)).length).toBe(3);
      expect(await clicks()).toBe(1);
      for (const { id, title } of await runsOf(page)) {
        const { config } = (await ask(page, 'run', id)) as RunDetail;
        expect(config).toMatchObject({ kind: 'pretrain', optimizer: { options: { rate: 0.002 } } });
        expect(title).toContain('lr 0.002');
      }
    });

    await test.step('reordered by a key and by dragging, cancelled and brought back in three clicks and a drag', async () => {
      const queued = page.getByTestId('queued-run');
      await expect.poll(async () => (await queueOf(page)).length).toBeGreaterThanOrEqual(2);
      // Whichever of them has begun is no longer in the queue.
      await expect
        .poll(async () => (await runsOf(page)).some(({ status }) => status === 'running'), { timeout: 120_000 })
        .toBe(true);
      const [first = '', second = ''] = await queueOf(page);
      await expect(queued).toHaveCount(2);
      await expect(queued.first()).toContainText(/done (about|at roughly)/);
      await queued
        .last()
        .getByRole('button', { name: /arrow keys/ })
        .focus();
      await page.keyboard.press('Home');
      await expect.poll(() => queueOf(page)).toEqual([second, first]);
      await expect(queued.first().getByRole('button', { name: /arrow keys/ })).toBeFocused();
      await queued.last().dragTo(queued.first(), { targetPosition: { x: 200, y: 4 } });
      await expect.poll(() => queueOf(page)).toEqual([first, second]);

      await page.getByLabel('Select all queued runs').click();
      await button(page, 'Remove from the queue').click();
      await expect(queued).toHaveCount(0);
      await expect(page.locator('.notice')).toHaveCount(1);
      await button(page, 'Undo').click();
      await expect.poll(() => queueOf(page)).toEqual([first, second]);
      expect(await clicks()).toBeLessThanOrEqual(4);
    });
    await endAll(page);
  },
);

/** Begins a short run on a data set of the workspace. */
async function beginShortRun(page: Page, folder: string): Promise<string> {
  const inspection = (await ask(page, 'inspect', folder, false)) as Inspection;
  const { fingerprint } = (await ask(page, 'addDataset', inspection, 'bars')) as DatasetRow;
  const draft = (await ask(page, 'draftRun', 'vicreg-small', fingerprint, 0)) as RunConfig;
  const run = (await ask(page, 'createRun', { ...draft, batch: 64, epochs: 6, title: 'Bars' })) as string;
  // Data that a request added is not in the lists of the window yet.
  await page.reload();
  return run;
}

/** Evaluates what is on the screen. Gives when the evaluation is done. */
async function evaluate(page: Page, evaluator: string, epochs?: string): Promise<void> {
  const before = (await runsOf(page)).length;
  await link(page, 'New evaluation').click();
  await page.getByLabel('Evaluator').selectOption(evaluator);
  await expect(page.getByLabel('Title')).toHaveValue(new RegExp(`^${evaluator}`));
  if (epochs !== undefined) await page.getByLabel('Epochs', { exact: true }).fill(epochs);
  await button(page, 'Start the evaluation').click();
  await expect
    .poll(async () => (await runsOf(page)).filter(({ status }) => status === 'done').length, { timeout: 120_000 })
    .toBe(before + 1);
}

test(
  'paused, killed and recovered; evaluated both ways; compared, exported, taken over by its weights',
  {
    tag: '@nightly',
  },
  async ({ program, home }) => {
    test.setTimeout(500_000);
    const { page, app } = program;
    const folder = join(home, 'bars');
    writeIdx(folder, { train: 1200, test: 300 });
    const run = await beginShortRun(page, folder);
    const status = async (): Promise<RunRow['status'] | undefined> => (await rowOf(page, run))?.status;
    await rail(page, 'Runs').click();
    await expect.poll(async () => (await rowOf(page, run))?.step, { timeout: 120_000 }).toBeGreaterThan(6);
    await link(page, 'Bars').click();
    const clicks = await clickCounter(page);

    await test.step('paused, continued, saved, and resumed after a death: a click each', async () => {
      await button(page, 'Pause').click();
      await expect.poll(status).toBe('paused');
      await button(page, 'Continue').click();
      await expect.poll(status).toBe('running');
      await button(page, 'Save a checkpoint').click();
      await expect.poll(async () => (await rowOf(page, run))?.safeStep, { timeout: 60_000 }).toBeGreaterThan(0);
      for (const pid of trainersOf(app.process().pid ?? -1)) process.kill(pid, 'SIGKILL');
      await expect.poll(status, { timeout: 30_000 }).toBe('interrupted');
      await expect(page.getByRole('main')).toContainText(/Safe up to step \d+/);
      await button(page, /^Resume from step \d+$/).click();
      await expect.poll(status, { timeout: 300_000 }).toBe('done');
      expect(await clicks()).toBe(4);
    });

    await test.step('evaluated by k-NN and linearly: two clicks each, and one back', async () => {
      await evaluate(page, 'k-NN');
      await link(page, 'Bars').click();
      await evaluate(page, 'Linear evaluation', '5');
      expect(await clicks()).toBe(5);
    });

    await test.step('two runs compared in four clicks', async () => {
      await rail(page, 'Runs').click();
      await page.getByRole('checkbox', { name: 'Select k-NN · Bars' }).click();
      await page.getByRole('checkbox', { name: 'Select Linear evaluation · Bars' }).click();
      await link(page, 'Compare these').click();
      await expect(page.getByRole('cell', { name: '100.00' }).first()).toBeVisible();
      expect(await clicks()).toBe(4);
    });

    await test.step('a PDF in two clicks', async () => {
      await button(page, 'Export report').click();
      await page.getByRole('menuitem', { name: 'PDF' }).click();
      const reports = async (): Promise<readonly ReportRow[]> => (await ask(page, 'reports')) as readonly ReportRow[];
      await expect.poll(async () => (await reports()).length, { timeout: 120_000 }).toBe(1);
      expect((await reports())[0]?.files.map(({ format }) => format)).toContain('pdf');
      expect(await clicks()).toBe(2);
    });

    await test.step('why a figure is not comparable with the paper, in one click', async () => {
      await button(page, /^Not comparable/)
        .first()
        .click();
      const row = page.getByRole('row', { name: /Why they are not comparable/ });
      await expect(row.first()).toContainText('Data set');
      expect(await clicks()).toBe(1);
    });

    await test.step('its exported weights imported by a drop, and evaluated in two clicks and a yes', async () => {
      await ask(page, 'exportWeights', { kind: 'run', run }, 'pth');
      const { folder: ofRun, row } = (await ask(page, 'run', run)) as RunDetail;
      await clicks();
      await dropPath(program, join(ofRun, 'exports', `resnet-18-step-${row.step}.pth`));
      await expect(link(page, 'New evaluation')).toBeVisible({ timeout: 60_000 });
      await link(page, 'New evaluation').click();
      await button(page, 'Start the evaluation').click();
      // Bars are so easy that random weights tell them apart as well, so the run asks.
      await button(page, 'Continue anyway').first().click({ timeout: 120_000 });
      await expect
        .poll(async () => (await runsOf(page)).every(({ status }) => status === 'done'), { timeout: 120_000 })
        .toBe(true);
      expect(await clicks()).toBe(3);
    });
  },
);

test('a dropped file is called a file, on the page of data sets and on that of weights', async ({ program, home }) => {
  const { page } = program;
  const file = join(home, 'notes.txt');
  writeFileSync(file, 'neither images nor weights');
  await rail(page, 'Data sets').click();
  await dropPath(program, file);
  const onData = page.locator('[data-fault="not-a-folder"]');
  await expect(onData).toContainText('“notes.txt” is a file', { timeout: 60_000 });
  await expect(onData).toContainText('Choose or drop the folder that holds the images');
  await rail(page, 'Weights').click();
  await dropPath(program, file);
  const onWeights = page.locator('[data-fault="not-weights"]');
  await expect(onWeights).toContainText('“notes.txt” is a file, but not one of weights', { timeout: 60_000 });
});
