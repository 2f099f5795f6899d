/** What a query prints: tables, JSON and CSV; control characters; a reader that goes away; the program's own exit. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openDatabase, readMigrations, type WritableDatabase } from '../workstation/store/open.ts';
import { createQueries } from '../workstation/store/queries.ts';
import { insertPretrain, migrationsFolder, now } from '../workstation/store/testing/store-fixture.ts';
import { parseCommandLine, UsageError } from './arguments.ts';
import type { Output } from './progress.ts';
import { query } from './query-command.ts';
import { wordsIn } from './words.ts';

const home = mkdtempSync(join(tmpdir(), 'reprise-query-command-'));
let database: WritableDatabase;
beforeAll(() => {
  database = openDatabase(join(home, 'reprise.db'), readMigrations(migrationsFolder), now).database;
  const queries = createQueries(database);
  insertPretrain(queries, 'run-1');
  queries.rename('run-1', 'a\u001b[31m "red", b\u202e\nnext');
});
afterAll(() => {
  database.close();
  rmSync(home, { recursive: true, force: true });
});

async function printed(words: readonly string[], more: Partial<Output> = {}, language: 'en' | 'zh' = 'en') {
  let text = '';
  const out: Output = { isTTY: false, write: (part) => (text += part), ...more };
  const surroundings = {
    appRoot: join(migrationsFolder, '..'),
    node: process.execPath,
    window: { program: '', words: [] },
    runtime: '',
    version: '',
    edition: '',
    updates: null,
    env: {},
    err: out,
    out,
  };
  const code = await query(parseCommandLine(['query', '--home', home, ...words]), surroundings, wordsIn(language));
  expect(code).toBe(0);
  return text;
}

const many =
  'WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 1200) SELECT i, i / 2.0 AS half FROM n';

test('a table ends with the number of its rows, in both languages; without rows a sentence', async () => {
  expect(await printed(['SELECT 1 AS one, NULL AS none'])).toBe('one  none\n───  ────\n  1     –\n\n1 row\n');
  expect(await printed(['SELECT run FROM record_runs WHERE 0'], {}, 'zh')).toBe('没有内容。\n');
  expect(await printed([many], {}, 'zh')).toMatch(/\n共 1200 行\n$/);
});

test('control characters reach no terminal, in any form; a CSV file has them as they are', async () => {
  const sql = 'SELECT title FROM record_runs';
  for (const how of [[], ['--json'], ['--csv']]) {
    const text = await printed([sql, ...how], { isTTY: true, columns: 120 });
    // eslint-disable-next-line no-control-regex -- They are what must not be there.
    expect(text.replaceAll('\r\n', '\n'), how.join()).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u202e]/);
    expect(text).toContain('\\u001b[31m');
  }
  expect(await printed([sql, '--csv'])).toBe('title\r\n"a\u001b[31m ""red"", b\u202e\nnext"\r\n');
});

test('JSON is one value whatever the number of rows, and keeps whole numbers exact', async () => {
  expect(JSON.parse(await printed([many, '--json']))).toHaveLength(1200);
  expect(JSON.parse(await printed(['SELECT 1 WHERE 0', '--json']))).toEqual([]);
  expect(JSON.parse(await printed(["SELECT 9007199254740993 AS big, x'00ff' AS bytes, 2 AS two", '--json']))).toEqual([
    { big: '9007199254740993', bytes: '00ff', two: 2 },
  ]);
  expect(await printed(["SELECT -5 AS a, '=1+1' AS b, '-x' AS c", '--csv'])).toBe("a,b,c\r\n-5,'=1+1,'-x\r\n");
});

test('an endless query ends when its reader goes away', async () => {
  let lines = 0;
  const endless = 'WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n';
  await printed([endless, '--csv'], { write: () => (lines += 1), isGone: () => lines > 3 });
  expect(lines).toBeGreaterThan(3);
});

test('without a query the views are listed with their columns, as JSON too', async () => {
  const text = await printed([]);
  expect(text).toMatch(/^record_runs\n {2}run, kind, title/);
  expect(text).toContain('docs/records.md');
  expect(JSON.parse(await printed(['--json']))).toContainEqual({
    view: 'record_splits',
    columns: ['fingerprint', 'split', 'images'],
  });
});

test('what is not one query is refused', async () => {
  await expect(printed(['SELECT', '1'])).rejects.toThrow(UsageError);
  await expect(printed(['SELECT 1', '--json', '--csv'])).rejects.toThrow('one of them');
  await expect(printed(['DELETE FROM runs'])).rejects.toThrow('only SELECT');
});
