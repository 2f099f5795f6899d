/** Sleep and shutdown of the machine, with a run that trains. */
import { EventEmitter } from 'node:events';
import type { PowerMonitor } from 'electron';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createBench, pretrain, rowOf, until, type Bench } from '../workstation/testing/bench.ts';
import { followPower } from './power.ts';

let bench: Bench;
beforeEach(() => (bench = createBench()));
afterEach(() => bench.remove());

const isRunning = async (workstation: Awaited<ReturnType<Bench['open']>>, run: string): Promise<boolean> =>
  (await rowOf(workstation, run)).status === 'running' &&
  (await workstation.handlers.progress.answer()).some((one) => one.step > 0);

test('a run is saved and paused while the machine sleeps, and goes on when it wakes', async () => {
  const workstation = await bench.open();
  const power = new EventEmitter();
  followPower(power as unknown as PowerMonitor, workstation, () => undefined);
  const run = await workstation.handlers.createRun.answer(pretrain('steps=60 ms=10 every=1000'));
  await until(() => isRunning(workstation, run), 'running');
  power.emit('suspend');
  await until(async () => (await rowOf(workstation, run)).status === 'paused', 'paused');
  power.emit('resume');
  await workstation.whenIdle();
  expect(await rowOf(workstation, run)).toMatchObject({ status: 'done', attempts: 1 });
});

test('a shutdown waits until the run is saved; at the next start the run goes on by itself', async () => {
  const workstation = await bench.open();
  const { settings } = await workstation.handlers.about.answer();
  await workstation.handlers.changeSettings.answer({ ...settings, resumeAutomatically: true });
  const power = new EventEmitter();
  const ending: Promise<void>[] = [];
  followPower(power as unknown as PowerMonitor, workstation, () => {
    ending.push(workstation.close('safely', 'session-end'));
  });
  const run = await workstation.handlers.createRun.answer(pretrain('steps=200 ms=10 every=1000'));
  await until(() => isRunning(workstation, run), 'running');
  let isDelayed = false;
  power.emit('shutdown', { preventDefault: () => (isDelayed = true) });
  expect(isDelayed).toBe(true);
  await Promise.all(ending);
  const looked = await bench.open({ write: false });
  const cut = await rowOf(looked, run);
  expect(cut).toMatchObject({ status: 'interrupted', fault: { values: { cause: 'machine' } } });
  expect(cut.safeStep).toBe(cut.step);
  await looked.close('now');
  const again = await bench.open();
  await again.whenIdle();
  expect(await rowOf(again, run)).toMatchObject({ status: 'done', attempts: 2 });
});
