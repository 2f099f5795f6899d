/** A run of a plan that paused because it diverged: a start of the plan leaves the decision to the user, and goes on with the rest. */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { PlanRow } from '../../api/plans.ts';
import { createBench, evaluation, pretrain, tinyPlan, until, type Bench } from '../testing/bench.ts';
import type { Workstation } from '../workstation.ts';

const data = '$fashion-mnist';
const plan = {
  ...tinyPlan,
  id: 'diverging',
  runs: [
    { key: 'train', role: 'main', config: pretrain('steps=20 ms=2 every=5 diverge=8', data) },
    { key: 'measure', role: 'main', config: evaluation('steps=5', 'train', data) },
    { key: 'pixels', role: 'control', config: evaluation('steps=60 ms=20', null, data) },
  ],
};

let bench: Bench;
beforeEach(() => {
  bench = createBench();
  writeFileSync(join(bench.home, '..', 'app', 'resources', 'plans', 'diverging.json'), JSON.stringify(plan));
});
afterEach(() => bench.remove());

const rowOf = async ({ handlers }: Workstation): Promise<PlanRow> =>
  (await handlers.plans.answer()).find((row) => row.plan.id === 'diverging')!;
const statesOf = ({ runs }: PlanRow) => runs.map(({ key, status, waits }) => [key, status, waits?.for ?? null]);

const asking = [
  ['train', 'interrupted', 'decision'],
  ['measure', 'queued', 'run'],
];

test('it stays paused with its reason, what depends on it waits, the rest goes on; the decision finishes the plan', async () => {
  const first = await bench.open();
  await first.handlers.startPlan.answer('diverging', null);
  await until(async () => (await rowOf(first)).runs[2]?.status === 'running', 'the third run to start');
  expect(statesOf(await rowOf(first))).toEqual([...asking, ['pixels', 'running', null]]);
  expect((await rowOf(first)).state).toBe('running');
  await first.close('safely');

  // As the terminal opens it: what is started again is what this start queues.
  const second = await bench.open({ drain: 'own' });
  expect(await rowOf(second)).toMatchObject({ state: 'paused' });
  await second.handlers.startPlan.answer('diverging', null);
  await second.whenIdle();
  const waiting = await rowOf(second);
  expect(statesOf(waiting)).toEqual([...asking, ['pixels', 'done', null]]);
  expect(waiting.state).toBe('waiting');
  expect(waiting.runs.map(({ waits }) => waits)).toMatchObject([
    { for: 'decision', fault: { code: 'diverged', values: { step: 8, terms: 'loss', images: 'a.png' } } },
    { for: 'run', key: 'train' },
    null,
  ]);
  const train = waiting.runs[0]?.run ?? '';
  expect((await second.handlers.run.answer(train)).attempts).toHaveLength(1);
  const [cut] = await second.handlers.interrupted.answer();
  expect(cut).toMatchObject({ run: train, whenNotFinite: { policy: 'skip' } });

  await second.handlers.resumeRun.answer(train, { policy: 'lower-rate' });
  await second.whenIdle();
  expect(statesOf(await rowOf(second))).toEqual(plan.runs.map(({ key }) => [key, 'done', null]));
  expect((await rowOf(second)).state).toBe('done');
});

test('a start of the plan does not answer for the user whose run has lost its checkpoints', async () => {
  const first = await bench.open();
  await first.handlers.startPlan.answer('diverging', null);
  await until(async () => (await rowOf(first)).runs[2]?.status === 'running', 'the third run to start');
  const train = (await rowOf(first)).runs[0]?.run ?? '';
  const { folder } = await first.handlers.run.answer(train);
  await first.close('safely');
  rmSync(join(folder, 'checkpoints'), { recursive: true });

  const second = await bench.open();
  await second.handlers.resumeRun.answer(train, { policy: 'skip' });
  await second.whenIdle();
  const asked = [
    ['train', 'failed', 'decision'],
    ['measure', 'queued', 'run'],
  ];
  expect(statesOf(await rowOf(second)).slice(0, 2)).toEqual(asked);
  await second.handlers.startPlan.answer('diverging', null);
  await second.whenIdle();
  expect(statesOf(await rowOf(second))).toEqual([...asked, ['pixels', 'done', null]]);
  await second.handlers.resumeRun.answer(train);
  await second.whenIdle();
  expect(statesOf(await rowOf(second))).toEqual(plan.runs.map(({ key }) => [key, 'done', null]));
});

test('an evaluation of a step that it has not reached waits with it, too', async () => {
  const workstation = await bench.open();
  const { createRun, runs } = workstation.handlers;
  const subject = await createRun.answer(pretrain('steps=20 ms=2 every=5 diverge=8'));
  const config = evaluation('steps=5', subject);
  if (config.kind !== 'evaluate' || config.subject.kind !== 'run') throw new Error('An evaluation is needed.');
  const at = (checkpoint: number) =>
    createRun.answer({ ...config, subject: { kind: 'run', run: subject, branch: 0, checkpoint } });
  const [reached, later] = [await at(5), await at(15)];
  await workstation.whenIdle();
  const rows = new Map((await runs.answer()).map((row) => [row.id, row]));
  expect([subject, reached, later].map((run) => rows.get(run)?.status)).toEqual(['interrupted', 'done', 'queued']);
  expect(rows.get(later)?.waitsFor).toEqual({ kind: 'run', run: subject });
});
