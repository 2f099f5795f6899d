/** A report's bundle: its contents, and that its plan runs elsewhere as it did here. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { RunConfig } from '../../../trainer/protocol/run.ts';
import { Bundle, bundleOf } from './bundle.ts';
import { firstPlan } from './testing/report-fixture.ts';
import { buildReport } from './model.ts';
import { renderJson } from './write.ts';
import { createBench, evaluation, pretrain, type Bench } from '../testing/bench.ts';
import type { Workstation } from '../workstation.ts';

test('holds every run of the plan under its key, its figures, and no path of this machine', async () => {
  const model = buildReport(await firstPlan());
  const bundle = bundleOf(model);
  expect(v.parse(Bundle, JSON.parse(renderJson(bundle)))).toEqual(JSON.parse(renderJson(bundle)));
  expect(renderJson(bundle)).not.toContain('/data/');
  const { plan, results } = bundle;
  expect(plan.data).toEqual([
    { name: 'fashion-mnist', dataset: 'idx', title: 'Fashion-MNIST', fingerprint: 'f-small' },
  ]);
  expect(plan.runs.map(({ key }) => key).sort()).toEqual(model.plan!.runs.map(({ key }) => key).sort());
  expect(plan.claims).toEqual(model.plan!.claims);
  for (const { config } of plan.runs)
    if (config.kind === 'evaluate' && config.subject.kind === 'run')
      expect(plan.runs.map(({ key }) => key)).toContain(config.subject.run);
  expect(results).toHaveLength(model.runs.reduce((sum, { results: own }) => sum + own.length, 0));
  // The same records give the same bundle, and others another plan.
  expect(renderJson(bundleOf(buildReport(await firstPlan())))).toBe(renderJson(bundle));
  const [first, ...rest] = model.runs;
  const other = { ...first!, run: { ...first!.run, config: { ...first!.run.config, seed: 7 } } };
  expect(bundleOf({ ...model, runs: [other, ...rest] }).plan.id).not.toBe(plan.id);
});

let there: Bench;
let here: Bench;
beforeEach(() => {
  there = createBench();
  here = createBench();
});
afterEach(async () => {
  await there.remove();
  await here.remove();
});

async function bundleFrom(workstation: Workstation, runs: readonly string[] | null): Promise<string> {
  const selection = runs === null ? { kind: 'plan' as const, plan: 'tiny' } : { kind: 'runs' as const, runs };
  const report = await workstation.handlers.exportReport.answer(selection, ['bundle'], 'en');
  return report.files[0]!.path;
}

/** Configurations by key, without references to this workspace (data folders, ids of runs). */
async function configsOf({ handlers }: Workstation, plan: string): Promise<Record<string, unknown>> {
  const row = (await handlers.plans.answer()).find((one) => one.plan.id === plan);
  const keys = new Map(row!.runs.map(({ key, run }) => [run, key]));
  const found: Record<string, unknown> = {};
  for (const [run, key] of keys) {
    const { config } = await handlers.run.answer(run!);
    found[key] = JSON.parse(
      JSON.stringify(config, (name, value: unknown) =>
        name === 'path' ? undefined : name === 'run' ? keys.get(String(value)) : value,
      ),
    );
  }
  return found;
}

test('is carried through in another workspace: the same configurations, nothing started before it is asked for', async () => {
  const first = await there.open();
  await first.handlers.startPlan.answer('tiny', null);
  await first.whenIdle();
  const file = await bundleFrom(first, null);

  const second = await here.open();
  const { handlers } = second;
  const added = await handlers.addPlan.answer(file);
  expect(added.results.map(({ run }) => run).sort()).toEqual(['measure', 'pixels']);
  const rowOf = async () => (await handlers.plans.answer()).find(({ plan }) => plan.id === added.plan);
  expect(await rowOf()).toMatchObject({ state: 'ready', startedAt: null, plan: { title: { en: 'Tiny' } } });
  expect(await handlers.runs.answer()).toEqual([]);
  await handlers.startPlan.answer(added.plan, null);
  await second.whenIdle();
  expect(await rowOf()).toMatchObject({ state: 'done' });
  expect(await configsOf(second, added.plan)).toEqual(await configsOf(first, 'tiny'));
  // Adding it again gives the same plan, and finished runs stay finished.
  expect(await handlers.addPlan.answer(file)).toEqual(added);
  expect(await rowOf()).toMatchObject({ state: 'done' });
});

test('one that was taken in is removed and taken back, never under its runs, and a shipped one stays', async () => {
  const first = await there.open();
  await first.handlers.startPlan.answer('tiny', null);
  await first.whenIdle();
  const file = await bundleFrom(first, null);
  const second = await here.open();
  const { handlers } = second;
  const { plan } = await handlers.addPlan.answer(file);
  const ids = async () => (await handlers.plans.answer()).map((row) => row.plan.id);
  await handlers.removePlan.answer(plan);
  expect(await ids()).toEqual(['tiny']);
  await handlers.undoRemovePlan.answer(plan);
  expect(await ids()).toEqual(['tiny', plan]);
  await handlers.startPlan.answer(plan, null);
  await expect(handlers.removePlan.answer(plan)).rejects.toThrow(/pause the plan before removing it/);
  await second.whenIdle();
  await handlers.removePlan.answer(plan);
  expect(await handlers.runs.answer()).toHaveLength(3);
  await second.close('safely');
  const third = await here.open();
  expect((await third.handlers.plans.answer()).map((row) => row.plan.id)).toEqual(['tiny']);
  await expect(third.handlers.removePlan.answer('tiny')).rejects.toThrow(/came with the program/);
  await expect(third.handlers.undoRemovePlan.answer(plan)).rejects.toThrow(/No plan .* was removed here/);
});

test('runs without a plan become one, with the runs they evaluate', async () => {
  const first = await there.open();
  const data = join(there.runtime, 'data', 'fashion-mnist');
  const train = await first.handlers.createRun.answer(pretrain('steps=5', data));
  await first.whenIdle();
  const measure = await first.handlers.createRun.answer(evaluation('steps=5', train, data));
  await first.whenIdle();
  const { plan } = v.parse(Bundle, JSON.parse(readFileSync(await bundleFrom(first, [measure]), 'utf8')));
  expect(plan.runs).toMatchObject([
    { key: 'run-1', config: { kind: 'pretrain' } },
    { key: 'run-2', config: { kind: 'evaluate', subject: { run: 'run-1' } } },
  ]);
});

test('changed or missing data is reported before anything is created', async () => {
  const first = await there.open();
  await first.handlers.startPlan.answer('tiny', null);
  await first.whenIdle();
  const bundle = v.parse(Bundle, JSON.parse(readFileSync(await bundleFrom(first, null), 'utf8')));
  const second = await here.open();
  const { handlers } = second;
  const file = join(here.home, 'given.json');
  async function refused(plan: Partial<Bundle['plan']>, words: RegExp): Promise<void> {
    writeFileSync(file, JSON.stringify({ ...bundle, plan: { ...bundle.plan, ...plan } }));
    const added = await handlers.addPlan.answer(file);
    await expect(handlers.startPlan.answer(added.plan, null)).rejects.toThrow(words);
    expect(await handlers.runs.answer()).toEqual([]);
  }
  const [data] = bundle.plan.data;
  await refused({ id: 'replay-a', data: [{ ...data!, fingerprint: 'another' }] }, /other files of Fashion-MNIST/);
  await refused(
    { id: 'replay-b', data: [{ ...data!, name: 'own', title: 'Own', fingerprint: 'gone' }] },
    /needs Own. Add a folder with Own \(fingerprint gone/,
  );
});

test('a file that is no bundle, or one this build cannot carry through, is refused with the reason and leaves nothing', async () => {
  const first = await there.open();
  await first.handlers.startPlan.answer('tiny', null);
  await first.whenIdle();
  const bundle = v.parse(Bundle, JSON.parse(readFileSync(await bundleFrom(first, null), 'utf8')));
  const { handlers } = first;
  const file = join(here.home, '..', 'given.json');
  const before = (await handlers.plans.answer()).length;
  async function refused(content: unknown, words: RegExp): Promise<void> {
    writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
    await expect(Promise.resolve().then(() => handlers.addPlan.answer(file))).rejects.toThrow(words);
    expect(await handlers.plans.answer()).toHaveLength(before);
  }
  const withConfig = (change: (config: RunConfig) => unknown) => ({
    ...bundle,
    plan: { ...bundle.plan, runs: bundle.plan.runs.map((run) => ({ ...run, config: change(run.config) })) },
  });
  await refused('{"format":', /given\.json/);
  await refused({ format: 'something-else' }, /given\.json is not as expected/);
  await refused({ ...bundle, plan: { ...bundle.plan, id: 'tiny' } }, /one that ships/);
  await refused(
    withConfig((config) =>
      config.kind === 'evaluate' ? { ...config, evaluator: { id: 'psychic', options: {} } } : config,
    ),
    /No evaluator "psychic"/,
  );
  await refused(
    withConfig((config) =>
      config.kind === 'evaluate'
        ? { ...config, subject: { kind: 'run', run: 'nobody', checkpoint: 'last', branch: 0 } }
        : config,
    ),
    /wait for each other or for a run it does not have/,
  );
  const origin = { method: null, pretrainedOn: null, epochs: null, batch: null };
  const subject = {
    kind: 'weights',
    weights: 'feedfeedfeedfeed',
    name: 'resnet50',
    encoder: { id: 'resnet-18', options: {} },
    origin,
  };
  await refused(
    withConfig((config) => (config.kind === 'evaluate' ? { ...config, subject } : config)),
    /the weights "resnet50" \(feedfeedfeedfeed\): import their file first/,
  );
});
