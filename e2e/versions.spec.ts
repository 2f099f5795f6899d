/** Versions of the program and of workspaces beside each other, in the real program. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { electronPath, expect, launch, root, test } from './app.ts';

test('a workspace of an older version says where its database was kept, and how to go back', async ({
  home,
  profile,
}) => {
  const older = `
    import { openDatabase, readMigrations } from ${JSON.stringify(join(root, 'electron/workstation/store/open.ts'))};
    const older = readMigrations(${JSON.stringify(join(root, 'migrations'))}).slice(0, 5);
    openDatabase(${JSON.stringify(join(home, 'reprise.db'))}, older, () => new Date()).database.close();`;
  execFileSync(process.execPath, ['--input-type=module', '--eval', older]);
  writeFileSync(join(home, 'workspace.json'), JSON.stringify({ version: 1, createdAt: 5 }));
  const program = await launch(home, profile);
  try {
    const [backup = ''] = readdirSync(home).filter((name) => name.includes('backup'));
    const notice = program.page.locator('.notice').filter({ hasText: 'brought up to date' });
    await expect(notice).toContainText(join(home, backup));
    await expect(notice).toContainText('kB');
    await expect(notice).toContainText('To go back');
  } finally {
    await program.close();
  }
});

test('a start on another workspace is told of and not taken for this one', async ({ program, profile }) => {
  const { app } = program;
  await app.evaluate(({ dialog }) => {
    const told: string[] = [];
    Object.assign(globalThis, { told });
    dialog.showMessageBox = (...given: readonly unknown[]) => {
      told.push(JSON.stringify(given.at(-1)));
      return Promise.resolve({ response: 0, checkboxChecked: false });
    };
  });
  const startedOn = async (home: string): Promise<readonly string[]> => {
    const flags = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
    const other = spawn(electronPath(), [root, ...flags, `--user-data-dir=${profile}`], {
      env: { ...process.env, REPRISE_HOME: home, REPRISE_TEST: '1' },
      stdio: 'ignore',
    });
    const [code] = (await once(other, 'exit')) as [number | null];
    expect(code).toBe(0);
    return app.evaluate(() => (globalThis as unknown as { told: string[] }).told);
  };
  expect(await startedOn(program.home)).toEqual([]);
  const elsewhere = join(profile, 'elsewhere');
  await expect.poll(async () => await startedOn(elsewhere)).toHaveLength(1);
  const [telling = ''] = await startedOn(program.home);
  expect(telling).toContain(elsewhere);
  expect(telling).toContain(program.home);
});
