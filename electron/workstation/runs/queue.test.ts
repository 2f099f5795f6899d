/** The queue's order, dependencies and plans, also across restarts. */
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createBench, evaluation, pretrain, rowOf, tinyPlan, until, type Bench } from '../testing/bench.ts';

let bench: Bench;
const children: ChildProcess[] = [];
beforeEach(() => (bench = createBench()));
afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  await bench.remove();
});

test('an evaluation waits for the run it looks at, and gives its figure', async () => {
  const workstation = await bench.open();
  const subject = await workstation.handlers.createRun.answer(pretrain('steps=40 ms=10'));
  const measured = await workstation.handlers.createRun.answer(evaluation('steps=3', subject));
  await workstation.handlers.moveInQueue.answer([measured], 1);
  const waiting = await rowOf(workstation, measured);
  expect(waiting).toMatchObject({ status: 'queued', waitsFor: { kind: 'run', run: subject } });
  await workstation.whenIdle();
  const { row, results } = await workstation.handlers.run.answer(measured);
  expect(row).toMatchObject({ status: 'done', method: 'vicreg', headline: { metric: 'top1', value: 50 } });
  expect(results).toHaveLength(1);
  // In the unit that the catalogue declares.
  expect([row.headline?.unit, results[0]?.unit]).toEqual(['share', 'share']);
});

test('an evaluation of a run that was deleted fails with a reason, an evaluation of a stopped one waits', async () => {
  const workstation = await bench.open();
  const subject = await workstation.handlers.createRun.answer(pretrain('steps=500 ms=10'));
  const measured = await workstation.handlers.createRun.answer(evaluation('steps=3', subject));
  await until(async () => (await rowOf(workstation, subject)).status === 'running', 'running');
  await workstation.handlers.stopRun.answer(subject, 'now');
  await workstation.whenIdle();
  expect((await rowOf(workstation, measured)).status).toBe('queued');
  await workstation.handlers.deleteRun.answer(subject);
  await workstation.whenIdle();
  expect(await rowOf(workstation, measured)).toMatchObject({ status: 'failed', fault: { code: 'subject-missing' } });
});

test('the order outlives the program', async () => {
  const first = await bench.open();
  const running = await first.handlers.createRun.answer(pretrain('steps=2000 ms=5'));
  const [a, b] = [
    await first.handlers.createRun.answer(pretrain('steps=2 ms=1')),
    await first.handlers.createRun.answer(pretrain('steps=3 ms=1')),
  ];
  await until(async () => (await rowOf(first, running)).status === 'running', 'running');
  await first.handlers.moveInQueue.answer([b], 1);
  await first.close('safely');
  const second = await bench.open({ drain: 'own' });
  const rows = await second.handlers.runs.answer();
  expect(rows.find((row) => row.id === running)?.status).toBe('stopped');
  expect(
    rows
      .filter((row) => row.queuePosition !== null)
      .sort((x, y) => (x.queuePosition ?? 0) - (y.queuePosition ?? 0))
      .map((row) => row.id),
  ).toEqual([b, a]);
  await second.whenIdle();
  expect((await rowOf(second, a)).status).toBe('queued');
  await second.close('safely');
  const third = await bench.open();
  await third.whenIdle();
  expect((await rowOf(third, a)).status).toBe('done');
  expect((await rowOf(third, b)).status).toBe('done');
});

test('several runs move and leave the queue at once, and come back to where they stood', async () => {
  const workstation = await bench.open();
  const { createRun, moveInQueue, cancelQueued, undoCancel, queue, runs } = workstation.handlers;
  const running = await createRun.answer(pretrain('steps=2000 ms=5'));
  await until(async () => (await rowOf(workstation, running)).status === 'running', 'running');
  const titles = ['steps=2 a', 'steps=2 b', 'steps=2 c', 'steps=2 d'];
  const ids: string[] = [];
  for (const title of titles) ids.push(await createRun.answer(pretrain(title)));
  const [a = '', b = '', c = '', d = ''] = ids;
  const order = async () => (await queue.answer()).map(({ run }) => run);

  await moveInQueue.answer([c, d], 1);
  expect(await order()).toEqual([c, d, a, b]);
  await expect(moveInQueue.answer([running], 1)).rejects.toThrow('not queued');

  // The one that runs is not taken out.
  const cancelled = await cancelQueued.answer([d, b, running]);
  expect(cancelled).toEqual({ runs: [d, b], order: [c, d, a, b] });
  expect(await order()).toEqual([c, a]);
  expect((await runs.answer()).filter(({ status }) => status === 'stopped').map(({ id }) => id)).toEqual(
    expect.arrayContaining([d, b]),
  );
  await moveInQueue.answer([a], 1);
  await undoCancel.answer(cancelled);
  expect(await order()).toEqual([a, b, c, d]);
  await expect(undoCancel.answer(cancelled)).rejects.toThrow('2 of 2 runs cannot be put back');
});

test('the end of a queued run is told from an earlier one of its shape', async () => {
  const workstation = await bench.open();
  const { createRun, queue } = workstation.handlers;
  await createRun.answer(pretrain('steps=20 ms=20'));
  await workstation.whenIdle();
  await createRun.answer({ ...pretrain('steps=2000 ms=5 every=5000'), seed: 2 });
  const next = await createRun.answer({ ...pretrain('steps=20 ms=20'), seed: 3 });
  await until(async () => (await queue.answer()).length === 1, 'one runs');
  await until(async () => (await queue.answer())[0]?.endsAt != null, 'an end is expected');
  const [found] = await queue.answer();
  expect(found).toMatchObject({ run: next, isRough: false });
  expect(found?.endsAt).toBeGreaterThan(Date.now());

  // Whoever only reads the records counts the run that is trained, too.
  const reader = await bench.open({ write: false });
  const askedAt = Date.now();
  const [read] = await reader.handlers.queue.answer();
  expect(read?.run).toBe(next);
  expect(read?.endsAt).toBeGreaterThan(askedAt + 1500 * (read?.seconds ?? Infinity));
  await reader.close('safely');
});

test('a run whose decoder crashes begins again by itself, to leave out the picture, but not for ever', async () => {
  const workstation = await bench.open();
  const { createRun, run: detail } = workstation.handlers;
  const [once, always] = [
    await createRun.answer(pretrain('steps=20 ms=5 every=5 crash=8 once')),
    await createRun.answer({ ...pretrain('steps=20 ms=5 every=5 crash=3'), seed: 2 }),
  ];
  await workstation.whenIdle();
  expect(await rowOf(workstation, once)).toMatchObject({ status: 'done', step: 20, fault: null });
  expect(await rowOf(workstation, always)).toMatchObject({ status: 'interrupted', fault: { code: 'trainer-died' } });
  const ends = async (run: string) => (await detail.answer(run)).attempts.map(({ ended }) => ended);
  expect(await ends(once)).toEqual(['lost', 'done']);
  expect(await ends(always)).toEqual(['lost', 'lost', 'lost', 'lost']);
});

test('a run that would resume with different rounding asks first; resuming it answers', async () => {
  const workstation = await bench.open();
  const { createRun, resumeRun, run: detail } = workstation.handlers;
  const run = await createRun.answer(pretrain('steps=20 ms=5 every=5 kill=8 once elsewhere'));
  await until(async () => (await rowOf(workstation, run)).status === 'interrupted', 'interrupted');
  await resumeRun.answer(run);
  await workstation.whenIdle();
  const asked = await rowOf(workstation, run);
  expect(asked).toMatchObject({ status: 'failed', safeStep: 5, fault: { code: 'other-arithmetic', retry: 'resume' } });
  await resumeRun.answer(run);
  await workstation.whenIdle();
  const { row, attempts } = await detail.answer(run);
  expect(row).toMatchObject({ status: 'done', step: 20, fault: null });
  expect(attempts.map(({ ended }) => ended)).toEqual(['lost', 'failed', 'done']);
});

test('a run whose checkpoints are lost asks before it starts over; resuming it answers', async () => {
  const workstation = await bench.open();
  const { createRun, run: detail } = workstation.handlers;
  const run = await createRun.answer(pretrain('steps=20 ms=5 every=5 kill=8 once'));
  await until(async () => (await rowOf(workstation, run)).status === 'interrupted', 'interrupted');
  const { folder } = await detail.answer(run);
  rmSync(join(folder, 'checkpoints'), { recursive: true });
  await workstation.close('safely');

  // The sweep finds them gone: that there were some must outlive it.
  const second = await bench.open();
  await second.handlers.resumeRun.answer(run);
  await second.whenIdle();
  const asks = { status: 'failed', fault: { code: 'checkpoints-lost', values: { step: 5 }, retry: 'resume' } };
  expect(await rowOf(second, run)).toMatchObject(asks);
  await second.close('safely');

  const third = await bench.open();
  await third.whenIdle();
  expect(await rowOf(third, run)).toMatchObject(asks);
  await third.handlers.resumeRun.answer(run);
  await third.whenIdle();
  const { row, attempts } = await third.handlers.run.answer(run);
  expect(row).toMatchObject({ status: 'done', step: 20, fault: null });
  expect(attempts.map(({ fromStep, ended }) => [fromStep, ended])).toEqual([
    [0, 'lost'],
    [5, 'failed'],
    [0, 'done'],
  ]);
});

test('that there were checkpoints outlives the database, the events and the checkpoints', async () => {
  const first = await bench.open();
  const run = await first.handlers.createRun.answer(pretrain('steps=20 ms=5 every=5 kill=8 once'));
  await until(async () => (await rowOf(first, run)).status === 'interrupted', 'interrupted');
  const { folder } = await first.handlers.run.answer(run);
  await first.close('safely');
  rmSync(join(folder, 'checkpoints'), { recursive: true });
  rmSync(join(folder, 'events.ndjson'));
  for (const name of ['reprise.db', 'reprise.db-wal', 'reprise.db-shm'])
    rmSync(join(bench.home, name), { force: true });

  const second = await bench.open();
  await second.handlers.resumeRun.answer(run);
  await second.whenIdle();
  expect(await rowOf(second, run)).toMatchObject({ status: 'failed', fault: { code: 'checkpoints-lost' } });
});

test('a run that went back without success is paused, and goes on as is then chosen', async () => {
  const first = await bench.open();
  const settings = (await first.handlers.about.answer()).settings;
  await first.handlers.changeSettings.answer({ ...settings, resumeAutomatically: true });
  const run = await first.handlers.createRun.answer(pretrain('steps=20 ms=5 every=5 diverge=8'));
  await first.whenIdle();
  const asks = { status: 'interrupted', safeStep: 5, fault: { code: 'diverged', retry: 'resume' } };
  expect(await rowOf(first, run)).toMatchObject(asks);
  await first.close('safely');

  // It waits for an answer, and not for the next start.
  const second = await bench.open();
  await second.whenIdle();
  expect(await rowOf(second, run)).toMatchObject(asks);
  const [cut] = await second.handlers.interrupted.answer();
  expect(cut).toMatchObject({ run, step: 8, safeStep: 5, whenNotFinite: { policy: 'skip' } });
  await second.handlers.resumeRun.answer(run, { policy: 'clip', norm: 2 });
  await second.whenIdle();
  const { row, attempts, folder } = await second.handlers.run.answer(run);
  expect(row).toMatchObject({ status: 'done', step: 20, fault: null });
  expect(attempts.map(({ ended }) => ended)).toEqual(['failed', 'done']);
  expect(JSON.parse(readFileSync(join(folder, 'when-not-finite.json'), 'utf8'))).toMatchObject({
    choices: [{ policy: 'clip', norm: 2 }],
  });
});

test('a run that is not paused by losses takes no other way past them', async () => {
  const workstation = await bench.open();
  const run = await workstation.handlers.createRun.answer(pretrain('steps=20 ms=5 every=5 kill=8 once'));
  await until(async () => (await rowOf(workstation, run)).status === 'interrupted', 'interrupted');
  expect((await workstation.handlers.interrupted.answer())[0]?.whenNotFinite).toBeNull();
  await expect(workstation.handlers.resumeRun.answer(run, { policy: 'skip' })).rejects.toThrow(
    'is not paused by steps',
  );
});

test('a plan: data inspected, runs in dependency order, paused, continued, done once', async () => {
  const workstation = await bench.open();
  const { handlers } = workstation;
  expect((await handlers.plans.answer())[0]).toMatchObject({ state: 'ready', startedAt: null });
  await handlers.startPlan.answer('tiny', null);
  const rows = await handlers.runs.answer();
  expect(rows.map((row) => row.planKey).sort()).toEqual(['measure', 'pixels', 'train']);
  const train = rows.find((row) => row.planKey === 'train')?.id ?? '';
  const measure = rows.find((row) => row.planKey === 'measure')?.id ?? '';
  const { config } = await handlers.run.answer(measure);
  expect(config).toMatchObject({ subject: { run: train }, train: { fingerprint: 'f0' } });
  expect((await handlers.datasets.answer())[0]).toMatchObject({ builtIn: true, state: 'ready', name: 'Fashion-MNIST' });
  await until(async () => (await rowOf(workstation, train)).status === 'running', 'running');
  await handlers.pausePlan.answer('tiny');
  await workstation.whenIdle();
  expect((await handlers.plans.answer())[0]?.state).toBe('paused');
  expect(await rowOf(workstation, measure)).toMatchObject({ status: 'queued', waitsFor: { kind: 'plan' } });
  await handlers.startPlan.answer('tiny', null);
  await workstation.whenIdle();
  expect((await handlers.plans.answer())[0]).toMatchObject({ state: 'done', secondsLeft: 0 });
  await handlers.startPlan.answer('tiny', null);
  expect(await handlers.runs.answer()).toHaveLength(3);
  // Three starts and a pause.
  expect(bench.pushed.filter(({ name }) => name === 'plansChanged')).toHaveLength(4);
  const told = bench.pushed.filter(({ name }) => name === 'runsChanged');
  expect(told.filter(({ values: [runs] }) => Array.isArray(runs) && runs.length === 0)).toEqual([]);
});

test('a plan without its data is blocked and says what is missing', async () => {
  await bench.remove();
  bench = createBench(false);
  const workstation = await bench.open();
  const [row] = await workstation.handlers.plans.answer();
  expect(row?.state).toBe('blocked');
  expect(row?.needs.find((need) => need.kind === 'data')?.ok).toBe(false);
  await expect(workstation.handlers.startPlan.answer('tiny', null)).rejects.toThrow(/dataset-fashion-mnist/);
});

test('what lacks its data waits for it, the rest starts, where and in what the machine computes best', async () => {
  const more = { name: 'other', dataset: 'idx', title: 'Other' };
  const late = { key: 'late', role: 'main', config: evaluation('steps=5', 'train', '$other') };
  const plan = { ...tinyPlan, id: 'partly', placed: true, data: [...tinyPlan.data, more] };
  const file = join(bench.home, '..', 'app', 'resources', 'plans', 'partly.json');
  writeFileSync(file, JSON.stringify({ ...plan, runs: [...tinyPlan.runs, late] }));
  const workstation = await bench.open();
  const { handlers } = workstation;
  const row = async () => (await handlers.plans.answer()).find(({ plan: { id } }) => id === 'partly')!;
  expect(await row()).toMatchObject({ state: 'ready', needs: [{ ok: true }, { kind: 'data', ok: false }, {}, {}] });
  await handlers.startPlan.answer('partly', null);
  await workstation.whenIdle();
  expect(await row()).toMatchObject({ state: 'blocked', secondsLeft: null });
  const runs = await handlers.runs.answer();
  expect(runs.map(({ planKey }) => planKey).sort()).toEqual(['measure', 'pixels', 'train']);
  const { execution } = (await handlers.run.answer(runs[0]!.id)).config;
  const { preferred } = await handlers.precisions.answer('cpu');
  expect(execution).toMatchObject({ device: 'cpu', precision: preferred, threads: availableParallelism() });

  const other = join(bench.home, '..', 'other');
  mkdirSync(other);
  writeFileSync(join(other, 'data.bin'), 'x');
  const inspection = await handlers.inspect.answer(other, false);
  await handlers.addDataset.answer(inspection, 'Other');
  expect(await row()).toMatchObject({ state: 'paused' });
  await handlers.startPlan.answer('partly', null);
  await workstation.whenIdle();
  expect(await row()).toMatchObject({ state: 'done', secondsLeft: 0 });
  expect(await handlers.runs.answer()).toHaveLength(4);
});

test('calibrating a plan times each shape once, and the estimate is measured from then on', async () => {
  const workstation = await bench.open();
  const { handlers } = workstation;
  const row = await handlers.calibratePlan.answer('tiny');
  // 1000 images, batch 100, 2 epochs: 20 steps of 0.5 s after 2 s; the evaluations have 12 steps: 8 s each.
  expect(row.secondsLeft).toBeCloseTo(12 + 8 + 8, 5);
  expect(
    bench.pushed.filter(
      (push) =>
        push.name === 'job' &&
        (push.values[0] as { kind: string; ended: boolean }).kind === 'calibrate' &&
        (push.values[0] as { ended: boolean }).ended,
    ),
  ).toHaveLength(3);
});

test('deleting is undone at once; for good it goes to the trash and its rows go', async () => {
  const first = await bench.open();
  const run = await first.handlers.createRun.answer(pretrain('steps=2'));
  await first.whenIdle();
  const { folder } = await first.handlers.run.answer(run);
  await first.handlers.deleteRun.answer(run);
  expect(await first.handlers.runs.answer()).toHaveLength(0);
  expect(existsSync(folder)).toBe(true);
  await first.handlers.undoDelete.answer(run);
  expect((await rowOf(first, run)).status).toBe('done');
  await first.handlers.deleteRun.answer(run);
  await first.close('safely');
  const second = await bench.open();
  await until(() => bench.trashed.length === 1, 'trash');
  expect(bench.trashed).toEqual([folder]);
  expect(existsSync(folder)).toBe(false);
  const undo = () => Promise.resolve().then(() => second.handlers.undoDelete.answer(run));
  const isRefused = () =>
    undo().then(
      () => false,
      () => true,
    );
  await until(isRefused, 'the rows to go');
});

test('the main process is killed midway: nothing is lost, the run is reported and resumes', async () => {
  const script = join(import.meta.dirname, '..', 'testing', 'victim.ts');
  const victim = spawn(process.execPath, [script, bench.home, bench.runtime], { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(victim);
  let step = 0;
  victim.stdout.setEncoding('utf8').on('data', (text: string) => {
    step = Math.max(step, ...[...text.matchAll(/step (\d+)/g)].map((found) => Number(found[1])));
  });
  await until(() => step >= 12, 'the victim to train', 40_000);
  victim.kill('SIGKILL');
  await new Promise((gone) => victim.once('exit', gone));
  const workstation = await bench.open({ drain: 'own' });
  await until(async () => (await workstation.handlers.runs.answer())[0]?.status === 'interrupted', 'interrupted');
  const [cut] = await workstation.handlers.interrupted.answer();
  expect(cut?.cause).toBe('workstation-killed');
  // The orphan saved when its parent vanished.
  expect(cut?.safeStep).toBeGreaterThanOrEqual(12);
  const run = cut?.run ?? '';
  await workstation.handlers.resumeRun.answer(run);
  await workstation.whenIdle();
  const { row, attempts } = await workstation.handlers.run.answer(run);
  expect(row).toMatchObject({ status: 'done', step: 150 });
  expect(attempts).toHaveLength(2);
  const series = await workstation.handlers.metric.answer(run, 'loss', 1000);
  expect(series.steps).toEqual(Array.from({ length: 150 }, (_, step) => step + 1));
}, 180_000);
