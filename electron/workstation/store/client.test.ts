import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openStore } from './client.ts';
import {
  attemptOf,
  checkpoint,
  childScript,
  hello,
  insertPretrain,
  metrics,
  migrationsFolder,
  pretrainConfig,
  result,
  stopped,
} from './fixture.ts';
import type { Store } from './store.ts';

let folder = '';
const stores: Store[] = [];
const lines: string[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'reprise-store-'));
  lines.length = 0;
});
afterEach(async () => {
  for (const store of stores.splice(0)) await store.close();
  rmSync(folder, { recursive: true, force: true });
});

async function open(more: { readonly readonly?: boolean } = {}): Promise<Store> {
  const store = await openStore({
    node: process.execPath,
    script: childScript,
    database: join(folder, 'reprise.db'),
    migrations: migrationsFolder,
    env: process.env,
    log: (line) => lines.push(line),
    ...more,
  });
  stores.push(store);
  return store;
}

test('a run lives in the database from its first row to its last result', async () => {
  const store = await open();
  await store.insertRun({
    id: 'run-1',
    config: pretrainConfig,
    folder: '/runs/run-1',
    createdAt: 5,
    plan: 'first',
    planKey: 'main',
    status: 'queued',
  });
  await store.setQueue(['run-1']);
  expect(await store.queue()).toEqual(['run-1']);
  expect(await store.run('run-1')).toMatchObject({
    status: 'queued',
    queuePosition: 1,
    method: 'vicreg',
    step: 0,
    steps: null,
    safeStep: null,
  });

  await store.setQueue([]);
  await store.beginAttempt('run-1', { attempt: 1, fromStep: 0, startedAt: 90_000, pid: 77, pidStartedAt: 123 });
  expect(await store.openAttempts()).toEqual([{ run: 'run-1', attempt: 1, pid: 77, pidStartedAt: 123 }]);
  await store.apply(
    attemptOf('run-1', 1, [
      hello(0),
      metrics('loss', [
        [10, 25],
        [20, null],
        [30, 20],
      ]),
      checkpoint(30),
      { type: 'result', outcome: { kind: 'results', results: [result] } },
      {
        type: 'log',
        level: 'attention',
        code: 'slow-data',
        text: 'Waiting for data.',
        step: 25,
        values: { share: 0.5 },
      },
      stopped('done', 30),
    ]),
  );

  expect(await store.run('run-1')).toMatchObject({
    status: 'done',
    queuePosition: null,
    step: 30,
    steps: 30,
    safeStep: 30,
    attempts: 1,
    startedAt: 100_000,
    endedAt: 105_000,
    headline: { metric: 'top1', value: 86.5 },
    config: pretrainConfig,
  });
  expect(await store.openAttempts()).toEqual([]);
  expect(await store.lastApplied('run-1')).toEqual({ attempt: 1, sequence: 6 });
  expect(await store.series('run-1', 'loss', 100)).toEqual({
    name: 'loss',
    steps: [10, 20, 30],
    mean: [25, null, 20],
    min: [25, null, 20],
    max: [25, null, 20],
    discarded: [],
  });
  expect(await store.results(['run-1'])).toEqual([{ run: 'run-1', attempt: 1, result }]);
  expect(await store.checkpoints('run-1')).toMatchObject([{ step: 30, present: true, folder: 'checkpoints/000030' }]);
  expect(await store.log('run-1', 10)).toMatchObject([{ code: 'slow-data', values: { share: 0.5 } }]);
  expect(await store.hello('run-1')).toEqual({
    device: 'cpu',
    threads: 1,
    instructionSet: 'avx2',
    versions: { tensorflow: '2.21.0' },
  });
  expect(await store.marks('run-1')).toEqual([
    { step: 25, kind: 'log', text: 'slow-data' },
    { step: 30, kind: 'checkpoint', text: 'steps' },
    { step: 30, kind: 'result', text: 'top1' },
  ]);
});

test('an event of an unknown run is refused and nothing of the call is kept', async () => {
  const store = await open();
  await store.insertRun({
    id: 'run-1',
    config: pretrainConfig,
    folder: '/runs/run-1',
    createdAt: 5,
    plan: null,
    planKey: null,
    status: 'queued',
  });
  const events = [...attemptOf('run-1', 1, [hello(0)]), ...attemptOf('nobody', 1, [hello(0)])];
  await expect(store.apply(events)).rejects.toMatchObject({ fault: { code: 'unknown-id', values: { run: 'nobody' } } });
  expect(await store.attempts('run-1')).toEqual([]);
});
