import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { About } from '../electron/api/settings.ts';
import { ask, expect, launch, root, runsOf, test } from './app.ts';

const pictures = join(root, 'resources', 'pictures');

test('pictures of a run and the comparison, in both languages', async ({ profile }) => {
  const home = process.env['REPRISE_HOME'];
  if (home === undefined) throw new Error('REPRISE_HOME is not set: take pictures by "npm run pictures -- HOME".');
  mkdirSync(pictures, { recursive: true });
  const program = await launch(home, profile);
  const { page } = program;
  const { settings } = (await ask(page, 'about')) as About;
  try {
    const run = (await runsOf(page)).find((row) => row.plan === 'first' && row.planKey === 'vicreg');
    if (run === undefined) throw new Error(`The first plan has no run of VICReg in ${home}.`);
    const screens = { run: `#/runs/${run.id}`, compare: '#/compare/plan/first' };
    for (const language of ['en', 'zh'] as const) {
      await ask(page, 'changeSettings', { ...settings, language, theme: 'light' });
      for (const [name, address] of Object.entries(screens)) {
        await page.evaluate((place) => (location.hash = place), address);
        await page.reload();
        await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
        await expect(page.getByText(/Loading…|正在载入|Checking:|正在检查/)).toHaveCount(0);
        // Charts draw themselves once their points are there.
        await page.waitForTimeout(1500);
        await page.screenshot({ path: join(pictures, `${name}-${language}.png`) });
      }
    }
  } finally {
    await ask(page, 'changeSettings', settings);
    await program.close();
  }
});
