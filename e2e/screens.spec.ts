/** Every screen, in both languages and themes: checked by axe, and saved as a picture for people. */
import type { Page } from '@playwright/test';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RunRow } from '../electron/api/runs.ts';
import type { About, Settings } from '../electron/api/settings.ts';
import { ask, expect, root, test, violationsOf } from './app.ts';

const screens = ['plans', 'runs', 'compare', 'datasets', 'weights', 'reports', 'hardware', 'settings'] as const;
const pictures = process.env['REPRISE_PICTURES'] ?? join(root, 'test-results', 'screens');

async function changeSettings(page: Page, changed: Partial<Settings>): Promise<void> {
  const { settings } = (await ask(page, 'about')) as About;
  await ask(page, 'changeSettings', { ...settings, ...changed });
}

/** Shows a screen whole, and what axe finds in it. */
async function examined(page: Page, screen: (typeof screens)[number]): Promise<readonly string[]> {
  await page.getByTestId(`rail-${screen}`).click();
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
  await expect(page.getByText(/Loading…|正在载入/)).toHaveCount(0, { timeout: 30_000 });
  return violationsOf(page);
}

for (const language of ['en', 'zh'] as const)
  for (const theme of ['light', 'dark'] as const)
    test(
      `screens in ${language}, ${theme}`,
      // Each language and each theme once in every run, all four pairs at night.
      { tag: (language === 'en') === (theme === 'light') ? [] : ['@nightly'] },
      async ({ program }) => {
        test.setTimeout(240_000);
        mkdirSync(pictures, { recursive: true });
        const { app, page } = program;
        await changeSettings(page, { language, theme });
        await page.reload();
        for (const screen of screens) {
          expect(await examined(page, screen), screen).toEqual([]);
          await page.screenshot({ path: join(pictures, `${screen}-${language}-${theme}.png`) });
        }
        if (language === 'zh') expect(await page.locator('html, [lang]').first().getAttribute('lang')).not.toBe(null);
        await app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.webContents.setZoomFactor(2));
        for (const screen of screens) {
          expect(await examined(page, screen), `${screen} at 200 %`).toEqual([]);
          const overflow = await page.evaluate(
            () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
          );
          expect(overflow, `${screen} is cut off at 200 %`).toBeLessThanOrEqual(1);
        }
      },
    );

test('every screen is reached by the keyboard', async ({ program }) => {
  const { page } = program;
  for (const screen of screens) {
    await page.getByTestId(`rail-${screen}`).focus();
    await page.keyboard.press('Enter');
    await expect(page.getByTestId(`rail-${screen}`)).toHaveAttribute('aria-current', 'page');
  }
});

test('a page that cannot be drawn says so in both languages, and the rest of the window goes on', async ({
  program,
}) => {
  const { page, app, home } = program;
  mkdirSync(pictures, { recursive: true });
  // A list in which a run is there twice, which no key of a row can bear: the window's other questions are answered as always.
  const nothing = {
    queuePosition: null,
    waitsFor: null,
    subject: null,
    plan: null,
    planKey: null,
    headline: null,
    fault: null,
    tags: [],
  };
  const counts = {
    createdAt: 0,
    startedAt: 0,
    endedAt: 1,
    seed: 1,
    step: 1,
    steps: 1,
    safeStep: 1,
    attempts: 1,
    diskBytes: 0,
  };
  const names = { id: 'twice', title: 'Twice', method: 'vicreg', dataset: 'idx', encoder: 'resnet-18', note: '' };
  const row: RunRow = { ...nothing, ...counts, ...names, kind: 'pretrain', status: 'done', archived: false };
  await app.evaluate(({ ipcMain }, twice) => {
    ipcMain.removeHandler('workstation:runs');
    const given: unknown = JSON.parse(twice);
    ipcMain.handle('workstation:runs', () => ({ ok: true, value: [given, given] }));
  }, JSON.stringify(row));
  for (const language of ['en', 'zh'] as const) {
    await changeSettings(page, { language, theme: 'light' });
    await page.reload();
    await page.getByTestId('rail-runs').click();
    const failed = page.getByTestId('view-failed');
    await expect(failed.getByRole('heading', { level: 1 })).toHaveText(
      language === 'en' ? 'This part of the window cannot be shown' : '窗口的这一部分无法显示',
    );
    await page.screenshot({ path: join(pictures, `failed-${language}.png`) });
    expect(await violationsOf(page)).toEqual([]);
    await failed.getByRole('button', { name: language === 'en' ? 'Copy details' : '复制详细信息' }).click();
    expect(await app.evaluate(({ clipboard }) => clipboard.readText())).toContain('each_key_duplicate');
    await page.getByTestId('rail-settings').click();
    await expect(failed).toHaveCount(0);
    await expect(page.getByRole('heading', { level: 1 })).toHaveText(language === 'en' ? 'Settings' : '设置');
  }
  expect(readFileSync(join(home, 'logs', 'workstation.log'), 'utf8')).toMatch(
    /The window failed at #\/runs: .*each_key_duplicate/,
  );
  // The errors are what this test is about; nothing else may have complained.
  expect(program.complaints.filter((line) => !line.includes('each_key_duplicate'))).toEqual([]);
  program.complaints.length = 0;
});
