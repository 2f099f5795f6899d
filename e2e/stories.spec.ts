/** What a newcomer wants to do, in as few clicks as it may take. */
import type { Page } from '@playwright/test';
import { join } from 'node:path';
import type { QueuedRun } from '../electron/api/queue.ts';
import type { RunDetail } from '../electron/api/runs.ts';
import { ask, dropPath, expect, runsOf, test } from './app.ts';
import { writeIdx } from './idx.ts';

/** Counts the clicks of a person in a page that is not loaded anew. Gives how many there were since it was last asked. */
async function clickCounter(page: Page): Promise<() => Promise<number>> {
  await page.evaluate(() => {
    const { dataset } = document.documentElement;
    document.addEventListener(
      'click',
      // The click that a label passes on to its field is none of a person.
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
const queueOf = async (page: Page): Promise<readonly string[]> =>
  ((await ask(page, 'queue')) as readonly QueuedRun[]).map(({ run }) => run);

test('own folder, VICReg with another rate, three seeds, reordered and cancelled', async ({ program, home }) => {
  test.setTimeout(240_000);
  const { page } = program;
  const folder = join(home, 'bars');
  writeIdx(folder, { train: 1200, test: 300 });
  const clicks = await clickCounter(page);

  await test.step('own folder: from a drop to the form in two clicks', async () => {
    await dropPath(program, folder);
    await page.getByTestId('add-dataset').click({ timeout: 60_000 });
    await page.getByRole('link', { name: 'Train on it' }).click();
    // The form stands while the fastest precision is measured.
    await expect(page.getByTestId('start-run')).toBeEnabled();
    await expect(page.getByTestId('estimate-time')).toContainText(/roughly|about/);
    await expect(page.getByText(/from the preset\./)).toHaveCount(0);
    expect(await clicks()).toBeLessThanOrEqual(2);
  });

  await test.step('VICReg with another rate, by three seeds: one field, one choice, one click', async () => {
    await page.getByLabel('Learning rate', { exact: true }).first().fill('0.002');
    await expect(page.getByText('1 value differs from the preset.')).toBeVisible();
    await page.locator('.seeds').selectOption('3');
    await page.getByTestId('start-run').click();
    await expect.poll(async () => (await runsOf(page)).length).toBe(3);
    expect(await clicks()).toBeLessThanOrEqual(1);
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
    await queued.last().locator('.handle').focus();
    await page.keyboard.press('Home');
    await expect.poll(() => queueOf(page)).toEqual([second, first]);
    await expect(queued.first().locator('.handle')).toBeFocused();
    await queued.last().dragTo(queued.first(), { targetPosition: { x: 200, y: 4 } });
    await expect.poll(() => queueOf(page)).toEqual([first, second]);

    await page.getByLabel('Select all queued runs').click();
    await page.getByTestId('queue-cancel').click();
    await expect(queued).toHaveCount(0);
    await expect(page.locator('.notice')).toHaveCount(1);
    await page.getByTestId('notice-action').click();
    await expect.poll(() => queueOf(page)).toEqual([first, second]);
    expect(await clicks()).toBeLessThanOrEqual(4);
  });

  const runs = await runsOf(page);
  await ask(
    page,
    'cancelQueued',
    runs.map(({ id }) => id),
  );
  for (const { id, status } of runs) if (status === 'running') await ask(page, 'stopRun', id, 'now');
  await expect.poll(async () => (await runsOf(page)).every(({ status }) => status === 'stopped')).toBe(true);
});

test('a dropped file is called a file, on the page of data sets and on that of weights', async ({ program, home }) => {
  const { page } = program;
  const { writeFileSync } = await import('node:fs');
  const file = join(home, 'notes.txt');
  writeFileSync(file, 'neither images nor weights');
  await page.getByTestId('rail-datasets').click();
  await dropPath(program, file);
  const onData = page.locator('[data-fault="not-a-folder"]');
  await expect(onData).toContainText('“notes.txt” is a file', { timeout: 60_000 });
  await expect(onData).toContainText('Choose or drop the folder that holds the images');
  await page.getByTestId('rail-weights').click();
  await dropPath(program, file);
  await expect(page.locator('[data-fault="not-weights"]')).toContainText(
    '“notes.txt” is a file, but not one of weights',
    {
      timeout: 60_000,
    },
  );
});
