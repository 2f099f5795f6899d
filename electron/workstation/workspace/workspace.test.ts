import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { nameOfProcess } from './processes.ts';
import { openWorkspace } from './workspace.ts';

let home = '';
beforeEach(() => (home = mkdtempSync(join(tmpdir(), 'reprise-home-'))));
afterEach(() => rmSync(home, { recursive: true, force: true }));

/** Opens the workspace in a separate process, prints the result, and holds it until its standard input ends. */
const program = `
import { openWorkspace } from ${JSON.stringify(pathToFileURL(join(import.meta.dirname, 'workspace.ts')).href)};
try {
  const workspace = await openWorkspace(process.argv[1], { write: true });
  console.log('open');
  process.stdin.on('end', async () => { await workspace.close(); });
  process.stdin.resume();
} catch (error) {
  console.log(error.fault.code + ' ' + error.fault.values.pid);
}`;

function holder() {
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program, home], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const said = new Promise<string>((resolve) =>
    child.stdout.once('data', (text: Buffer) => resolve(text.toString().trim())),
  );
  return { child, exited, said };
}

test('a writer makes the folders, a second one is told who holds them, and a clean close gives them back', async () => {
  const first = await openWorkspace(home, { write: true });
  for (const name of ['runs', 'plans', 'datasets', 'cache', 'reports', 'logs', 'lock', 'workspace.json'])
    expect(existsSync(join(home, name)), name).toBe(true);
  const second = holder();
  expect(await second.said).toBe(`locked ${process.pid}`);
  await second.exited;
  await first.close();
  expect(existsSync(join(home, 'lock'))).toBe(false);
  const third = holder();
  expect(await third.said).toBe('open');
  third.child.stdin.end();
  await third.exited;
  expect(existsSync(join(home, 'lock'))).toBe(false);
});

test('the lock of a killed process is replaced, by exactly one of several that want it', async () => {
  const killed = holder();
  expect(await killed.said).toBe('open');
  killed.child.kill('SIGKILL');
  await killed.exited;
  expect(existsSync(join(home, 'lock'))).toBe(true);

  const rivals = [holder(), holder(), holder(), holder()];
  const words = await Promise.all(rivals.map((rival) => rival.said));
  expect(words.filter((word) => word === 'open')).toHaveLength(1);
  const winner = rivals[words.indexOf('open')];
  expect(words.filter((word) => word !== 'open')).toEqual(Array<string>(3).fill(`locked ${winner?.child.pid}`));
  for (const rival of rivals) rival.child.stdin.end();
  await Promise.all(rivals.map((rival) => rival.exited));
  expect(existsSync(join(home, 'lock'))).toBe(false);
  expect(existsSync(join(home, 'lock.takeover'))).toBe(false);
});

test('a lock whose pid was reused by another program counts as dead', async () => {
  const { pid, startedAt } = await nameOfProcess(process.pid);
  writeFileSync(join(home, 'lock'), JSON.stringify({ host: hostname(), pid, startedAt: startedAt - 1, since: 1 }));
  const workspace = await openWorkspace(home, { write: true });
  expect(JSON.parse(readFileSync(join(home, 'lock'), 'utf8'))).toMatchObject({ pid, startedAt });
  await workspace.close();
});

test('a lock from another machine is respected, and the message says which file to delete', async () => {
  writeFileSync(join(home, 'lock'), JSON.stringify({ host: 'elsewhere', pid: 1, startedAt: 1, since: 1 }));
  await expect(openWorkspace(home, { write: true })).rejects.toMatchObject({
    fault: {
      code: 'locked',
      values: { host: 'elsewhere' },
      message: expect.stringContaining(join(home, 'lock')) as string,
    },
  });
});

test('a reader takes no lock and creates nothing', async () => {
  const writer = await openWorkspace(home, { write: true });
  const reader = await openWorkspace(home, { write: false });
  await reader.close();
  expect(existsSync(join(home, 'lock'))).toBe(true);
  await writer.close();
  const nowhere = join(home, 'never-made');
  await (await openWorkspace(nowhere, { write: false })).close();
  expect(existsSync(nowhere)).toBe(false);
});

test('what a first start left that was killed too early is no reason to refuse, and is removed', async () => {
  writeFileSync(join(home, 'workspace.json.tmp-4711-0a1b2c3d'), '{"ver');
  const workspace = await openWorkspace(home, { write: true });
  expect(readdirSync(home).filter((name) => name.includes('.tmp-'))).toEqual([]);
  expect(workspace.notes).toEqual([]);
  await workspace.close();
});

test('of several first starts at once one gets the workspace, the others are told who has it', async () => {
  const rivals = [holder(), holder(), holder(), holder()];
  const words = await Promise.all(rivals.map((rival) => rival.said));
  const winner = rivals[words.indexOf('open')];
  expect(words.toSorted()).toEqual([...Array<string>(3).fill(`locked ${winner?.child.pid}`), 'open']);
  for (const rival of rivals) rival.child.stdin.end();
  await Promise.all(rivals.map((rival) => rival.exited));
});

test.each(['lock', 'lock.takeover'])('a folder called %s is named, with what to do', async (name) => {
  // The takeover is asked for only where there is the lock of a dead process.
  writeFileSync(join(home, 'lock'), '');
  rmSync(join(home, name), { force: true });
  mkdirSync(join(home, name));
  await expect(openWorkspace(home, { write: true })).rejects.toMatchObject({
    fault: { code: 'wrong-folder', message: expect.stringContaining(`${join(home, name)} is a folder`) as string },
  });
});

test('a file in the place of a folder of the workspace is named', async () => {
  writeFileSync(join(home, 'runs'), '');
  await expect(openWorkspace(home, { write: true })).rejects.toThrow(`${join(home, 'runs')} is not a folder`);
  expect(existsSync(join(home, 'lock'))).toBe(false);
});

test.each([
  ['cut short', (whole: string) => whole.slice(0, 20)],
  ['empty', () => ''],
  ['of a version that it never had', (whole: string) => whole.replace('"version": 1', '"version": 3')],
])('a marker that is %s is kept beside a new one, and that is said', async (_, damage) => {
  await (await openWorkspace(home, { write: true })).close();
  const marker = join(home, 'workspace.json');
  const damaged = damage(readFileSync(marker, 'utf8'));
  writeFileSync(marker, damaged);
  await (await openWorkspace(home, { write: false })).close();
  const workspace = await openWorkspace(home, { write: true });
  expect(workspace.notes).toEqual([expect.stringContaining(marker)]);
  await workspace.close();
  const [kept] = readdirSync(home).filter((name) => name.startsWith('workspace.damaged-'));
  expect(readFileSync(join(home, kept ?? ''), 'utf8')).toBe(damaged);
  const again = await openWorkspace(home, { write: true });
  expect(again.notes).toEqual([]);
  await again.close();
});

test('a newer workspace and a folder of something else are refused untouched', async () => {
  writeFileSync(join(home, 'workspace.json'), JSON.stringify({ version: 2, createdAt: 1 }));
  await expect(openWorkspace(home, { write: true })).rejects.toMatchObject({ fault: { code: 'newer-version' } });
  rmSync(join(home, 'workspace.json'));
  writeFileSync(join(home, 'thesis.docx'), '');
  await expect(openWorkspace(home, { write: true })).rejects.toMatchObject({
    fault: { code: 'wrong-folder', values: { found: 'thesis.docx' } },
  });
  expect(existsSync(join(home, 'lock'))).toBe(false);
});
