/** The work by which SQLite changes the run database, for `kill-at-calls.ts`: `node store-scenes.ts NAME FOLDER`. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import type { Scene } from '../../../../trainer/durable/testing/crash-points.ts';
import { recordSum } from '../file-sum.ts';
import { openDatabase, openOrRemake, readMigrations } from '../open.ts';
import { createQueries } from '../queries.ts';
import { allRows, attemptOf, hello, insertPretrain, metrics, migrationsFolder, now } from './store-fixture.ts';

const all = readMigrations(migrationsFolder);
const fileIn = (folder: string): string => join(folder, 'reprise.db');

/** Every row, and what would be named as damaged. Nothing may be put aside, and a backup is whole. */
function rowsIn(folder: string): unknown {
  const { database, damaged } = openOrRemake(fileIn(folder), all, now);
  try {
    const integrity = database.pragma('integrity_check', { simple: true });
    const applied = database.prepare('SELECT name FROM applied ORDER BY name').pluck().all();
    const putAside = readdirSync(folder).filter((name) => name.includes('damaged'));
    return { rows: allRows(database), applied, integrity, damaged, putAside };
  } finally {
    database.close();
  }
}

function makeRun(folder: string): void {
  const { database } = openDatabase(fileIn(folder), all, now);
  const queries = createQueries(database);
  insertPretrain(queries, 'run-1');
  queries.apply(attemptOf('run-1', 1, [hello(0)]));
  database.close();
  recordSum(fileIn(folder));
}

export const storeScenes: readonly Scene[] = [
  {
    name: 'the migration of a database',
    // Its reader migrates, too: whatever is killed, the rows are those of before in the tables of now.
    prepare: (folder) => {
      const old = openDatabase(fileIn(folder), all.slice(0, 2), now);
      old.database.exec(
        `INSERT INTO runs (id, kind, title, status, created_at, method, dataset, seed, folder, config)
         VALUES ('run-1', 'pretrain', 'old', 'done', 1, 'vicreg', 'idx', 1, '/runs/run-1', '{}')`,
      );
      old.database.close();
      recordSum(fileIn(folder));
    },
    act: (folder) => {
      openOrRemake(fileIn(folder), all, () => new Date()).database.close();
      recordSum(fileIn(folder));
    },
    read: rowsIn,
  },
  {
    name: 'a new database',
    prepare: () => undefined,
    act: (folder) => {
      openOrRemake(fileIn(folder), all, now).database.close();
      recordSum(fileIn(folder));
    },
    read: rowsIn,
  },
  {
    name: 'events of a run in the database',
    prepare: makeRun,
    act: (folder) => {
      const { database } = openOrRemake(fileIn(folder), all, now);
      const points = Array.from({ length: 20 }, (_, at) => [at + 1, at] as const);
      createQueries(database).apply(attemptOf('run-1', 1, [hello(0), metrics('loss', points)]));
      database.close();
      recordSum(fileIn(folder));
    },
    read: rowsIn,
  },
];

const [, program, name, folder] = process.argv;
if (program === import.meta.filename && folder !== undefined)
  await storeScenes.find((scene) => scene.name === name)?.act(folder);
