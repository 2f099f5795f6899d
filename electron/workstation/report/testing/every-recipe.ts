/** Made-up records of a run by every preset, and of figures of every evaluator. */
import type { RunConfig } from '../../../../trainer/protocol/run.ts';
import { compareRuns } from '../../comparison/compare.ts';
import { presetConfig } from '../../comparison/preset-config.ts';
import {
  catalogue,
  comparisonInput,
  evaluate,
  presets,
  storedResult,
  storedRun,
} from '../../testing/comparison-fixture.ts';
import type { ReportInput } from '../model.ts';
import { firstPlan } from './report-fixture.ts';

const data = { dataset: 'idx', path: '/data/fashion-mnist', fingerprint: 'f-small' };

/** An evaluation of the run by the preset of that place. */
function measuring(evaluator: string, title: string, at: number): RunConfig {
  const config = evaluate({ kind: 'run', run: `run-${at}`, checkpoint: 'last', branch: 0 }, evaluator);
  if (config.kind !== 'evaluate') throw new Error('The fixture gave no evaluation.');
  return { ...config, title, train: { ...data, split: 'train' }, test: { ...data, split: 'test' } };
}

export async function everyRecipe(): Promise<ReportInput> {
  const first = await firstPlan();
  const trained = presets.map((preset, at) => {
    const title = `${preset.title} ${at}`;
    const config = { ...presetConfig(preset), title, preset: preset.id, data: { ...data, split: 'train' } };
    return storedRun(`run-${at}`, config, { createdAt: at });
  });
  const measured = catalogue.evaluators.map(({ id, title }, at) =>
    storedRun(`measured-${at}`, measuring(id, title, at), { createdAt: 100 + at }),
  );
  const results = catalogue.evaluators.flatMap(({ id, metrics, states }, at) =>
    metrics.map(({ name }) => {
      const figure = { evaluator: id, metric: name, protocol: states };
      return storedResult(`measured-${at}`, 70, { ...data, split: 'test', ...figure });
    }),
  );
  const runs = [...trained, ...measured];
  return {
    ...first,
    comparison: await compareRuns(comparisonInput({ runs, results })),
    plan: null,
    planStoredAt: null,
    runs: runs.map((run) => {
      const own = results.filter((one) => one.run === run.id);
      return { ...first.runs[0]!, run, results: own, withoutCopies: own.map(() => null) };
    }),
  };
}
