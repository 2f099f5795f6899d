/** Every screen, in both languages and themes: checked by axe, and saved as a picture for people. */
import AxeBuilder from '@axe-core/playwright';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Settings } from '../electron/api/settings.ts';
import { ask, expect, root, test } from './app.ts';

const screens = ['plans', 'runs', 'compare', 'datasets', 'weights', 'reports', 'hardware', 'settings'] as const;
const pictures = process.env['REPRISE_PICTURES'] ?? join(root, 'test-results', 'screens');

for (const language of ['en', 'zh'] as const)
  for (const theme of ['light', 'dark'] as const)
    test(
      `screens in ${language}, ${theme}`,
      // Each language and each theme once in every run, all four pairs at night.
      { tag: (language === 'en') === (theme === 'light') ? [] : ['@nightly'] },
      async ({ program }) => {
        test.setTimeout(240_000);
        mkdirSync(pictures, { recursive: true });
        const { page } = program;
        const settings: Settings = { language, theme, resumeAutomatically: false, keepAwake: true, threads: null };
        await ask(page, 'changeSettings', settings);
        await page.reload();
        for (const screen of screens) {
          await page.getByTestId(`rail-${screen}`).click();
          await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
          await expect(page.getByText(/Loading…|正在载入/)).toHaveCount(0, { timeout: 30_000 });
          await page.screenshot({ path: join(pictures, `${screen}-${language}-${theme}.png`) });
          // Electron has no second page for axe to work in, hence the legacy mode.
          const { violations } = await new AxeBuilder({ page }).setLegacyMode(true).analyze();
          expect(
            violations.map(
              (violation) => `${violation.id}: ${violation.nodes.map((node) => node.target.join(' ')).join(', ')}`,
            ),
            screen,
          ).toEqual([]);
        }
        if (language === 'zh') expect(await page.locator('html, [lang]').first().getAttribute('lang')).not.toBe(null);
      },
    );

test('nothing is cut off at 200 % zoom', async ({ program }) => {
  const { page, app } = program;
  await app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.webContents.setZoomFactor(2));
  for (const screen of screens) {
    await page.getByTestId(`rail-${screen}`).click();
    await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
    const overflow = await page.evaluate(
      () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
    );
    expect(overflow, screen).toBeLessThanOrEqual(1);
  }
});

test('every screen is reached by the keyboard', async ({ program }) => {
  const { page } = program;
  for (const screen of screens) {
    await page.getByTestId(`rail-${screen}`).focus();
    await page.keyboard.press('Enter');
    await expect(page.getByTestId(`rail-${screen}`)).toHaveAttribute('aria-current', 'page');
  }
});
