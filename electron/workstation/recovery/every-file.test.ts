/** Every file that the workstation keeps, cut at every offset and with bits flipped: found, named, nothing believed. */
import { appendFileSync, cpSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import * as v from 'valibot';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readExcludedFiles, writeExcludedFiles } from '../../../trainer/durable/excluded-files.ts';
import { packPredictions, unpackPredictions } from '../../../trainer/durable/predictions-file.ts';
import { sealedLine } from '../../../trainer/durable/sealed-line.ts';
import { writeSealedLines } from '../../../trainer/durable/sealed-lines.ts';
import { damageEverywhere, type DamagedKind, type Reading } from '../../../trainer/durable/testing/damaged-bytes.ts';
import { makeMemoryFolder } from '../../../trainer/durable/testing/memory-folder.ts';
import { recordCases } from '../../../trainer/durable/testing/record-cases.ts';
import { copiesFile } from '../../../trainer/protocol/copies.ts';
import { ImportedWeights } from '../../../trainer/protocol/weights.ts';
import { readCopiedImages } from '../data/copied-images.ts';
import { readKept } from '../data/kept-results.ts';
import { readSettings, writeSettings } from '../machine/settings.ts';
import { addChoice, readChoices } from '../runs/not-finite-choices.ts';
import { recordSum } from '../store/file-sum.ts';
import { createQueries } from '../store/queries.ts';
import { openOrRemake, readMigrations } from '../store/open.ts';
import {
  allRows,
  attemptOf,
  checkpoint,
  hello,
  insertPretrain,
  metrics,
  migrationsFolder,
  now,
  openQueries,
  pretrainConfig,
  result,
  stopped,
  storeOf,
} from '../store/testing/store-fixture.ts';
import { curvesPoints, curvesRecord, datasetRecord, foundWeights, planRecord } from '../testing/disk-scenes.ts';
import { writeWeightRecord, readWeightRecord } from '../weights/weight-records.ts';
import { takeLock } from '../workspace/lock.ts';
import { readMarker } from '../workspace/marker.ts';
import { readRunCard } from '../workspace/run-card.ts';
import { readStoredCurves, saveCurves } from '../workspace/stored-curves.ts';
import { saveDataset, savePlan } from '../workspace/stored-files.ts';
import { createRun, openWorkspace, saveRunCard } from '../workspace/workspace.ts';
import { readConfig, sweep } from './sweep.ts';

const root = makeMemoryFolder('every-file-');
afterAll(() => rmSync(root, { recursive: true, force: true }));
const migrations = readMigrations(migrationsFolder);

const home = join(root, 'home');
const run = join(home, 'runs', 'run-1');
const predictionsFile = join('results', 'knn-top1-only.predictions.bin.gz');
const database = join(root, 'reprise.db');
const weights = join(home, 'weights', '0123456789abcdef');

const value = (found: unknown): Reading => ({ said: found === null ? [] : [JSON.stringify(found)], named: [] });

/** A picture of the test split that is in the training split, too. */
function copy(index: number) {
  const picture = { index, file: `${index}.jpg`, class: null, width: 8, height: 8 };
  const pair = { picture: { split: 'test', ...picture }, copyOf: { split: 'train', ...picture } };
  return { ...pair, exact: true, changes: [], likeness: 1 };
}

/** What a workspace without its database says when it is opened: rows made from its files. */
async function swept(tables: readonly string[]): Promise<Reading> {
  const workspace = await openWorkspace(home, { write: false });
  const { database: opened, queries } = openQueries();
  const { damage, notes } = await sweep(workspace, storeOf(queries));
  const rows = allRows(opened);
  opened.close();
  const said = tables.flatMap((table) => (rows[table] ?? []).map((row) => `${table} ${JSON.stringify(row)}`));
  return { said, named: [...damage, ...notes] };
}

/** The database beside its checksum is put aside and made anew where it is damaged. */
function restoreDatabase(): void {
  for (const name of readdirSync(root)) if (name.startsWith('reprise')) rmSync(join(root, name));
  cpSync(join(root, 'whole'), root, { recursive: true });
}

function readDatabase(): Reading {
  const { database: opened, damaged } = openOrRemake(database, migrations, now);
  try {
    const rows = Object.entries(allRows(opened)).flatMap(([table, all]) =>
      all.map((row) => `${table} ${JSON.stringify(row)}`),
    );
    // With all of them there, a damaged checksum or a page that nothing uses is all that it can be.
    return { said: rows, named: damaged === null ? [] : [damaged.reason] };
  } finally {
    opened.close();
  }
}

/** The boundaries of pages, and every byte of the header. */
const pagesOf = (bytes: Buffer): readonly number[] => [
  ...Array.from({ length: 100 }, (_, at) => at),
  ...Array.from({ length: Math.ceil(bytes.length / 4096) }, (_, page) => page * 4096),
];

const kinds: readonly DamagedKind[] = [
  {
    name: 'workspace.json',
    file: join(home, 'workspace.json'),
    read: async () => {
      const marker = await readMarker(home);
      return { said: marker.kind === 'ours' ? ['ours'] : [], named: marker.kind === 'damaged' ? [marker.problem] : [] };
    },
  },
  {
    name: 'settings.json',
    file: join(home, 'settings.json'),
    read: async () => {
      const { settings, notes } = await readSettings(home);
      // What a person may have written is used, with a note.
      return notes.length > 0 ? { said: [], named: notes } : value(settings);
    },
  },
  { name: 'config.json of a run', file: join(run, 'config.json'), read: async () => value(await readConfig(run)) },
  { name: 'run.json of a run', file: join(run, 'run.json'), read: async () => value(await readRunCard(run)) },
  {
    name: 'events.ndjson of a run',
    file: join(run, 'events.ndjson'),
    read: () => swept(['metrics', 'results', 'logs', 'hellos']),
  },
  {
    name: 'when-not-finite.json of a run',
    file: join(run, 'when-not-finite.json'),
    read: async () => value(await readChoices(run)),
  },
  {
    name: 'what images were taken for',
    file: join(run, predictionsFile),
    read: async () => {
      const { names, guesses } = unpackPredictions((await readKept(run, predictionsFile))!);
      return { said: [...names, ...guesses].map(String), named: [] };
    },
  },
  { name: 'the record of a data set', file: join(home, 'datasets', 'abc.json'), read: () => swept(['datasets']) },
  { name: 'a started plan', file: join(home, 'plans', 'mine.json'), read: () => swept(['plans']) },
  {
    name: 'the images that a person left out',
    file: join(home, 'datasets', 'abc.excluded.json'),
    read: async () => value(await readExcludedFiles(join(home, 'datasets'), 'abc')),
  },
  {
    name: 'the copies in a data set',
    file: join(home, 'datasets', copiesFile('abc')),
    mayBeEmpty: true,
    read: async () => {
      const found =
        (await readCopiedImages(join(home, 'datasets'), 'abc'))?.get('test') ?? new Map<number, Set<string>>();
      return { said: [...found].map(([at, splits]) => `${at} ${[...splits].join()}`), named: [] };
    },
  },
  {
    name: 'the record of weights',
    file: join(weights, 'weights.json'),
    read: async () => value(await readWeightRecord(weights)),
  },
  ...['record', 'points'].map((name) => ({
    name: `the ${name} of reference curves`,
    file: join(home, 'curves', curvesRecord.id, `${name}.json`),
    read: async () => value(await readStoredCurves({ curves: join(home, 'curves') }, curvesRecord.id)),
  })),
  {
    name: 'the lock of a dead process',
    file: join(home, 'lock'),
    read: async () => {
      const release = await takeLock(home);
      await release();
      return { said: ['taken'], named: [] };
    },
  },
  { name: 'the database', file: database, restore: restoreDatabase, read: readDatabase, boundaries: pagesOf },
  { name: 'the checksum of the database', file: `${database}-sha256`, restore: restoreDatabase, read: readDatabase },
];

beforeAll(async () => {
  const workspace = await openWorkspace(home, { write: true });
  const { queries, database: memory } = openQueries();
  const store = storeOf(queries);
  await createRun(workspace, store, {
    id: 'run-1',
    config: pretrainConfig,
    createdAt: 1,
    plan: null,
    planKey: null,
    status: 'draft',
  });
  const events = attemptOf('run-1', 1, [
    hello(0),
    metrics(
      'loss',
      Array.from({ length: 9 }, (_, at) => [at + 1, 1 / (at + 1)]),
    ),
    checkpoint(5),
    { type: 'log', level: 'attention', code: 'slow-data', text: 'Waiting.', values: {} },
    { type: 'result', outcome: { kind: 'results', results: [result] } },
    stopped('done', 9),
  ]);
  appendFileSync(join(run, 'events.ndjson'), events.map((event) => `${sealedLine(event)}\n`).join(''));
  await store.apply(events);
  await saveRunCard(store, 'run-1');
  memory.close();
  const { settings } = await readSettings(home);
  await writeSettings(home, { ...settings, threads: 3, theme: 'dark' });
  mkdirSync(join(run, 'results'));
  const images = Uint16Array.from({ length: 9 }, (_, at) => at % 2);
  const predictions = packPredictions({ names: ['a', 'b'], labels: images, guesses: images, shares: images });
  writeFileSync(join(run, predictionsFile), gzipSync(Buffer.concat(predictions)));
  await addChoice(run, { policy: 'clip', norm: 2 });
  const fresh = openQueries();
  await saveDataset(workspace, storeOf(fresh.queries), datasetRecord);
  await savePlan(workspace, storeOf(fresh.queries), planRecord);
  await saveCurves(workspace, storeOf(fresh.queries), curvesRecord, curvesPoints);
  fresh.database.close();
  await writeExcludedFiles(workspace.datasets, 'abc', [{ split: 'train', file: 'a/1.jpg' }]);
  await writeSealedLines(
    join(workspace.datasets, copiesFile('abc')),
    Array.from({ length: 9 }, (_, index) => copy(index)),
  );
  mkdirSync(weights, { recursive: true });
  const origin = { method: null, pretrainedOn: null, epochs: null, batch: null };
  const named = { version: 1, name: 'ResNet-18', origin, importedAt: 5 };
  await writeWeightRecord(weights, v.parse(ImportedWeights, { ...foundWeights, ...named }));
  await workspace.close();
  // Of a process that is certainly gone.
  writeFileSync(join(home, 'lock'), JSON.stringify({ host: hostname(), pid: 4_194_300, startedAt: 77, since: 1 }));
  makeDatabase(events);
});

/** A database with the run, as it lies beside its checksum after a clean close. */
function makeDatabase(events: ReturnType<typeof attemptOf>): void {
  const opened = openOrRemake(database, migrations, now).database;
  const queries = createQueries(opened);
  insertPretrain(queries, 'run-1');
  queries.apply(events);
  opened.close();
  recordSum(database);
  mkdirSync(join(root, 'whole'));
  for (const name of readdirSync(root))
    if (name.startsWith('reprise')) cpSync(join(root, name), join(root, 'whole', name));
}

it.each(kinds)('R5: $name', { timeout: 3_600_000 }, async (kind) => {
  const { cases, cuts, flips, wrong } = await damageEverywhere(kind);
  recordCases({ promise: 'R5', how: `${kind.name}: ${cuts} cuts, ${flips} bit flips`, cases, lost: wrong.length });
  expect(wrong).toEqual([]);
});
