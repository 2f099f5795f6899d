/** Workspaces of older and newer versions, as real folders with real databases. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { faultOf } from '../../trainer/durable/fault-of.ts';
import { toldFault } from '../words/told-fault.ts';
import { openRecords } from '../workstation/records.ts';
import { recordSum } from '../workstation/store/file-sum.ts';
import { openDatabase, readMigrations, type Migration } from '../workstation/store/open.ts';
import { pretrainConfig } from '../workstation/store/testing/store-fixture.ts';

const shown: { readonly detail: string; readonly buttons: readonly string[] }[] = [];
const exits: number[] = [];
vi.mock('electron', () => ({
  app: { getName: () => 'Reprise', exit: (code: number) => void exits.push(code) },
  dialog: {
    showMessageBox: (options: (typeof shown)[number]) => {
      shown.push(options);
      return Promise.resolve({ response: 0 });
    },
  },
  shell: {},
}));
const { tellingOf } = await import('./other-start.ts');
const { openOrExplain } = await import('./open-workstation.ts');
const { words } = await import('./words.ts');

const appRoot = join(import.meta.dirname, '..', '..');
const migrations = readMigrations(join(appRoot, 'migrations'));
const newest = migrations.at(-1)!.version;

let home = '';
beforeEach(() => (home = mkdtempSync(join(tmpdir(), 'reprise-versions-'))));
afterEach(() => rmSync(home, { recursive: true, force: true }));

async function openOnce(version = '0.2.0') {
  const records = await openRecords({
    appRoot,
    home,
    write: true,
    runtime: join(home, 'none'),
    node: process.execPath,
    version,
    complain: () => undefined,
  });
  const titles = (await records.store.runs()).map(({ title }) => title);
  await records.store.close();
  await records.workspace.close();
  return { upgrade: records.upgrade, damage: records.damage, titles };
}

/** Closed as a version of these migrations leaves it, with a run. */
function writeWorkspace(made: readonly Migration[], marker: object = { version: 1, createdAt: 5 }): void {
  const file = join(home, 'reprise.db');
  const { database } = openDatabase(file, made, () => new Date());
  database
    .prepare(
      `INSERT INTO runs (id, kind, title, status, created_at, method, dataset, seed, folder, config)
       VALUES ('a', 'pretrain', 'Kept', 'done', 5, 'vicreg', 'x', 1, ?, ?)`,
    )
    .run(join(home, 'runs', 'a'), JSON.stringify(pretrainConfig));
  database.close();
  recordSum(file);
  writeFileSync(join(home, 'workspace.json'), JSON.stringify(marker));
  mkdirSync(join(home, 'runs'));
}

/** Every file with its bytes and its time. */
const treeOf = (folder: string): readonly string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .sort()
    .map((path) => {
      const full = join(folder, path);
      const { mtimeMs, size } = statSync(full);
      return `${path} ${mtimeMs} ${size} ${statSync(full).isFile() ? readFileSync(full).toString('hex') : ''}`;
    });

test.each([1, 5, migrations.length - 1])(
  'a workspace after the first %i migrations opens, and its database as it was is kept and named',
  async (count) => {
    writeWorkspace(migrations.slice(0, count));
    const { upgrade, titles, damage } = await openOnce();
    expect(damage).toEqual([]);
    expect(titles).toEqual(['Kept']);
    expect(upgrade).toEqual({
      backup: expect.stringContaining(join(home, 'reprise-backup-')) as string,
      bytes: statSync(upgrade!.backup).size,
      from: null,
    });
    // Going back: the copy in the place of the database is one of the older version.
    rmSync(join(home, 'reprise.db'));
    const older = openDatabase(upgrade!.backup, migrations.slice(0, count), () => new Date());
    expect(older.database.prepare('SELECT title FROM runs').pluck().all()).toEqual(['Kept']);
    older.database.close();
  },
);

test('what an older version had is said once, with its number where it left one', async () => {
  writeWorkspace(migrations.slice(0, 4), { version: 1, createdAt: 5, program: '0.1.7', database: 40 });
  expect((await openOnce()).upgrade?.from).toBe('0.1.7');
  expect((await openOnce()).upgrade).toBe(null);
  expect(JSON.parse(readFileSync(join(home, 'workspace.json'), 'utf8'))).toMatchObject({
    version: 1,
    createdAt: 5,
    program: '0.2.0',
    database: newest,
  });
});

const later: Migration = {
  name: '9990-later.sql',
  version: 9990,
  sql: 'CREATE TABLE later (x TEXT) STRICT',
  sha256: 'l',
};

test('a newer workspace is refused with both versions, and not a byte of it is changed', async () => {
  writeWorkspace([...migrations, later], { version: 1, createdAt: 5, program: '1.4.0', database: 9990 });
  const before = treeOf(home);
  const fault = await openOnce().then(() => null, faultOf);
  expect(fault).toMatchObject({ code: 'newer-version', values: { theirs: '1.4.0', ours: '0.2.0' } });
  expect(toldFault('en', fault!)).toBe(
    `Reprise 1.4.0 has written to the workspace ${home}, and this is Reprise 0.2.0, which is older. Nothing was changed.`,
  );
  expect(toldFault('zh', fault!)).toMatch(/Reprise 1\.4\.0 写入过.*Reprise 0\.2\.0 版本较旧/);
  expect(treeOf(home)).toEqual(before);
});

test.each(['en', 'zh'] as const)('the window refuses a newer one with a sentence (%s), and ends', async (language) => {
  writeWorkspace(migrations, { version: 1, createdAt: 5, program: '1.4.0', database: 9990 });
  vi.stubEnv('REPRISE_HOME', home);
  const { version } = JSON.parse(readFileSync(join(appRoot, 'package.json'), 'utf8')) as { version: string };
  const never = () => Promise.reject(new Error('not asked'));
  const desktop = {
    pickFolder: never,
    pickFile: never,
    pickFiles: never,
    trash: never,
    openPath: never,
    showItem: never,
    openLink: never,
    isSandboxed: true,
    htmlToPdf: never,
  };
  const opening = openOrExplain(
    appRoot,
    { language, text: words[language] },
    () => null,
    desktop,
    () => undefined,
  );
  expect(await opening).toBe(null);
  expect(shown.at(-1)?.detail).toMatch(new RegExp(String.raw`Reprise 1\.4\.0.*${home}.*Reprise ${version}`));
  expect(/[\u4e00-\u9fff]/.test(shown.at(-1)?.detail ?? '')).toBe(language === 'zh');
  // The environment names the workspace, so no other can be chosen here.
  expect([shown.at(-1)?.buttons, exits.at(-1)]).toEqual([[words[language].quit], 1]);
  vi.unstubAllEnvs();
});

test('a database that is newer than its marker says keeps its bytes and its checksum', async () => {
  writeWorkspace([...migrations, later]);
  const kept = ['reprise.db', 'reprise.db-sha256'].map((name) => readFileSync(join(home, name)));
  const fault = await openOnce().then(() => null, faultOf);
  expect(fault).toMatchObject({ code: 'newer-version' });
  expect(['reprise.db', 'reprise.db-sha256'].map((name) => readFileSync(join(home, name)))).toEqual(kept);
});

test('a start of another version or on another workspace is told of, and one of this is not', () => {
  const own = { version: '0.2.0', home: '/a' };
  expect(tellingOf(words.en, own, { ...own })).toBe(null);
  for (const text of [words.en, words.zh]) {
    const version = tellingOf(text, own, { version: '0.1.0', home: '/a' });
    expect(version?.message).toMatch(/0\.1\.0.*0\.2\.0/);
    expect(tellingOf(text, own, { version: '0.2.0', home: '/b' })?.detail).toMatch(/\/b.*\/a/);
  }
  // Of a version from before starts told what they are.
  expect(tellingOf(words.en, own, undefined)).toBe(null);
});
