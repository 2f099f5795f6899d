import Database from 'better-sqlite3';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { faultOf } from '../../../trainer/durable/fault-of.ts';
import { recordCases } from '../../../trainer/durable/testing/record-cases.ts';
import type { Fault } from '../../../trainer/protocol/fault.ts';
import {
  attemptOf,
  checkpoint,
  hello,
  insertPretrain,
  metrics,
  migrationsFolder,
  now,
  openQueries,
  stopped,
} from './testing/store-fixture.ts';
import { openDatabase, openOrRemake, openReadOnly, readMigrations } from './open.ts';
import { createQueries } from './queries.ts';

let folder = '';
let file = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'reprise-open-'));
  file = join(folder, 'reprise.db');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function faultFrom(work: () => unknown): Fault | null {
  try {
    work();
    return null;
  } catch (error) {
    return faultOf(error);
  }
}

const all = readMigrations(migrationsFolder);

test.each(all.map((migration, index) => [migration.name, index] as const))(
  '%s applies on what came before it and leaves a whole database',
  (_name, index) => {
    const { database } = openDatabase(':memory:', all.slice(0, index + 1), now);
    expect(database.pragma('integrity_check', { simple: true })).toBe('ok');
    expect(database.pragma('foreign_key_check')).toEqual([]);
    expect(database.prepare('SELECT name FROM applied ORDER BY name').pluck().all()).toEqual(
      all.slice(0, index + 1).map((migration) => migration.name),
    );
    database.close();
  },
);

test('every table is STRICT: a text where a number belongs is an error', () => {
  const { database } = openQueries();
  const loose = database
    .prepare(
      "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND strict = 0 AND name NOT LIKE 'sqlite_%'",
    )
    .pluck()
    .all();
  expect(loose).toEqual([]);
});

test('the pragmas hold on a new file and on a reopened one, for which this build of SQLite would weaken them', () => {
  for (let time = 0; time < 2; time += 1) {
    const { database } = openDatabase(file, all, now);
    const pragma = (name: string): unknown => database.pragma(name, { simple: true });
    expect([pragma('journal_mode'), pragma('synchronous'), pragma('foreign_keys'), pragma('busy_timeout')]).toEqual([
      'wal',
      2,
      1,
      5000,
    ]);
    database.close();
  }
});

test('R15: a database of every schema there has been opens with its rows, after a copy of it was kept', () => {
  let lost = 0;
  for (const [index, { name }] of all.entries()) {
    const path = join(folder, name, 'reprise.db');
    mkdirSync(join(folder, name));
    const old = openDatabase(path, all.slice(0, index + 1), now);
    old.database.exec(
      `INSERT INTO runs (id, kind, title, status, created_at, method, dataset, seed, folder, config)
       VALUES ('run-1', 'pretrain', 'of ${name}', 'done', 1, 'vicreg', 'idx', 1, '/runs/run-1', '{}')`,
    );
    old.database.close();
    const { database, backup } = openDatabase(path, all, now);
    const titles = database.prepare('SELECT title FROM runs').pluck().all();
    const isCopied = (backup !== null) === index + 1 < all.length;
    if (titles.join() !== `of ${name}` || !isCopied || database.pragma('integrity_check', { simple: true }) !== 'ok')
      lost += 1;
    database.close();
  }
  recordCases({
    promise: 'R15',
    how: 'a database of every schema there has been opens with its rows',
    cases: all.length,
    lost,
  });
  expect(lost).toBe(0);
});

test('an existing file is copied before it is migrated, and its rows are kept', () => {
  const old = openDatabase(file, all.slice(0, 2), now);
  old.database.exec(
    `INSERT INTO runs (id, kind, title, status, created_at, method, dataset, seed, folder, config)
     VALUES ('run-1', 'pretrain', 'old', 'done', 1, 'vicreg', 'idx', 1, '/runs/run-1', '{}')`,
  );
  old.database.close();

  const opened = openDatabase(file, all, now);
  expect(opened.backup).toBe(join(folder, 'reprise-backup-2026-03-01T12-00-00.db'));
  expect(opened.database.prepare('SELECT title FROM runs').pluck().all()).toEqual(['old']);
  opened.database.close();
  const copy = new Database(opened.backup ?? '', { readonly: true });
  expect(copy.prepare('SELECT count(*) FROM applied').pluck().get()).toBe(2);
  expect(copy.prepare('SELECT title FROM runs').pluck().all()).toEqual(['old']);
  copy.close();

  const again = openDatabase(file, all, now);
  expect(again.backup).toBeNull();
  again.database.close();
});

test('a failing migration changes nothing', () => {
  openDatabase(file, all, now).database.close();
  const broken = {
    name: '9990-broken.sql',
    version: 9990,
    sha256: 'x',
    sql: 'CREATE TABLE half (a INTEGER) STRICT; SELECT nonsense;',
  };
  expect(() => openDatabase(file, [...all, broken], now)).toThrow(/nonsense/);
  const { database } = openDatabase(file, all, now);
  expect(database.prepare("SELECT name FROM sqlite_schema WHERE name = 'half'").all()).toEqual([]);
  database.close();
});

test('a database of a newer version is refused with its number, and nothing is changed', () => {
  const newer = { name: '9990-later.sql', version: 9990, sha256: 'x', sql: 'CREATE TABLE later (a INTEGER) STRICT;' };
  openDatabase(file, [...all, newer], now).database.close();
  const faults = [openDatabase, openReadOnly].map((open) => faultFrom(() => open(file, all, now)));
  const lost = faults.filter((fault) => fault?.code !== 'newer-version').length;
  recordCases({ promise: 'R15', how: 'a newer database is refused, to write and to read', cases: faults.length, lost });
  for (const fault of faults)
    expect(fault).toMatchObject({
      code: 'newer-version',
      values: { theirs: '9990-later.sql', ours: all.at(-1)?.version },
    });
  expect(readdirSync(folder).filter((name) => name.includes('backup'))).toEqual([]);
});

test('an edited migration is an error that says so', () => {
  openDatabase(file, all, now).database.close();
  const edited = all.map((migration, index) => (index === 0 ? { ...migration, sha256: 'other' } : migration));
  expect(() => openDatabase(file, edited, now)).toThrow(/0010-runs\.sql was edited after it was applied/);
});

test('migration files must be named and numbered', () => {
  cpSync(migrationsFolder, join(folder, 'sql'), { recursive: true });
  writeFileSync(join(folder, 'sql', '0015_badly named.sql'), '');
  expect(() => readMigrations(join(folder, 'sql'))).toThrow(/0015_badly named\.sql/);
});

test('a file of another program and a damaged one are refused, each with a sentence', () => {
  const other = new Database(file);
  other.exec('CREATE TABLE songs (title TEXT)');
  other.close();
  expect(() => openDatabase(file, all, now)).toThrow(/another program/);
  rmSync(file);
  writeFileSync(file, 'not a database at all, '.repeat(500));
  expect(() => openDatabase(file, all, now)).toThrow(/not a database/);
});

test('a damaged file is put aside and made anew; one of another program or a newer version is not touched', () => {
  const { database } = openDatabase(file, all, now);
  const [first] = all;
  database.prepare('UPDATE applied SET sha256 = ? WHERE name = ?').run('other', first?.name);
  database.close();
  const whole = readFileSync(file);
  const damages: readonly (() => void)[] = [
    () => writeFileSync(file, 'not a database at all, '.repeat(500)),
    () => writeFileSync(file, whole),
    () => truncateSync(file, whole.length / 2),
    () => truncateSync(file, 150),
    () => writeFileSync(file, Buffer.from(whole).fill(0xff, 100, 4000)),
  ];
  for (const damage of damages) {
    damage();
    const opened = openOrRemake(file, all, () => new Date(Date.UTC(2026, 0, 1, 0, 0, damages.indexOf(damage))));
    expect(createQueries(opened.database).runs()).toEqual([]);
    expect(existsSync(opened.damaged?.kept ?? '')).toBe(true);
    opened.database.close();
  }
  const other = join(folder, 'other.db');
  const songs = new Database(other);
  songs.exec('CREATE TABLE songs (title TEXT)');
  songs.close();
  expect(faultFrom(() => openOrRemake(other, all, now))?.code).toBe('wrong-folder');
  const later = { name: '9990-later.sql', version: 9990, sql: 'SELECT 1', sha256: 'later' };
  openDatabase(join(folder, 'later.db'), [...all, later], now).database.close();
  expect(faultFrom(() => openOrRemake(join(folder, 'later.db'), all, now))?.code).toBe('newer-version');
});

test('read-only: a missing file reads as empty, an outdated one is refused, a current one cannot be written', () => {
  const nothing = openReadOnly(file, all, now);
  expect(createQueries(nothing.database).runs()).toEqual([]);
  expect(existsSync(file)).toBe(false);
  openDatabase(file, all.slice(0, 2), now).database.close();
  expect(() => openReadOnly(file, all, now)).toThrow(/has not been brought up to date/);
  openDatabase(file, all, now).database.close();
  const { database } = openReadOnly(file, all, now);
  const queries = createQueries(database);
  expect(queries.runs()).toEqual([]);
  expect(() => insertPretrain(queries, 'run-1')).toThrow(/readonly/);
  database.close();
});

test('kept_metrics: crash, resume, resume again from an earlier step', () => {
  const { database, queries } = openQueries();
  insertPretrain(queries, 'run-1');
  const loss = (from: number, to: number, value: number) =>
    metrics(
      'loss',
      Array.from({ length: (to - from) / 10 }, (_, index) => [from + 10 * (index + 1), value] as const),
    );
  queries.apply(attemptOf('run-1', 1, [hello(0), loss(0, 100, 1)]));
  queries.apply(attemptOf('run-1', 2, [hello(80), loss(80, 150, 2)]));
  queries.apply(attemptOf('run-1', 3, [hello(50), loss(50, 70, 3)]));

  const kept = database.prepare('SELECT attempt, step FROM kept_metrics ORDER BY step').raw().all();
  expect(kept).toEqual([
    [1, 10],
    [1, 20],
    [1, 30],
    [1, 40],
    [1, 50],
    [3, 60],
    [3, 70],
  ]);
  const series = queries.series('run-1', 'loss', 100);
  expect(series.steps).toEqual([10, 20, 30, 40, 50, 60, 70]);
  expect(series.mean).toEqual([1, 1, 1, 1, 1, 3, 3]);
  expect(series.discarded).toEqual([
    { attempt: 1, steps: [60, 70, 80, 90, 100], values: [1, 1, 1, 1, 1] },
    { attempt: 2, steps: [90, 100, 110, 120, 130, 140, 150], values: [2, 2, 2, 2, 2, 2, 2] },
  ]);
  expect(queries.lastMetric('run-1', 'loss')).toBe(3);
  expect(queries.meanMetric('run-1', 'loss', 50)).toBeCloseTo((1 + 3 + 3) / 3, 12);
});

test('the columns of the tables are those the rows are made of', () => {
  const { database, queries } = openQueries();
  const columns = (table: string): readonly unknown[] =>
    database.prepare('SELECT name FROM pragma_table_info(?) ORDER BY cid').pluck().all(table);
  const snake = (key: string): string => key.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  insertPretrain(queries, 'run-1');
  queries.apply(attemptOf('run-1', 1, [hello(0), checkpoint(10), stopped('done', 10)]));
  const [row] = queries.checkpoints('run-1');
  expect(columns('checkpoints')).toEqual(expect.arrayContaining(Object.keys(row ?? {}).map(snake)));
  const [attempt] = queries.attempts('run-1');
  expect(columns('attempts')).toEqual(expect.arrayContaining(Object.keys(attempt ?? {}).map(snake)));
  expect(columns('metrics')).toEqual(['run_id', 'name', 'attempt', 'step', 'value']);
});
