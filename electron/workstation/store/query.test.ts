/** A person's query: one SELECT, streamed, that cannot write anything; errors name their place. */
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { faultOf } from '../../../trainer/durable/fault-of.ts';
import { openDatabase, readMigrations, type WritableDatabase } from './open.ts';
import { openRecordsForReading, type ReadRecords } from './query.ts';
import { createQueries } from './queries.ts';
import { attemptOf, hello, insertPretrain, metrics, migrationsFolder, now } from './testing/store-fixture.ts';

const folder = mkdtempSync(join(tmpdir(), 'reprise-query-'));
const file = join(folder, 'reprise.db');
const migrations = readMigrations(migrationsFolder);
let writer: WritableDatabase;
let records: ReadRecords;
beforeAll(() => {
  // The program itself has it open, as it does while it trains.
  writer = openDatabase(file, migrations, now).database;
  const queries = createQueries(writer);
  insertPretrain(queries, 'run-1');
  queries.apply(attemptOf('run-1', 1, [hello(0), metrics('loss', [[1, 3], [2, 2.5]])])); // prettier-ignore
  records = openRecordsForReading(file, migrations, now);
});
afterAll(() => {
  records.close();
  writer.close();
  rmSync(folder, { recursive: true, force: true });
});

const messageOf = (sql: string): string => {
  try {
    return `answered ${JSON.stringify([...records.select(sql).rows].map(String))}`;
  } catch (error) {
    return faultOf(error).message;
  }
};

test('rows come with their columns, numbers exactly, and a name that comes twice is numbered', () => {
  const { columns, rows } = records.select(
    'SELECT step, value, 9007199254740993 AS step FROM record_metrics ORDER BY step',
  );
  expect(columns).toEqual(['step', 'value', 'step:2']);
  expect([...rows]).toEqual([
    [1n, 3, 9007199254740993n],
    [2n, 2.5, 9007199254740993n],
  ]);
});

test('what another connection commits meanwhile is seen by the next query', () => {
  createQueries(writer).note('run-1', 'while it trains');
  expect([...records.select('/* notes */ -- of runs\n SELECT note FROM record_runs').rows]).toEqual([
    ['while it trains'],
  ]);
});

test('rows are computed as they are asked for', () => {
  const endless = records.select(
    'WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n',
  ).rows;
  expect([endless.next().value, endless.next().value]).toEqual([[1n], [2n]]);
  expect(endless.return?.().done).toBe(true);
});

test.each([
  'DELETE FROM runs',
  "UPDATE runs SET title = 'x'",
  'DROP VIEW record_runs',
  "ATTACH 'other.db' AS other",
  'PRAGMA query_only = OFF',
  'PRAGMA journal_mode = DELETE',
  "VACUUM INTO 'copy.db'",
  'WITH gone AS (SELECT 1) DELETE FROM runs',
  "SELECT load_extension('evil.so')",
  'SELECT 1; DELETE FROM runs',
  "-- SELECT\nINSERT INTO plans VALUES ('a', 'b', 1, 0)",
  'BEGIN',
  '',
])('refused: %s', (sql) => {
  const before = readdirSync(folder);
  expect(messageOf(sql)).toMatch(/docs\/records\.md/);
  expect(writer.prepare('SELECT title FROM runs').pluck().all()).toEqual(['VICReg small, seed 1']);
  expect(readdirSync(folder)).toEqual(before);
  for (const name of ['other.db', 'copy.db']) expect(existsSync(name), name).toBe(false);
});

test('an error names its place: of a word that comes twice the wrong one', () => {
  expect(messageOf('SELECT step\nFROM record_metrics\nWHERE metric = FROM')).toContain(
    'SQL error at line 3, column 16: near "FROM": syntax error.\n  WHERE metric = FROM\n                 ^',
  );
  expect(messageOf('SELECT title, titel FROM record_runs')).toContain('at line 1, column 15: no such column: titel');
  expect(messageOf('SELECT * FROM metric')).toContain('at line 1, column 15: no such table: metric');
  expect(messageOf('SELECT count( FROM record_runs')).toContain('at line 1, column 15: near "FROM"');
});

test('a value that would fill the memory is an error, not the end of the program', () => {
  expect(messageOf('SELECT length(zeroblob(900000000) || 1)')).toMatch(/MiB of memory|too big/);
});

test('the views are listed with their columns', () => {
  expect(records.views().find(({ view }) => view === 'record_splits')?.columns).toEqual([
    'fingerprint',
    'split',
    'images',
  ]);
});
