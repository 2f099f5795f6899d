/** A package is whole: its terminal finds everything, trains and prints; its window opens. (`npm run packages-proof` installs it.) */
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, root, test } from './app.ts';
import { expectNoNode, expectNoWayOut, expectStrictPolicy } from './closed-page.ts';
import { expectFuses, withWindowOf } from './packaged.ts';

test('the program as it is installed, from a folder of its own', async ({ home, profile }) => {
  test.setTimeout(300_000);
  const release = mkdtempSync(join(tmpdir(), 'reprise-release-'));
  try {
    execFileSync('node', [join(root, 'scripts', 'package.mjs'), 'dir', '--into', release], { stdio: 'inherit' });
    const folder = join(release, 'linux-unpacked');
    const window = join(
      folder,
      readdirSync(folder).find((name) => name.endsWith('-desktop'))!,
    );
    // Nothing of the checkout is named to it.
    const own = Object.entries(process.env).filter(([name]) => !name.startsWith('REPRISE_'));
    const env = { ...Object.fromEntries(own), REPRISE_HOME: home };
    const terminal = (...words: readonly string[]) =>
      execFileSync(join(folder, 'reprise'), words, { env, encoding: 'utf8', cwd: home });

    const sample = ['--preset', 'vicreg-small', '--dataset', 'sample', '--set', 'epochs=0.1', '--set', 'batch=32'];
    terminal('run', ...sample, '--set', 'execution.precision=float32');
    terminal('report');
    const [report] = readdirSync(join(home, 'reports'));
    expect(readdirSync(join(home, 'reports', report!))).toContain('report.pdf');

    await expectFuses(window);
    const flags = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
    const program = spawn(window, ['--remote-debugging-port=0', `--user-data-dir=${profile}`, ...flags], { env });
    await withWindowOf(program, async (page) => {
      await page.evaluate(() => (location.hash = '#/runs'));
      await expect(page.getByTestId('run-row')).toHaveCount(1);
      await expectNoNode(page);
      await expectStrictPolicy(page);
      await expectNoWayOut(page);
    });
  } finally {
    rmSync(release, { recursive: true, force: true });
  }
});
