/** One trainer on the device: starting, events, acknowledgements, stopping in stages, and reporting its end. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Progress } from '../../api/runs.ts';
import { createBench, pretrain, rowOf, until, type Bench } from '../testing/bench.ts';

let bench: Bench;
beforeEach(() => (bench = createBench()));
afterEach(() => bench.remove());

/** Processes that hold the run database of a workspace. */
function storesOf(home: string): readonly number[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.map(Number).filter((pid) => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(join(home, 'reprise.db'));
    } catch {
      // It ended between the listing and the look.
      return false;
    }
  });
}

const isRunning = async (workstation: Awaited<ReturnType<Bench['open']>>, run: string): Promise<boolean> =>
  (await rowOf(workstation, run)).status === 'running' &&
  (await workstation.handlers.progress.answer()).some((one) => one.step > 0);

test('a run trains to its end, every row is written and every checkpoint acknowledged', async () => {
  const workstation = await bench.open();
  const run = await workstation.handlers.createRun.answer(pretrain('steps=30 every=10'));
  await workstation.whenIdle();
  const { row, checkpoints, metrics, hello, folder, attempts } = await workstation.handlers.run.answer(run);
  expect(row).toMatchObject({ status: 'done', step: 30, safeStep: 30, attempts: 1, fault: null, queuePosition: null });
  expect(checkpoints.map((one) => one.step)).toEqual([10, 20, 30]);
  expect(metrics).toEqual([{ name: 'loss', unit: 'number' }]);
  expect(hello?.device).toBe('cpu');
  expect(attempts.map((one) => one.ended)).toEqual(['done']);
  const series = await workstation.handlers.metric.answer(run, 'loss', 1000);
  expect(series.steps).toHaveLength(30);
  const recorded = JSON.parse(readFileSync(join(folder, 'recorded.json'), 'utf8')) as number[];
  expect(recorded.slice(0, 3)).toEqual([10, 20, 30]);
  // The run's card agrees with the rows.
  const card = JSON.parse(readFileSync(join(folder, 'run.json'), 'utf8')) as { status: string };
  expect(card.status).toBe('done');
});

test('options left out are written into the run, impossible ones refused', async () => {
  const workstation = await bench.open();
  const run = await workstation.handlers.createRun.answer(pretrain('steps=1'));
  const { config } = await workstation.handlers.run.answer(run);
  expect(config.kind === 'pretrain' && config.method.options).toEqual({ variance: 25 });
  const wrong = { ...pretrain('x'), method: { id: 'vicregg', options: {} } } as Parameters<
    typeof workstation.handlers.createRun.answer
  >[0];
  await expect(workstation.handlers.createRun.answer(wrong)).rejects.toThrow('No method "vicregg". Known: vicreg.');
});

test('of two runs only one is on the device, the other waits and says for what', async () => {
  const workstation = await bench.open();
  const [first, second] = await Promise.all([
    workstation.handlers.createRun.answer(pretrain('steps=60 ms=10')),
    workstation.handlers.createRun.answer(pretrain('steps=5')),
  ]);
  await until(
    async () => (await workstation.handlers.runs.answer()).some((row) => row.status === 'running'),
    'running',
  );
  const rows = await workstation.handlers.runs.answer();
  const running = rows.find((row) => row.status === 'running');
  const waiting = rows.find((row) => row.status === 'queued');
  expect(rows.filter((row) => row.status === 'running')).toHaveLength(1);
  expect(waiting?.waitsFor).toEqual({ kind: 'device', run: running?.id });
  await expect(
    Promise.resolve().then(() => workstation.handlers.calibrate.answer(pretrain('x'))),
  ).rejects.toMatchObject({
    fault: { code: 'busy' },
  });
  await workstation.whenIdle();
  expect((await rowOf(workstation, first)).status).toBe('done');
  expect((await rowOf(workstation, second)).status).toBe('done');
});

test('pause holds the step, continue resumes, checkpointNow saves', async () => {
  const workstation = await bench.open();
  const run = await workstation.handlers.createRun.answer(pretrain('steps=100 ms=10 every=1000'));
  await until(() => isRunning(workstation, run), 'running');
  await workstation.handlers.pauseRun.answer(run, 'now');
  await until(async () => (await rowOf(workstation, run)).status === 'paused', 'paused');
  const [before] = await workstation.handlers.progress.answer();
  await new Promise((wake) => setTimeout(wake, 100));
  const [after] = await workstation.handlers.progress.answer();
  expect(after?.step).toBe(before?.step);
  expect(after?.liveness).toBe('alive');
  await workstation.handlers.continueRun.answer(run);
  await workstation.handlers.checkpointNow.answer(run);
  await until(async () => (await rowOf(workstation, run)).safeStep !== null, 'a checkpoint');
  await workstation.whenIdle();
  expect((await rowOf(workstation, run)).status).toBe('done');
});

test('a safe stop saves and can be resumed from there', async () => {
  const workstation = await bench.open();
  const run = await workstation.handlers.createRun.answer(pretrain('steps=200 ms=5 every=1000'));
  await until(() => isRunning(workstation, run), 'running');
  await workstation.handlers.stopRun.answer(run, 'safely');
  await workstation.whenIdle();
  const stopped = await rowOf(workstation, run);
  expect(stopped).toMatchObject({ status: 'stopped', fault: null });
  expect(stopped.safeStep).toBe(stopped.step);
  await workstation.handlers.resumeRun.answer(run);
  await workstation.whenIdle();
  const { attempts, row } = await workstation.handlers.run.answer(run);
  expect(row).toMatchObject({ status: 'done', step: 200 });
  expect(attempts.map((one) => one.ended)).toEqual(['asked', 'done']);
  expect(attempts[1]?.fromStep).toBe(stopped.safeStep);
});

test('stop now ends a trainer that ignores a stop', async () => {
  const workstation = await bench.open();
  const run = await workstation.handlers.createRun.answer(pretrain('deaf steps=10000 ms=5'));
  await until(() => isRunning(workstation, run), 'running');
  await workstation.handlers.stopRun.answer(run, 'safely');
  await new Promise((wake) => setTimeout(wake, 100));
  expect((await rowOf(workstation, run)).status).toBe('running');
  await workstation.handlers.stopRun.answer(run, 'now');
  await workstation.whenIdle();
  expect(await rowOf(workstation, run)).toMatchObject({ status: 'stopped', fault: null });
});

test('a hung trainer is ended soon, and its run can be resumed', { timeout: 20_000 }, async () => {
  const workstation = await bench.open();
  const run = await workstation.handlers.createRun.answer(pretrain('hang=5 once steps=30 ms=5 every=2'));
  await until(async () => (await rowOf(workstation, run)).safeStep === 4, 'its last sign of life');
  await new Promise((wake) => setTimeout(wake, 200));
  await workstation.close('safely');
  const again = await bench.open();
  expect(await rowOf(again, run)).toMatchObject({ status: 'stopped', safeStep: 4 });
  await again.handlers.resumeRun.answer(run);
  await again.whenIdle();
  expect((await rowOf(again, run)).status).toBe('done');
});

test('a run that the user paused stays paused when the machine wakes', async () => {
  const workstation = await bench.open();
  const run = await workstation.handlers.createRun.answer(pretrain('steps=60 ms=10 every=1000'));
  await until(() => isRunning(workstation, run), 'running');
  await workstation.handlers.pauseRun.answer(run, 'now');
  await until(async () => (await rowOf(workstation, run)).status === 'paused', 'paused');
  workstation.sleep();
  workstation.wake();
  await new Promise((wake) => setTimeout(wake, 300));
  expect((await rowOf(workstation, run)).status).toBe('paused');
});

test('who waits for the work hears that the run database is gone', async () => {
  const workstation = await bench.open();
  const run = await workstation.handlers.createRun.answer(pretrain('steps=2000 ms=5 every=1000'));
  await until(() => isRunning(workstation, run), 'running');
  const idle = workstation.whenIdle();
  const heard = expect(idle).rejects.toMatchObject({ fault: { code: 'store-died' } });
  for (let death = 0; death < 7; death += 1) {
    for (const pid of storesOf(bench.home)) process.kill(pid, 'SIGKILL');
    await new Promise((wake) => setTimeout(wake, 400));
  }
  await heard;
});

test('a trainer killed from outside leaves an interrupted run that says so and resumes', async () => {
  const workstation = await bench.open();
  const run = await workstation.handlers.createRun.answer(pretrain('steps=40 every=10 kill=25 once'));
  await workstation.whenIdle();
  const cut = await rowOf(workstation, run);
  expect(cut).toMatchObject({ status: 'interrupted', safeStep: 20 });
  expect(['trainer-died', 'out-of-memory']).toContain(cut.fault?.code);
  const [interrupted] = await workstation.handlers.interrupted.answer();
  expect(interrupted).toMatchObject({ run, safeStep: 20, cause: 'trainer-killed' });
  await workstation.handlers.resumeRun.answer(run);
  await workstation.whenIdle();
  expect(await rowOf(workstation, run)).toMatchObject({ status: 'done', step: 40, attempts: 2 });
  const series = await workstation.handlers.metric.answer(run, 'loss', 1000);
  expect(series.steps).toHaveLength(40);
  expect(series.discarded[0]?.steps).toEqual([21, 22, 23, 24, 25]);
});

test('last words on the error output become the fault', async () => {
  const workstation = await bench.open();
  const run = await workstation.handlers.createRun.answer(
    pretrain('steps=40 say=libcudart.so:_cannot_open_shared_object_file@5'),
  );
  await workstation.whenIdle();
  const { status, fault } = await rowOf(workstation, run);
  expect(status).toBe('interrupted');
  expect(fault).toMatchObject({ code: 'library-missing' });
  expect(fault?.message).toContain('libcudart.so');
});

test('resumes automatically at most three times, and only if the last attempt made progress', async () => {
  const workstation = await bench.open();
  const { settings } = await workstation.handlers.about.answer();
  await workstation.handlers.changeSettings.answer({ ...settings, resumeAutomatically: true });
  const run = await workstation.handlers.createRun.answer(pretrain('steps=1000 ms=1 every=2 exit=3@400 kill=9'));
  // Every attempt starts at step 8 and dies at 9, except the first, which starts at 0.
  await workstation.whenIdle();
  await until(async () => (await rowOf(workstation, run)).attempts >= 4, 'attempts');
  await workstation.whenIdle();
  expect(await rowOf(workstation, run)).toMatchObject({ status: 'interrupted', attempts: 4, safeStep: 8 });
});

test('a trainer of another protocol gets no command and names both versions', async () => {
  process.env['FAKE_PROTOCOL'] = '7';
  try {
    const workstation = await bench.open();
    const run = await workstation.handlers.createRun.answer(pretrain('steps=5'));
    await workstation.whenIdle();
    const { status, fault, attempts } = await rowOf(workstation, run);
    expect(status).toBe('failed');
    expect(attempts).toBe(0);
    expect(fault).toMatchObject({ code: 'protocol-mismatch', values: { theirs: '7', ours: 1 } });
  } finally {
    delete process.env['FAKE_PROTOCOL'];
  }
});

test('a message that is not an event ends the attempt as a failure that quotes it', async () => {
  const workstation = await bench.open();
  const run = await workstation.handlers.createRun.answer(pretrain('garble steps=100 ms=5'));
  await workstation.whenIdle();
  expect(await rowOf(workstation, run)).toMatchObject({ status: 'failed', fault: { code: 'protocol-mismatch' } });
});

test('silence beyond what the phase announced is reported, and nothing is killed', async () => {
  const workstation = await bench.open();
  const run = await workstation.handlers.createRun.answer(pretrain('steps=10 ms=5 quiet=2500@5'));
  await workstation.whenIdle();
  expect((await rowOf(workstation, run)).status).toBe('done');
  const seen = bench.pushed
    .filter((push) => push.name === 'progress')
    .map((push) => (push.values[0] as Progress).liveness);
  expect(seen).toContain('silent');
});

test('progress comes at most ten times a second', async () => {
  const workstation = await bench.open();
  const began = performance.now();
  await workstation.handlers.createRun.answer(pretrain('steps=300 ms=2 every=1000'));
  await workstation.whenIdle();
  const seconds = (performance.now() - began) / 1000;
  const count = bench.pushed.filter((push) => push.name === 'progress').length;
  expect(count).toBeGreaterThan(1);
  expect(count).toBeLessThan(10 * seconds + 5);
});

test('a run stopped while its trainer is still starting is stopped, and a close waits for such a start', async () => {
  const workstation = await bench.open();
  const run = await workstation.handlers.createRun.answer(pretrain('steps=5000 ms=5'));
  await until(() => bench.pushed.some((push) => push.name === 'runsChanged'), 'the queue to take it');
  await new Promise((wake) => setTimeout(wake, 50));
  await workstation.handlers.stopRun.answer(run, 'safely');
  await workstation.whenIdle();
  expect((await rowOf(workstation, run)).status).toBe('stopped');
  await workstation.handlers.resumeRun.answer(run);
  await new Promise((wake) => setTimeout(wake, 50));
  await workstation.close('safely');
  const again = await bench.open({ drain: 'own' });
  const { status } = await rowOf(again, run);
  expect(['stopped', 'queued']).toContain(status);
});
