/** What counts as independent: pretrainings, and never how often one of them was evaluated. */
import { readFileSync } from 'node:fs';
import * as v from 'valibot';
import { describe, expect, test } from 'vitest';
import { Paper } from '../../../trainer/protocol/paper.ts';
import type { Catalogue } from '../../../trainer/protocol/catalogue.ts';
import type { Result } from '../../../trainer/protocol/results.ts';
import type { EvaluateConfig, RunConfig } from '../../../trainer/protocol/run.ts';
import type { ComparisonRow, OwnFigure } from '../../api/comparison.ts';
import {
  catalogue,
  comparisonInput,
  evaluate,
  execution,
  officialLinear,
  pretrain,
  storedResult,
  storedRun,
} from '../testing/comparison-fixture.ts';
import { compareRuns } from './compare.ts';
import type { ComparisonInput } from './comparison-input.ts';

const vicreg = v.parse(
  Paper,
  JSON.parse(readFileSync(new URL('../../../resources/papers/vicreg.json', import.meta.url), 'utf8')),
);
const onRun = (run: string) => ({ kind: 'run' as const, run, checkpoint: 'last' as const, branch: 0 as const });

interface Told {
  readonly subject?: EvaluateConfig['subject'];
  readonly evaluator?: string;
  readonly headSeed: number;
  readonly value: number | null;
  readonly change?: Partial<EvaluateConfig>;
  readonly result?: Partial<Result>;
}

/** Pretrainings by id, and evaluations of them, or of other subjects. */
async function rowsOf(
  pretrainings: Readonly<Record<string, RunConfig>>,
  told: readonly Told[],
  over: Partial<ComparisonInput> = {},
): Promise<readonly ComparisonRow[]> {
  const evaluations = told.map(({ subject = onRun('a'), evaluator = 'linear', headSeed, change = {} }, at) => {
    const config = evaluate(subject, evaluator, headSeed) as EvaluateConfig;
    return storedRun(`evaluation-${at}`, { ...config, ...change });
  });
  const runs = [...Object.entries(pretrainings).map(([id, config]) => storedRun(id, config)), ...evaluations];
  const results = told.map(({ evaluator = 'linear', value, result }, at) =>
    storedResult(`evaluation-${at}`, value, {
      evaluator,
      which: evaluator === 'linear' ? 'best' : 'only',
      ...(evaluator === 'linear' ? {} : { protocol: { k: 20 } }),
      ...result,
    }),
  );
  const { rows } = await compareRuns(comparisonInput({ runs, results, papers: [vicreg], ...over }));
  return rows;
}

async function rowOf(...given: Parameters<typeof rowsOf>): Promise<ComparisonRow & { readonly ours: OwnFigure }> {
  const [row, ...more] = await rowsOf(...given);
  expect(more).toEqual([]);
  return { ...row!, ours: row!.ours! };
}

describe('a pretraining counts once', () => {
  test('the same evaluation twice is one, with the interval of its images', async () => {
    const one = await rowOf({ a: pretrain(1) }, [{ headSeed: 1, value: 73.1 }]);
    const twice = await rowOf({ a: pretrain(1) }, [
      { headSeed: 1, value: 73.1 },
      { headSeed: 1, value: 73.1 },
    ]);
    expect(twice.ours).toMatchObject({ n: 1, sd: null, mean: 73.1, varied: [], interval: { method: 'wilson' } });
    expect([twice.ours.interval, twice.verdict, twice.notes]).toEqual([one.ours.interval, one.verdict, one.notes]);
    expect(twice.notes).toContain('single-pretraining');
  });
  test('three seeds of the head are no three pretrainings of the paper', async () => {
    const told = [72.9, 73, 73.1].map((value, at) => ({ headSeed: at, value }));
    const row = await rowOf({ a: pretrain(1) }, told);
    expect(row.ours).toMatchObject({ n: 1, unit: 'pretraining', varied: ['evaluation-seed'], sd: null });
    expect(row.ours.mean).toBeCloseTo(73, 9);
    expect(row.difference?.interval?.method).toBe('wilson');
    // Counted as seeds they had an interval within the margin, and reproduced the paper.
    expect(row.verdict).toBe('inconclusive');
  });
  test('its evaluations are averaged within it, however many each has', async () => {
    const row = await rowOf({ a: pretrain(1), b: pretrain(2) }, [
      { headSeed: 1, value: 70 },
      { headSeed: 2, value: 72 },
      { headSeed: 3, value: 74 },
      { subject: onRun('b'), headSeed: 1, value: 80 },
    ]);
    expect(row.ours).toMatchObject({ n: 2, mean: 76, varied: ['pretraining-seed', 'evaluation-seed'] });
    expect(row.ours.sd).toBeCloseTo(8 / Math.SQRT2, 9);
    expect(row.ours.values.map(({ unit, seed, evaluationSeed }) => [unit, seed, evaluationSeed])).toEqual([
      [1, 1, 1],
      [1, 1, 2],
      [1, 1, 3],
      [2, 2, 1],
    ]);
  });
  test('the same seed trained twice is one, and a diverged evaluation leaves no mean', async () => {
    const again = { a: pretrain(1), b: pretrain(1) };
    const told = [
      { headSeed: 1, value: 73.1 },
      { subject: onRun('b'), headSeed: 1, value: 73.1 },
    ];
    expect((await rowOf(again, told)).ours).toMatchObject({ n: 1, varied: [] });
    expect((await rowOf(again, [...told, { headSeed: 2, value: null }])).ours.mean).toBeNull();
  });
  test('seeds that agree have no interval of width 0', async () => {
    const row = await rowOf({ a: pretrain(1), b: pretrain(2) }, [
      { headSeed: 1, value: 73.1 },
      { subject: onRun('b'), headSeed: 1, value: 73.1 },
    ]);
    expect(row.ours).toMatchObject({ n: 2, sd: 0, interval: { method: 'wilson' } });
    expect(row.difference?.interval?.method).toBe('wilson');
    expect(row.notes).toContain('seeds-agree');
  });
  test('an interval of a figure that is no percentage is not cut to 0 to 100', async () => {
    const free: Catalogue['evaluators'][number] = {
      id: 'label-free',
      title: '',
      options: [],
      states: {},
      metrics: [{ name: 'uniformity', unit: 'number' }],
      margin: { points: 0.5 },
      probe: false,
    };
    const told = [-3.1, -3.3].map((value, at) => ({
      subject: onRun(at === 0 ? 'a' : 'b'),
      evaluator: 'label-free',
      headSeed: 1,
      value,
      result: { metric: 'uniformity' },
    }));
    const row = await rowOf({ a: pretrain(1), b: pretrain(2) }, told, {
      catalogue: { ...catalogue, evaluators: [free] },
    });
    expect(row.ours.interval).toMatchObject({ method: 't-seeds' });
    expect(row.ours.interval!.low).toBeCloseTo(-3.2 - 12.7062 * 0.1, 3);
  });
});

describe('repetitions agree to the bit', () => {
  const told: readonly Told[] = [
    { headSeed: 1, value: 73.1 },
    { headSeed: 1, value: 73.12 },
  ];
  test('or that is a fault, without a mean and without a verdict', async () => {
    const row = await rowOf({ a: pretrain(1) }, told);
    expect(row.ours).toMatchObject({ mean: null, interval: null, disagreeing: ['evaluation-0', 'evaluation-1'] });
    expect(row.verdict).toBe('not-comparable');
    expect(row.notes).toContain('repetitions-differ');
    // Also between two pretrainings of one seed.
    const trained = await rowOf({ a: pretrain(1), b: pretrain(1) }, [told[0]!, { ...told[1]!, subject: onRun('b') }]);
    expect(trained.ours.disagreeing).toHaveLength(2);
  });
  test('unless the machine, the threads or the device may explain it', async () => {
    const averaged = { n: 1, disagreeing: [] };
    const elsewhere = { computedBy: (run: string) => Promise.resolve(run) };
    expect((await rowOf({ a: pretrain(1) }, told, elsewhere)).ours).toMatchObject(averaged);
    const unknown = { computedBy: () => Promise.resolve(null) };
    expect((await rowOf({ a: pretrain(1) }, told, unknown)).ours).toMatchObject(averaged);
    const threads = { execution: { ...execution, threads: 4 } };
    const row = await rowOf({ a: pretrain(1) }, [told[0]!, { ...told[1]!, change: threads }]);
    expect(row.ours).toMatchObject({ ...averaged, varied: ['arithmetic'] });
    expect(row.ours.mean).toBeCloseTo(73.11, 9);
    const gpu = { execution: { ...execution, device: 'gpu:0' } };
    const onGpu = await rowOf(
      { a: pretrain(1) },
      told.map((one) => ({ ...one, change: gpu })),
    );
    expect(onGpu.ours).toMatchObject(averaged);
  });
});

describe('where nothing was pretrained', () => {
  test('random weights are drawn anew like a pretraining', async () => {
    const told = [1, 2].map((seed) => ({
      subject: { kind: 'random' as const, encoder: { id: 'resnet-50', options: {} }, seed },
      headSeed: 1,
      value: 60 + seed,
    }));
    expect((await rowOf({}, told)).ours).toMatchObject({
      n: 2,
      unit: 'initialization',
      varied: ['initialization-seed'],
      interval: { method: 't-seeds' },
    });
  });
  test('imported weights are one pretraining, whatever the seeds of the head', async () => {
    const subject = {
      kind: 'weights' as const,
      weights: 'feedfeedfeedfeed',
      name: 'resnet50',
      encoder: { id: 'resnet-50', options: {} },
      origin: { method: 'vicreg', pretrainedOn: 'imagenet', epochs: 1000, batch: 2048 },
    };
    const row = await rowOf(
      {},
      [73.1, 73.2, 73.3].map((value, at) => ({ subject, headSeed: at, value })),
    );
    expect(row.ours).toMatchObject({ n: 1, unit: 'weights', varied: ['evaluation-seed'] });
    expect(row.ours.interval?.method).toBe('wilson');
    expect(row.notes).toContain('single-weights');
  });
  test('of raw pixels a head is all that is random, and without one nothing is', async () => {
    const pixels = [1, 2].map((seed) => ({ subject: { kind: 'pixels' as const }, headSeed: seed, value: 84 + seed }));
    expect((await rowOf({}, pixels)).ours).toMatchObject({ n: 2, unit: 'head', interval: { method: 't-seeds' } });
    const neighbours = pixels.map((one) => ({ ...one, evaluator: 'knn', value: 85 }));
    const row = await rowOf({}, neighbours);
    expect(row.ours).toMatchObject({ n: 1, unit: 'none', varied: [], interval: { method: 'wilson' } });
    expect(row.notes).toContain('no-seed');
  });
});

describe('random parts of the data', () => {
  const subset = (share: number, seed: number) => ({ kind: 'share' as const, share, seed });
  test('repeat each other where they are equally large, and are other data where they are not', async () => {
    const withPart = (share: number, seed: number): RunConfig => {
      const config = pretrain(1);
      return { ...config, data: { ...config.data, subset: subset(share, seed) } };
    };
    const told = ['a', 'b', 'c'].map((run, at) => ({ subject: onRun(run), headSeed: 1, value: 70 + at }));
    const rows = await rowsOf({ a: withPart(0.1, 1), b: withPart(0.1, 2), c: withPart(0.5, 1) }, told);
    expect(rows.map(({ ours }) => [ours?.n, ours?.varied])).toEqual([
      [2, ['pretraining-seed', 'split']],
      [1, []],
    ]);
    const train = (evaluateOn: number): Partial<EvaluateConfig> => {
      const config = evaluate(onRun('a')) as EvaluateConfig;
      return { train: { ...config.train, subset: subset(0.1, evaluateOn) } };
    };
    const parts = [1, 2].map((seed) => ({ headSeed: 1, value: 70 + seed, change: train(seed) }));
    expect((await rowOf({ a: pretrain(1) }, parts)).ours).toMatchObject({ n: 1, mean: 71.5, varied: ['split'] });
  });
  test('also where an option of the evaluator is the seed of the draw', async () => {
    const linear = catalogue.evaluators.find(({ id }) => id === 'linear')!;
    const drawn = { key: 'drawnBy', kind: 'integer' as const, default: 0, comparable: true, draws: true as const };
    const told = [0, 1].map((drawnBy) => ({
      headSeed: 1,
      value: 54 + drawnBy,
      change: { evaluator: { id: 'linear', options: { drawnBy } } },
      result: { protocol: { ...officialLinear, drawnBy } },
    }));
    const evaluators = [{ ...linear, options: [...linear.options, drawn] }];
    const row = await rowOf({ a: pretrain(1) }, told, { catalogue: { ...catalogue, evaluators } });
    expect(row.ours).toMatchObject({ n: 1, mean: 54.5, varied: ['split'] });
    expect(row.protocol).not.toHaveProperty('drawnBy');
  });
});
