/** The check of a large data set's contents beside the runs that use it, with the fake trainer. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { RunConfig } from '../../../trainer/protocol/run.ts';
import { createBench, pretrain, until, type Bench } from '../testing/bench.ts';
import type { Handlers } from '../requests.ts';

let bench: Bench;
beforeEach(() => {
  bench = createBench();
});
afterEach(() => bench.remove());

const configOn = (path: string, title = 'steps=5 ms=1'): RunConfig => {
  const config = pretrain(title, path);
  return config.kind === 'pretrain' ? { ...config, data: { ...config.data, fingerprint: 'f0' } } : config;
};
const checks = () =>
  bench.pushed.flatMap(({ name, values }) => {
    const [job] = values as [{ readonly kind: string; readonly ended: boolean }];
    return name === 'job' && job.kind === 'check' ? [job] : [];
  });
const ends = () => checks().filter(({ ended }) => ended).length;
const statuses = async (handlers: Handlers) => (await handlers.runs.answer()).map(({ status }) => status);
const recordOf = async (handlers: Handlers) => (await handlers.datasets.answer())[0]!;

async function listedAt(handlers: Handlers, name: string): Promise<string> {
  const path = join(bench.runtime, name);
  mkdirSync(path);
  writeFileSync(join(path, 'data.bin'), 'x');
  await handlers.addDataset.answer(await handlers.inspect.answer(path, false), 'Mine');
  return path;
}

test('a run on a listed data set has its contents checked once, under the fingerprint it is known by', async () => {
  const { handlers } = await bench.open();
  const path = await listedAt(handlers, 'data-set');
  expect((await recordOf(handlers)).inspection.contents).toBe('listed');
  await handlers.createRun.answer(configOn(path));
  await until(() => bench.pushed.some(({ name }) => name === 'contentsChecked'), 'the check');
  const { fingerprint, inspection, state } = await recordOf(handlers);
  expect({ fingerprint, state }).toEqual({ fingerprint: 'f0', state: 'ready' });
  expect(inspection).toMatchObject({ contents: 'checked', fingerprint: 'f0', contentsFingerprint: 'f0' });
  await handlers.createRun.answer(configOn(path));
  await until(async () => (await statuses(handlers)).every((status) => status === 'done'), 'both runs');
  expect(ends()).toBe(1);
  // Listed anew, it keeps what was found.
  await handlers.addDataset.answer(await handlers.inspect.answer(path, false), 'Mine');
  expect((await recordOf(handlers)).inspection.contents).toBe('checked');
});

test('a person can cancel it, and nothing else is; it is not made again before the program starts anew', async () => {
  const first = await bench.open();
  const path = await listedAt(first.handlers, 'large');
  await first.handlers.createRun.answer(configOn(path, 'steps=400 ms=5'));
  await until(() => checks().length > 0, 'the check');
  // Jobs that somebody waits for are others.
  await first.handlers.cancelJob.answer();
  expect(ends()).toBe(0);
  await first.handlers.cancelContentsCheck.answer();
  await until(() => ends() === 1, 'the end of the check');
  expect(await statuses(first.handlers)).toEqual(['running']);
  expect((await recordOf(first.handlers)).inspection.contents).toBe('listed');
  await first.handlers.createRun.answer(configOn(path));
  await until(async () => (await statuses(first.handlers)).every((status) => status === 'done'), 'both runs');
  expect(ends()).toBe(1);
});

test('one that the end of the program cut off begins again with the next run', async () => {
  const first = await bench.open();
  const path = await listedAt(first.handlers, 'large');
  await first.handlers.createRun.answer(configOn(path, 'steps=4000 ms=5'));
  await until(() => checks().length > 0, 'the check');
  await first.close('now');
  expect(ends()).toBe(1);
  const { handlers } = await bench.open();
  const [run] = await handlers.runs.answer();
  await handlers.resumeRun.answer(run!.id);
  await until(() => checks().filter(({ ended }) => !ended).length > 1, 'the check');
});
