/** The documented views: docs/records.md and the database say the same, also of a database of an older version. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import type { Result } from '../../../trainer/protocol/results.ts';
import { openDatabase, readMigrations, type WritableDatabase } from './open.ts';
import { createQueries } from './queries.ts';
import {
  attemptOf,
  checkpoint,
  evaluateConfig,
  hello,
  insertPretrain,
  metrics,
  migrationsFolder,
  now,
  result,
  stopped,
} from './testing/store-fixture.ts';

const document = readFileSync(join(import.meta.dirname, '../../../docs/records.md'), 'utf8');
const all = readMigrations(migrationsFolder);

const folder = mkdtempSync(join(tmpdir(), 'reprise-views-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Column {
  readonly name: string;
  readonly type: string;
}

/** View → its columns, as the document's tables list them. */
function documented(): Readonly<Record<string, readonly Column[]>> {
  const sections = document.split(/^## (?=record_)/m).slice(1);
  return Object.fromEntries(
    sections.map((section) => {
      const [view = ''] = section.split('\n');
      const rows = [...section.matchAll(/^\| (\w+) +\| (text|integer|real|any) +\|/gm)];
      return [view, rows.map(([, name = '', type = '']) => ({ name, type }))];
    }),
  );
}

function viewsOf(database: WritableDatabase): readonly string[] {
  return database
    .prepare("SELECT name FROM sqlite_schema WHERE type = 'view' AND name LIKE 'record\\_%' ESCAPE '\\' ORDER BY name")
    .pluck()
    .all() as string[];
}

/** A workspace of a pretraining that was resumed, its evaluation, a deleted run, a data set and a plan. */
function fill(database: WritableDatabase, results: Result[] = [result]): void {
  const queries = createQueries(database);
  insertPretrain(queries, 'run-1');
  insertPretrain(queries, 'gone');
  queries.markDeleted('gone', true);
  queries.apply([
    ...attemptOf('run-1', 1, [hello(0), metrics('loss', [[10, 5], [20, 4], [30, 9]]), checkpoint(20)]), // prettier-ignore
    ...attemptOf('run-1', 2, [hello(20), metrics('loss', [[30, null], [40, 2]]), checkpoint(40), stopped('done', 40)]), // prettier-ignore
    ...attemptOf('gone', 1, [hello(0), metrics('loss', [[10, 1]])]),
  ]);
  queries.note('run-1', 'The learning rate was too high.');
  queries.insertRun({
    id: 'run-2',
    config: evaluateConfig('run-1'),
    folder: '/runs/run-2',
    createdAt: 2000,
    plan: 'first',
    planKey: 'knn',
    status: 'queued',
  });
  queries.apply(
    attemptOf('run-2', 1, [
      hello(0),
      { type: 'log', level: 'info', code: 'began', text: 'Began.', values: {} },
      { type: 'result', outcome: { kind: 'results', results } },
      stopped('done', 0),
    ]),
  );
  const inspection = {
    version: 1,
    dataset: 'idx',
    classes: ['a', 'b'],
    bytes: 12,
    splits: [
      { split: 'train', images: 6, perClass: [] },
      { split: 'test', images: 4, perClass: [] },
    ],
    rejectCount: 1,
    leakCount: 2,
    duplicateCount: 3,
  };
  queries.saveDataset({
    fingerprint: 'f1',
    name: 'Mine',
    path: '/data',
    inspection: inspection as never,
    signature: 's',
    inspectedAt: 3000,
    builtIn: false,
  });
  const plan = JSON.stringify({ title: { en: 'The first', zh: '第一' }, runs: [{}, {}] });
  queries.savePlan({ id: 'first', plan, startedAt: 4000, paused: false });
}

test('the document lists every view with every column in order, and nothing else', () => {
  const { database } = openDatabase(':memory:', all, now);
  const found = Object.fromEntries(
    viewsOf(database).map((view) => [view, database.pragma(`table_info(${view})`) as readonly Column[]]),
  );
  const told = documented();
  expect(Object.keys(told).sort()).toEqual(Object.keys(found));
  for (const [view, columns] of Object.entries(told))
    expect(
      columns.map(({ name }) => name),
      view,
    ).toEqual(found[view]?.map(({ name }) => name));
});

test('every value has the type that the document says', () => {
  const { database } = openDatabase(':memory:', all, now);
  fill(database);
  database.exec(`
    INSERT INTO reference_curves VALUES ('c1', 'Theirs', 'csv', '/a.csv', 'ab', 3, 5000, 'epoch', 10.0, NULL, NULL, '[]');
    INSERT INTO reference_metrics VALUES ('c1', 0, 'train_loss', 'loss', 1);
    INSERT INTO reference_points VALUES ('c1', 0, 2.0, 0.5);
  `);
  for (const [view, columns] of Object.entries(documented())) {
    for (const { name, type } of columns) {
      const types = database.prepare(`SELECT DISTINCT typeof("${name}") FROM ${view}`).pluck().all() as string[];
      expect(types.length, `${view} has no row`).toBeGreaterThan(0);
      // A whole number of epochs in a configuration is written without a point.
      const allowed = type === 'any' ? ['text', 'integer', 'real'] : type === 'real' ? ['real', 'integer'] : [type];
      for (const found of types) expect([...allowed, 'null'], `${view}.${name}`).toContain(found);
    }
  }
});

test('the views say what is recorded: kept points, epochs, the method of an evaluation, no deleted run', () => {
  const { database } = openDatabase(':memory:', all, now);
  fill(database);
  const rows = (sql: string): unknown[] => database.prepare(sql).raw().all();
  expect(rows('SELECT run, method, step, note FROM record_runs ORDER BY run')).toEqual([
    ['run-1', 'vicreg', 40, 'The learning rate was too high.'],
    ['run-2', 'vicreg', 0, null],
  ]);
  expect(rows('SELECT attempt, step, round(epoch, 3), value FROM record_metrics')).toEqual([
    [1, 10, 0.1, 5],
    [1, 20, 0.2, 4],
    [2, 30, 0.3, null],
    [2, 40, 0.4, 2],
  ]);
  expect(rows("SELECT path, value FROM record_values WHERE run = 'run-1' AND path LIKE 'views.0.cropA%'")).toEqual([
    ['views.0.cropArea.0', 0.2],
    ['views.0.cropArea.1', 1],
  ]);
  expect(rows('SELECT run, metric, value, images FROM record_results')).toEqual([['run-2', 'top1', 86.5, 10000]]);
  expect(rows('SELECT title_zh, planned_runs, runs, done_runs FROM record_plans')).toEqual([['第一', 2, 1, 1]]);
  expect(rows('SELECT images, leaks, contents FROM record_datasets')).toEqual([[10, 2, 'checked']]);
  expect(rows("SELECT created_at FROM record_runs WHERE run = 'run-1'")).toEqual([['1970-01-01T00:00:01.000Z']]);
});

test('a database of an older version gets the views, over the rows it had', () => {
  const file = join(folder, 'reprise.db');
  const before = all.filter(({ version }) => version < 110);
  const old = openDatabase(file, before, now);
  // Figures have a column since that this version writes.
  fill(old.database, []);
  old.database.close();
  const { database, backup } = openDatabase(file, all, now);
  expect(backup).not.toBeNull();
  expect(viewsOf(database)).toEqual(Object.keys(documented()).sort());
  expect(database.prepare('SELECT count(*) FROM record_metrics').pluck().get()).toBe(4);
  database.close();
});
