import { spawn, type ChildProcess } from 'node:child_process';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openSealed, sealedJson } from '../../../trainer/durable/sealed-json.ts';
import { sealedLine } from '../../../trainer/durable/sealed-line.ts';
import { recordCases } from '../../../trainer/durable/testing/record-cases.ts';
import type { TrainerEvent } from '../../../trainer/protocol/events.ts';
import { partsOf } from './checkpoint-folders.ts';
import { importRun } from './import-run.ts';
import { nameOfProcess } from '../workspace/processes.ts';
import {
  allRows,
  attemptOf,
  checkpoint,
  evaluateConfig,
  hello,
  metrics,
  openQueries,
  pretrainConfig,
  result,
  stopped,
  storeOf,
} from '../store/testing/store-fixture.ts';
import { datasetRecord } from '../testing/disk-scenes.ts';
import type { Store } from '../store/store.ts';
import { sweep, sweepRun } from './sweep.ts';
import { saveDataset, savePlan } from '../workspace/stored-files.ts';
import { createRun, openWorkspace, saveRunCard, type Workspace } from '../workspace/workspace.ts';

let home = '';
let workspace: Workspace;
const children: ChildProcess[] = [];

beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), 'reprise-sweep-'));
  workspace = await openWorkspace(join(home, 'workspace'), { write: true });
});
afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  await workspace.close();
  rmSync(home, { recursive: true, force: true });
});

function database() {
  const { database: opened, queries } = openQueries();
  return { rows: (leaveOut: readonly string[] = []) => allRows(opened, leaveOut), store: storeOf(queries) };
}

const folderOf = (run: string): string => join(workspace.runs, run);
const eventsOf = (run: string): string => join(folderOf(run), 'events.ndjson');

function make(store: Store, run: string, config = pretrainConfig): Promise<string> {
  return createRun(workspace, store, {
    id: run,
    config,
    createdAt: 1000,
    plan: 'first',
    planKey: 'main',
    status: 'queued',
  });
}

/** Writes events like the trainer: always to the file, to the pipe as far as it gets. */
async function say(store: Store | null, events: readonly TrainerEvent[]): Promise<void> {
  for (const event of events) appendFileSync(eventsOf(event.run), `${JSON.stringify(event)}\n`);
  await store?.apply(events);
}

const tensorsOf = (names: readonly string[]): readonly object[] =>
  names.map((name, at) => ({ name, dtype: 'float32', shape: [2], offset: at * 8, bytes: 8, sha256: 'x' }));

function writeCheckpoint(run: string, step: number, bytes = 8, tensors = tensorsOf(['encoder/weight'])): void {
  const folder = join(folderOf(run), 'checkpoints', String(step).padStart(6, '0'));
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'tensors.bin'), Buffer.alloc(bytes));
  const manifest = {
    format: 2,
    run,
    attempt: 1,
    step,
    epoch: step / 100,
    trainedSeconds: 1,
    configHash: 'c',
    codeVersion: 'v',
    tensorflow: '2.21.0',
    threads: 1,
    instructionSet: 'avx2',
    seed: 1,
    counters: {},
    tensorBytes: tensors.length * 8,
    tensors,
  };
  writeFileSync(join(folder, 'manifest.json'), sealedJson(manifest));
}

const text = { en: '', zh: '' };
/** The pid of a process that is certainly gone. */
const deadPid = { pid: 4_194_300, pidStartedAt: 77 };

async function begin(store: Store, run: string, attempt = 1, fromStep = 0, owner = deadPid): Promise<void> {
  await store.beginAttempt(run, { attempt, fromStep, startedAt: 90_000, ...owner });
  await saveRunCard(store, run);
}

const now = 4_000_000_000_000;
/** Timestamps after any boot, so that a closed attempt does not count as a reboot. */
const late = (events: readonly TrainerEvent[]): readonly TrainerEvent[] =>
  events.map((event) => ({ ...event, at: now + event.at }));

test('events that never reached the database are replayed; the run is interrupted, with its step and what is safe', async () => {
  const { store } = database();
  await make(store, 'run-1');
  await begin(store, 'run-1');
  const events = late(
    attemptOf('run-1', 1, [
      hello(0),
      metrics('loss', [
        [10, 5],
        [20, 4],
      ]),
      checkpoint(20),
      metrics('loss', [[30, 3]]),
    ]),
  );
  await say(store, events.slice(0, 2));
  await say(null, events.slice(2));
  writeCheckpoint('run-1', 20);
  mkdirSync(join(folderOf('run-1'), 'checkpoints', '.tmp-000030-1'));

  const report = await sweep(workspace, store);
  expect(report.interrupted).toMatchObject([
    {
      run: 'run-1',
      step: 30,
      safeStep: 20,
      cause: 'workstation-killed',
      fault: { code: 'trainer-died', retry: 'resume' },
    },
  ]);
  expect(report.notes).toEqual([]);
  expect(await store.attempts('run-1')).toMatchObject([{ ended: 'lost', lastStep: 30 }]);
  expect((await store.series('run-1', 'loss', 10)).mean).toEqual([5, 4, 3]);
  expect(readdirSync(join(folderOf('run-1'), 'checkpoints'))).toEqual(['000020']);
  // Reported again at each start until it is resumed or discarded.
  expect((await sweep(workspace, store)).interrupted).toHaveLength(1);
});

test('an attempt last seen before the machine started was ended by the machine', async () => {
  const { store } = database();
  await make(store, 'run-1');
  await begin(store, 'run-1');
  await say(store, attemptOf('run-1', 1, [hello(0)]));
  expect((await sweep(workspace, store)).interrupted).toMatchObject([{ run: 'run-1', cause: 'machine' }]);
});

test('a run whose trainer saved and exited because the workstation was gone is interrupted, not stopped', async () => {
  const { store } = database();
  await make(store, 'run-1');
  await begin(store, 'run-1');
  await say(
    null,
    late(attemptOf('run-1', 1, [hello(0), { ...checkpoint(20), reason: 'disconnect' }, stopped('asked', 20)])),
  );
  writeCheckpoint('run-1', 20);
  expect((await sweep(workspace, store)).interrupted).toMatchObject([
    { run: 'run-1', step: 20, safeStep: 20, cause: 'workstation-killed' },
  ]);
  expect(await store.attempts('run-1')).toMatchObject([{ ended: 'asked' }]);
});

test('a run that ended while nobody listened is simply done', async () => {
  const { store } = database();
  await make(store, 'run-1');
  await begin(store, 'run-1');
  await say(
    null,
    attemptOf('run-1', 1, [
      hello(0),
      { type: 'result', outcome: { kind: 'results', results: [result] } },
      stopped('done', 20),
    ]),
  );
  expect((await sweep(workspace, store)).interrupted).toEqual([]);
  expect(await store.run('run-1')).toMatchObject({ status: 'done', headline: { metric: 'top1', value: 86.5 } });
});

test('an incomplete last line is truncated and reported; hostile lines are reported with their number and skipped; the next line counts', async () => {
  const { store } = database();
  await make(store, 'run-1');
  await begin(store, 'run-1');
  const [greeting, first, second] = late(
    attemptOf('run-1', 1, [hello(0), metrics('loss', [[10, 5]]), metrics('loss', [[20, 4]])]),
  );
  const lines = [
    JSON.stringify(greeting),
    '\0\0\0\0',
    JSON.stringify({ ...first, run: 'other-run' }),
    JSON.stringify({ ...first, type: 'surprise' }),
    JSON.stringify({ ...first, points: [{ step: 1.5, name: 'loss', value: 1 }] }),
    `{"padding":"${'x'.repeat(5 << 20)}"}`,
    JSON.stringify(first),
    JSON.stringify(second),
  ];
  writeFileSync(eventsOf('run-1'), `${lines.join('\n')}\n{"type":"metr`);
  const { notes } = await sweep(workspace, store);
  expect(notes).toHaveLength(1);
  expect([...notes[0]!.matchAll(/line (\d+)/g)].map(([, line]) => line)).toEqual(['2', '3', '4', '5', '6', '9']);
  expect(notes[0]).toMatch(/line 3 of events\.ndjson belongs to run "other-run"/);
  expect(notes[0]).toMatch(/line 9 of events\.ndjson was cut short/);
  expect((await store.series('run-1', 'loss', 10)).steps).toEqual([10, 20]);
  expect(readFileSync(eventsOf('run-1'), 'utf8').endsWith(`${JSON.stringify(second)}\n`)).toBe(true);
  expect((await sweep(workspace, store)).notes).toEqual([]);
});

test('an event that differs from its own checksum is reported and not believed; one without a checksum is', async () => {
  const { store } = database();
  await make(store, 'run-1');
  const [greeting, first, second] = late(
    attemptOf('run-1', 1, [hello(0), metrics('loss', [[10, 5]]), metrics('loss', [[20, 4]])]),
  );
  const lines = [JSON.stringify(greeting), sealedLine(first!).replace('"value":5', '"value":7'), sealedLine(second!)];
  writeFileSync(eventsOf('run-1'), `${lines.join('\n')}\n`);
  expect((await sweep(workspace, store)).damage).toEqual([
    'run-1: line 2 of events.ndjson differs from its own checksum.',
  ]);
  expect(await store.series('run-1', 'loss', 10)).toMatchObject({ steps: [20], mean: [4] });
});

test('events that were cut off at the end of a line are missed', async () => {
  const before = database();
  await makeWhole(before.store, 'run-1');
  const whole = readFileSync(eventsOf('run-1'), 'utf8');
  const [first] = whole.split('\n');
  writeFileSync(eventsOf('run-1'), `${first}\n`);
  const { damage } = await sweep(workspace, database().store);
  expect(damage).toEqual([`run-1: events.ndjson has ${first!.length + 1} bytes, and had ${whole.length}.`]);
});

test('what was replayed once is not read again; what came after is', async () => {
  const { store } = database();
  await make(store, 'run-1');
  const [greeting, first, second] = attemptOf('run-1', 1, [
    hello(0),
    metrics('loss', [[10, 5]]),
    metrics('loss', [[20, 4]]),
  ]);
  await say(
    null,
    [greeting, first].filter((event) => event !== undefined),
  );
  await sweep(workspace, store);
  const size = readFileSync(eventsOf('run-1')).length;
  expect(await store.replayed()).toMatchObject([{ run: 'run-1', bytes: size }]);
  // The part already read is corrupted on purpose: only the rest may be read.
  writeFileSync(eventsOf('run-1'), `${'x'.repeat(size - 1)}\n${JSON.stringify(second)}\n`);
  expect((await sweep(workspace, store)).notes).toEqual([]);
  expect((await store.series('run-1', 'loss', 10)).steps).toEqual([10, 20]);
});

test('checkpoints: whole ones without a row are adopted, rows without a folder and cut files are marked', async () => {
  const { store } = database();
  await make(store, 'run-1');
  await begin(store, 'run-1');
  await say(store, late(attemptOf('run-1', 1, [hello(0), checkpoint(10), checkpoint(20), checkpoint(30)])));
  writeCheckpoint('run-1', 20);
  writeCheckpoint('run-1', 30);
  truncateSync(join(folderOf('run-1'), 'checkpoints', '000030', 'tensors.bin'), 5);
  writeCheckpoint('run-1', 40);
  writeCheckpoint('run-1', 50, 9);

  const { notes } = await sweep(workspace, store);
  expect((await store.checkpoints('run-1')).map(({ step, present, reason }) => [step, present, reason])).toEqual([
    [10, false, 'steps'],
    [20, true, 'steps'],
    [30, false, 'steps'],
    [40, true, 'found'],
  ]);
  expect(await store.run('run-1')).toMatchObject({ safeStep: 40 });
  expect(notes).toEqual([
    'run-1: checkpoint 000030 is not whole (tensors.bin has 5 bytes, the manifest says 8); checkpoint 000050 is not whole (tensors.bin has 9 bytes, the manifest says 8).',
  ]);
});

test('a checkpoint is listed part by part, a method’s own state under its own name', async () => {
  const { store } = database();
  await make(store, 'run-1');
  const names = ['encoder/conv1/weight', 'encoder/bn1/weight', 'learner/teacher/encoder/conv1/weight', 'learner/queue'];
  writeCheckpoint('run-1', 20, 32, tensorsOf(names));
  expect(await partsOf(join(folderOf('run-1'), 'checkpoints', '000020'))).toEqual([
    { part: 'encoder', tensors: 2, bytes: 16 },
    { part: 'teacher', tensors: 1, bytes: 8 },
    { part: 'queue', tensors: 1, bytes: 8 },
  ]);
});

test('a run whose trainer still lives is left alone, and settled once the trainer is gone', async () => {
  const { store } = database();
  await make(store, 'run-1');
  const child = spawn(process.execPath, ['--eval', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
  children.push(child);
  const { pid, startedAt } = await nameOfProcess(child.pid ?? 0);
  await begin(store, 'run-1', 1, 0, { pid, pidStartedAt: startedAt });
  await say(null, late(attemptOf('run-1', 1, [hello(0)])));
  appendFileSync(eventsOf('run-1'), '{"half a line');

  const report = await sweep(workspace, store);
  expect(report).toMatchObject({
    interrupted: [],
    alive: [{ run: 'run-1', attempt: 1, pid, pidStartedAt: startedAt }],
  });
  expect(readFileSync(eventsOf('run-1'), 'utf8')).toMatch(/half a line$/);
  expect(await store.run('run-1')).toMatchObject({ status: 'running' });

  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await gone;
  expect((await sweepRun(workspace, store, 'run-1')).interrupted).toMatchObject([{ run: 'run-1' }]);
});

test('a pid that now belongs to another program is not a trainer', async () => {
  const { store } = database();
  await make(store, 'run-1');
  const { pid, startedAt } = await nameOfProcess(process.pid);
  await begin(store, 'run-1', 1, 0, { pid, pidStartedAt: startedAt - 1 });
  expect(await sweep(workspace, store)).toMatchObject({ alive: [], interrupted: [{ run: 'run-1' }] });
});

test('a run without its folder is marked, and found again when the folder is back', async () => {
  const { store } = database();
  await make(store, 'run-1');
  const aside = join(home, 'aside');
  const { renameSync } = await import('node:fs');
  renameSync(folderOf('run-1'), aside);
  expect(await sweep(workspace, store)).toMatchObject({ missing: ['run-1'], interrupted: [] });
  expect(await store.replayed()).toMatchObject([{ run: 'run-1', present: false }]);
  renameSync(aside, folderOf('run-1'));
  expect(await sweep(workspace, store)).toMatchObject({ missing: [] });
  expect(await store.replayed()).toMatchObject([{ run: 'run-1', present: true }]);
});

test('delete the database, sweep the folders: the same tables (queue order and beats excepted)', async () => {
  const before = database();
  const { store } = before;
  await make(store, 'run-1');
  await begin(store, 'run-1');
  await say(
    store,
    attemptOf('run-1', 1, [
      hello(0),
      metrics('loss', [
        [10, 5],
        [20, 4],
      ]),
      checkpoint(20),
      metrics('loss', [[30, 3]]),
    ]),
  );
  writeCheckpoint('run-1', 20);
  // Killed, found by a sweep, resumed, ended.
  await sweep(workspace, store);
  await begin(store, 'run-1', 2, 20);
  await say(store, attemptOf('run-1', 2, [hello(20), metrics('loss', [[30, 2]]), checkpoint(30), stopped('done', 30)]));
  writeCheckpoint('run-1', 30);
  await store.rename('run-1', 'Renamed');
  await store.note('run-1', 'A note.');
  await store.archive('run-1', true);
  await store.tag('run-1', ['wide', 'for the paper']);
  await saveRunCard(store, 'run-1');

  await make(store, 'run-2', evaluateConfig('run-1'));
  await begin(store, 'run-2');
  const fault = { code: 'library-missing' as const, message: 'No library.', values: {} };
  await store.endAttempt('run-2', 1, 'failed', fault, 95_000);
  await store.setStatus('run-2', 'failed', fault);
  await saveRunCard(store, 'run-2');

  await make(store, 'run-3', evaluateConfig('run-1'));
  await begin(store, 'run-3');
  await say(
    store,
    attemptOf('run-3', 1, [
      hello(0),
      { type: 'result', outcome: { kind: 'results', results: [result] } },
      stopped('asked', 1),
    ]),
  );
  await saveRunCard(store, 'run-3');

  await make(store, 'run-4');
  await store.setQueue(['run-4']);

  await saveDataset(workspace, store, datasetRecord);
  await sweep(workspace, store);

  const after = database();
  const report = await sweep(workspace, after.store);
  expect(report).toMatchObject({ adopted: ['run-1', 'run-2', 'run-3', 'run-4'], interrupted: [], notes: [] });
  const linesOf = (rows: ReturnType<typeof allRows>): string[] =>
    Object.entries(rows).flatMap(([table, all]) => all.map((row) => `${table} ${JSON.stringify(row)}`));
  const [then, now] = [before, after].map(({ rows }) => linesOf(rows(['beats'])));
  const lost =
    then!.filter((line) => !now!.includes(line)).length + now!.filter((line) => !then!.includes(line)).length;
  recordCases({
    promise: 'R12',
    how: 'the database is deleted, and each row made anew from the files',
    cases: then!.length,
    lost,
  });
  expect(after.rows(['beats'])).toEqual(before.rows(['beats']));
  expect(await after.store.run('run-3')).toMatchObject({ method: 'vicreg', status: 'stopped' });
});

test('folders that are not runs are reported and left alone', async () => {
  const { store } = database();
  mkdirSync(folderOf('no-config'));
  mkdirSync(folderOf('Not An Id'));
  symlinkSync(home, folderOf('a-link'));
  mkdirSync(folderOf('.import-run-9'));
  const { notes, adopted } = await sweep(workspace, store);
  expect(adopted).toEqual([]);
  expect(notes.map((note) => note.split(' ')[0])).toEqual(['.import-run-9:', 'runs/Not', 'runs/a-link', 'no-config:']);
  expect(readdirSync(workspace.runs).sort()).toEqual(['Not An Id', 'a-link', 'no-config']);
});

const cardAttempt = { attempt: 1, fromStep: 0, lastSeenAt: null, ended: 'lost', fault: null, pid: 0, pidStartedAt: 0 };
/** Run folders with something in them that the database or the sweep cannot take. */
const badFolders: readonly (readonly [string, (folder: string) => void, RegExp])[] = [
  ['a date of 1.5 in run.json', changeCard({ createdAt: 1.5 }), /run\.json: createdAt/],
  ['an attempt that began at 1.5', changeCard({ attempts: [{ ...cardAttempt, startedAt: 1.5 }] }), /startedAt/],
  ['a step of 1.5 in a manifest', changeManifest('"step": 10', '"step": 1.5'), /checkpoint 000010 is not whole/],
  ['a manifest of another step', changeManifest('"step": 10', '"step": 14'), /checkpoint 000010 is not whole/],
  ['a folder for events', replaceEvents((path) => mkdirSync(path)), /events\.ndjson is not an ordinary file/],
  ['a link for events', replaceEvents((path) => symlinkSync('/etc/hostname', path)), /not an ordinary file/],
  ['a folder for run.json', (folder) => replace(join(folder, 'run.json'), (path) => mkdirSync(path)), /run\.json/],
  [
    'a folder for config.json',
    (folder) => replace(join(folder, 'config.json'), (path) => mkdirSync(path)),
    /left alone/,
  ],
  ['a bit flipped in config.json', (folder) => edit(join(folder, 'config.json'), '"seed": 3', '"seed": 2'), /checksum/],
];

function edit(path: string, from: string, to: string): void {
  const text = readFileSync(path, 'utf8');
  expect(text).toContain(from);
  writeFileSync(path, text.replace(from, to));
}
function changeCard(values: object) {
  return (folder: string): void => {
    const path = join(folder, 'run.json');
    const { value } = openSealed(readFileSync(path));
    writeFileSync(path, sealedJson({ ...(value as object), ...values }));
  };
}
function changeManifest(from: string, to: string) {
  return (folder: string): void => {
    const path = join(folder, 'checkpoints', '000010', 'manifest.json');
    const { value } = openSealed(readFileSync(path));
    const text = JSON.stringify(value, null, 1).replace(from, to);
    writeFileSync(path, sealedJson(JSON.parse(text) as object));
  };
}
function replace(path: string, by: (path: string) => void): void {
  rmSync(path, { recursive: true, force: true });
  by(path);
}
function replaceEvents(by: (path: string) => void) {
  return (folder: string): void => replace(join(folder, 'events.ndjson'), by);
}

async function makeWhole(store: Store, run: string): Promise<void> {
  await make(store, run, { ...pretrainConfig, seed: 3 });
  await begin(store, run);
  await say(store, attemptOf(run, 1, [hello(0), metrics('loss', [[10, 5]]), stopped('done', 10)]));
  writeCheckpoint(run, 10);
  await saveRunCard(store, run);
}

test.each(badFolders)('%s keeps neither the workspace nor another run from being read', async (_, damage, note) => {
  const before = database();
  for (const run of ['run-1', 'run-2']) await makeWhole(before.store, run);
  damage(folderOf('run-1'));
  // With the rows there, and with a database made anew.
  for (const { store } of [before, database()]) {
    const report = await sweep(workspace, store);
    expect((await store.runs()).find(({ id }) => id === 'run-2')).toMatchObject({ status: 'done', safeStep: 10 });
    if (store === before.store) continue;
    expect(report.notes).toEqual([expect.stringMatching(note)]);
    expect(report.notes[0]).toMatch(/^run-1: /);
  }
});

test.each(badFolders)('%s: an import takes the run in whole, or leaves nothing', async (_, damage) => {
  await makeWhole(database().store, 'run-1');
  damage(folderOf('run-1'));
  const other = await openWorkspace(join(home, 'other'), { write: true });
  const { store } = database();
  const taken = await importRun(other, store, folderOf('run-1')).catch(() => null);
  expect(readdirSync(other.runs)).toEqual(taken === null ? [] : ['run-1']);
  expect((await store.runs()).map(({ id }) => id)).toEqual(taken === null ? [] : ['run-1']);
  await sweep(other, store);
  await other.close();
});

test('a damaged file of a plan or a data set is named once, and the rest is read', async () => {
  const { store } = database();
  const plan = { version: 1, id: 'mine', title: text, summary: text, papers: [], claims: [], data: [], runs: [] };
  await savePlan(workspace, store, { id: 'mine', plan: JSON.stringify(plan), startedAt: 5, paused: false });
  const whole = { id: 'other', plan: JSON.stringify(plan), startedAt: 5, paused: false };
  const damages = [
    { ...whole, startedAt: 1.5 },
    { ...whole, plan: 'nothing' },
    { ...whole, plan: '{}' },
  ];
  damages.forEach((damaged, at) => writeFileSync(join(workspace.plans, `bad-${at}.json`), JSON.stringify(damaged)));
  writeFileSync(join(workspace.datasets, 'cut.json'), '{"finger');
  mkdirSync(join(workspace.datasets, 'folder.json'));
  const fresh = database();
  const { notes } = await sweep(workspace, fresh.store);
  expect((await fresh.store.plans()).map(({ id }) => id)).toEqual(['mine']);
  expect(notes).toHaveLength(5);
  for (const name of ['bad-0', 'bad-1', 'bad-2', 'cut', 'folder'])
    expect(notes.filter((note) => note.includes(`${name}.json`))).toHaveLength(1);
});

test('an imported run folder gives the same tables as in its own workspace', async () => {
  const source = database();
  await make(source.store, 'run-1');
  await begin(source.store, 'run-1');
  await say(
    source.store,
    attemptOf('run-1', 1, [
      hello(0),
      metrics('loss', [[10, 5]]),
      checkpoint(10),
      { type: 'result', outcome: { kind: 'results', results: [result] } },
      stopped('done', 10),
    ]),
  );
  writeCheckpoint('run-1', 10);
  mkdirSync(join(folderOf('run-1'), 'results'));
  writeFileSync(join(folderOf('run-1'), result.predictions!), 'what images were taken for');
  await saveRunCard(source.store, 'run-1');
  await sweep(workspace, source.store);

  const other = await openWorkspace(join(home, 'other'), { write: true });
  const target = database();
  const imported = await importRun(other, target.store, folderOf('run-1'));
  expect(imported).toEqual({ run: 'run-1', notes: [] });
  const there = join(other.runs, 'run-1');
  expect(target.rows()).toEqual({
    ...source.rows(),
    runs: source.rows()['runs']?.map((row) => ({ ...(row as object), folder: there })),
  });
  expect(existsSync(join(there, 'checkpoints', '000010', 'tensors.bin'))).toBe(true);
  expect((await target.store.results(['run-1'])).map(({ result: { predictions } }) => predictions)).toEqual([
    result.predictions,
  ]);
  expect(readFileSync(join(there, result.predictions!), 'utf8')).toBe('what images were taken for');
  await expect(importRun(other, target.store, folderOf('run-1'))).rejects.toMatchObject({
    fault: { code: 'bad-argument' },
  });
  await other.close();
});

test('a foreign folder is rejected before anything is copied: not a run, links, too large', async () => {
  const { store } = database();
  const foreign = join(home, 'run-7');
  mkdirSync(foreign);
  await expect(importRun(workspace, store, join(home, 'nowhere'))).rejects.toMatchObject({
    fault: { code: 'not-found' },
  });
  await expect(importRun(workspace, store, foreign)).rejects.toMatchObject({ fault: { code: 'wrong-folder' } });
  writeFileSync(join(foreign, 'config.json'), JSON.stringify({ ...pretrainConfig, seed: -1 }));
  await expect(importRun(workspace, store, foreign)).rejects.toThrow(/seed/);
  writeFileSync(join(foreign, 'config.json'), JSON.stringify(pretrainConfig));
  symlinkSync('/etc/hostname', join(foreign, 'events.ndjson'));
  await expect(importRun(workspace, store, foreign)).rejects.toThrow(/events\.ndjson is a link/);
  rmSync(join(foreign, 'events.ndjson'));
  await expect(importRun(workspace, store, foreign, { bytes: 10, files: 10, depth: 2 })).rejects.toThrow(
    /more than 10 bytes/,
  );
  expect(readdirSync(workspace.runs)).toEqual([]);
  expect(await store.runs()).toEqual([]);
  expect(await importRun(workspace, store, foreign)).toMatchObject({ run: 'run-7' });
  expect(await store.run('run-7')).toMatchObject({ status: 'draft' });
});
