/** The security checklist, verified in the real window. */
import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { About } from '../electron/api/settings.ts';
import { ask, expect, test } from './app.ts';
import { expectNoNode, expectNoWayOut, expectStrictPolicy } from './closed-page.ts';

test('the window has no Node, an isolated world and a sandbox', async ({ program }) => {
  await expectNoNode(program.page);
  const preferences = await program.app.evaluate(({ BrowserWindow }) => {
    const contents = BrowserWindow.getAllWindows()[0]?.webContents as unknown as {
      getLastWebPreferences(): Record<string, unknown>;
    };
    return contents.getLastWebPreferences();
  });
  expect(preferences).toMatchObject({
    contextIsolation: true,
    sandbox: true,
    nodeIntegration: false,
    webSecurity: true,
  });
  expect(preferences['allowRunningInsecureContent']).not.toBe(true);
  expect(preferences['experimentalFeatures']).not.toBe(true);
  expect(preferences['webviewTag']).not.toBe(true);
});

test('the page is served with a strict policy, and breaking it is reported', async ({ program }) => {
  await expectStrictPolicy(program.page);
  program.complaints.length = 0;
});

test('no navigation, no new window, no permission, no network', async ({ program }) => {
  const { page, app } = program;
  await expectNoWayOut(page);
  expect(await app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows().length)).toBe(1);
  program.complaints.length = 0;
});

test('the page of a report runs nothing, fetches nothing and leads nowhere, whatever its file says', async ({
  program,
  home,
}) => {
  const { page, app } = program;
  const folder = join(home, 'reports', 'report-hostile');
  mkdirSync(folder, { recursive: true });
  const text = `<!doctype html><title>Report</title><h1>Hostile</h1>
    <script>document.title = 'ran'; top.location = 'https://example.com/'</script>
    <meta http-equiv="refresh" content="0;url=https://example.com/">
    <img src="https://example.com/a.png" onerror="document.title = 'ran'">
    <iframe src="app://reprise/index.html"></iframe>
    <a href="https://example.com/" target="_top">top</a> <a href="https://example.com/" target="_blank">new</a>
    <a href="app://reprise/index.html">own</a> <a href="#part">part</a> <p id="part">Part</p>
    <form action="https://example.com/" method="post"><button>send</button></form>`;
  writeFileSync(join(folder, 'report.html'), text);
  const sha256 = createHash('sha256').update(text).digest('hex');
  const files = [{ format: 'html', path: '', bytes: text.length, sha256 }];
  const row = { id: '', title: 'Hostile', language: 'en', createdAt: 0, folder: '', files, missing: [] };
  writeFileSync(join(folder, 'row.json'), JSON.stringify(row));
  await page.evaluate(() => (location.hash = '#/reports/report-hostile'));
  await page.reload();
  const inside = page.frameLocator('[data-testid="report-page"]');
  await expect(inside.locator('h1')).toHaveText('Hostile');
  const before = page.url();
  for (const name of ['part', 'top', 'new']) await inside.getByRole('link', { name, exact: true }).click();
  await inside.getByRole('button', { name: 'send' }).click();
  await page.waitForTimeout(300);
  const addresses = () => page.frames().map((frame) => frame.url());
  expect(addresses()).toContain('app://report/report-hostile#part');
  expect(await inside.locator('title').textContent()).toBe('Report');
  // A frame that a report would leave for another page shows none.
  await inside.getByRole('link', { name: 'own', exact: true }).click();
  await page.waitForTimeout(300);
  expect(addresses().filter((address) => address.startsWith('app://reprise'))).toEqual([before]);
  expect(page.url()).toBe(before);
  expect(await app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows().length)).toBe(1);
  const policy = await app.evaluate(async ({ session }) =>
    (await session.defaultSession.fetch('app://report/report-hostile')).headers.get('content-security-policy'),
  );
  expect(policy).toMatch(/^sandbox; default-src 'none';/);
  program.complaints.length = 0;
});

test('hostile arguments are refused with a value, and the program lives on', async ({ program }) => {
  const codes = await program.page.evaluate(async () => {
    const ask = window.workstation as unknown as Record<
      string,
      (...args: readonly unknown[]) => Promise<{ ok: boolean; fault?: { code: string } }>
    >;
    const tries: readonly (readonly [string, readonly unknown[]])[] = [
      ['run', ['../../etc/passwd']],
      ['run', []],
      ['renameRun', ['run-1', { toString: 'x' }]],
      ['createRun', [{ kind: 'pretrain', __proto__: null }]],
      ['inspect', ['\0', false]],
      ['openLink', ['file:///etc/passwd']],
      ['thumbnails', ['nothing', 'train', 1e9]],
      ['metric', ['run-1', "'; DROP TABLE runs; --", -1]],
      ['predictedClasses', ['run-1', '__proto__']],
      ['predictedImages', ['run-1', { which: 'last', label: -1, guess: null }, 0, 1e9]],
      ['testedPictures', ['run-1', Array.from({ length: 1e5 }, () => 0)]],
      ['testedPicture', ['../run-1', 0]],
    ];
    return await Promise.all(
      tries.map(async ([name, args]) => (await ask[name]?.(...args))?.fault?.code ?? 'accepted'),
    );
  });
  expect(codes).not.toContain('accepted');
  expect(codes).not.toContain('internal');
  expect(await program.page.evaluate(async () => (await window.workstation.runs()).ok)).toBe(true);
});

test('a window without its sandbox says so on the page of the machine, in both languages', async ({ program }) => {
  const { page, app } = program;
  const isSandboxed = !(await app.evaluate(({ app: electron }) => electron.commandLine.hasSwitch('no-sandbox')));
  const said = {
    en: isSandboxed ? 'run in Chromium’s sandbox' : 'runs without Chromium’s sandbox',
    zh: isSandboxed ? '在 Chromium 沙箱中运行' : '未启用 Chromium 沙箱',
  };
  for (const language of ['en', 'zh'] as const) {
    const { settings } = (await ask(page, 'about')) as About;
    await ask(page, 'changeSettings', { ...settings, language });
    await page.reload();
    await page.getByTestId('rail-hardware').click();
    const row = page.locator('[data-check="sandbox"]');
    await expect(row).toContainText(said[language], { timeout: 60_000 });
    await expect(row).toHaveAttribute('data-state', isSandboxed ? 'ok' : 'attention');
  }
});
