/** A run whose checkpoints are lost begins at step 0 only where that was asked for. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as v from 'valibot';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { configHash } from '../checkpoints/config-hash.ts';
import { saveCheckpoint } from '../checkpoints/write-checkpoint.ts';
import { Execution, type RunConfig } from '../protocol/run.ts';
import { firstAttempt } from '../testing/training-job.ts';
import { newestOfAttempt, startingPoint } from './starting-point.ts';

const config: RunConfig = {
  version: 1,
  kind: 'evaluate',
  title: 'a',
  seed: 1,
  logEvery: 10,
  execution: v.parse(Execution, { threads: 1 }),
  checkpoint: { everySeconds: 300, everySteps: 0, keepLast: 3 },
  subject: { kind: 'pixels' },
  evaluator: { id: 'linear', options: {} },
  train: { dataset: 'idx', path: '/a', split: 'train' },
  test: { dataset: 'idx', path: '/a', split: 'test' },
  preprocessing: { resize: null, crop: 28, interpolation: 'bilinear' },
  normalization: { mean: [0.5], std: [0.5] },
};

let folder = '';
let told: string[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'starting-point-'));
  told = [];
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const checkpoints = (...rest: readonly string[]): string => join(folder, 'checkpoints', ...rest);

async function save(step: number): Promise<void> {
  const weight = { name: 'head/weight', shape: [2], dtype: 'float32' as const, write: () => undefined };
  const facts = { codeVersion: '0', tensorflow: '0', arithmetic: '0', threads: 1, instructionSet: 'x', seed: 1 };
  const place = { run: 'test-run', attempt: 1, step, epoch: 1, trainedSeconds: 1, counters: {} };
  await saveCheckpoint(folder, { ...place, ...facts, configHash: configHash(config) }, [
    { ...weight, read: () => Float32Array.of(step, step) },
  ]);
}

const start = async (from: number | null, startOver = false): Promise<number | null> => {
  const job = firstAttempt({ run: 'test-run', runFolder: folder, cacheFolder: folder, config, from, startOver });
  const loaded = await startingPoint(job, (code) => told.push(code));
  return loaded?.manifest.step ?? null;
};

test('a run that never had a checkpoint begins at step 0', async () => {
  expect(await start(null)).toBeNull();
  expect(told).toEqual([]);
});

const losses: Readonly<Record<string, () => void>> = {
  'cut short': () => {
    for (const name of readdirSync(checkpoints())) truncateSync(checkpoints(name, 'tensors.bin'), 3);
  },
  'without a manifest': () => {
    for (const name of readdirSync(checkpoints())) rmSync(checkpoints(name, 'manifest.json'));
  },
  deleted: () => {
    for (const name of readdirSync(checkpoints())) rmSync(checkpoints(name), { recursive: true });
  },
  'deleted with their folder': () => rmSync(checkpoints(), { recursive: true }),
};

test.each(Object.entries(losses))(
  'where all are %s it asks, and begins at step 0 only when told to',
  async (_, lose) => {
    await save(10);
    await save(20);
    lose();
    await expect(start(20)).rejects.toMatchObject({
      fault: { code: 'checkpoints-lost', retry: 'resume', values: { step: 20 } },
    });
    expect(await start(20, true)).toBeNull();
    expect(told).toContain('started-over');
    // What was damaged is kept, and no later attempt takes it for a checkpoint of its own.
    expect(await start(null)).toBeNull();
  },
);

test('damaged ones of which nothing else is known are asked about all the same', async () => {
  await save(20);
  losses['cut short']!();
  await expect(start(null)).rejects.toMatchObject({ fault: { code: 'checkpoints-lost' } });
  expect(await start(null, true)).toBeNull();
  expect(readdirSync(checkpoints())).toEqual([expect.stringMatching(/^damaged-000020-/)]);
});

test('checkpoints put back after the question are used', async () => {
  await save(20);
  const whole = readFileSync(checkpoints('000020', 'tensors.bin'));
  truncateSync(checkpoints('000020', 'tensors.bin'), 3);
  await expect(start(20)).rejects.toThrow();
  writeFileSync(checkpoints('000020', 'tensors.bin'), whole);
  expect(await start(20, true)).toBe(20);
});

test('where the newest is gone it goes on from the one before and says so', async () => {
  await save(10);
  await save(20);
  rmSync(checkpoints('000020'), { recursive: true });
  expect(await start(20)).toBe(10);
  expect(told).toEqual(['checkpoint-gone']);
});

test('an attempt that begins again goes on from its own newest, never from nothing', async () => {
  await save(10);
  const job = firstAttempt({ run: 'test-run', runFolder: folder, cacheFolder: folder, config });
  expect(await newestOfAttempt(job, null, () => undefined)).toBeNull();
  expect((await newestOfAttempt(job, 10, () => undefined))?.manifest.step).toBe(10);
  losses['cut short']!();
  await expect(newestOfAttempt(job, 10, () => undefined)).rejects.toMatchObject({
    fault: { code: 'checkpoints-lost' },
  });
});
