/** Figures of the evaluators against slow references that share no code with them. */
import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import * as v from 'valibot';
import { beforeAll, describe, expect, it } from 'vitest';
import { accuraciesOf, meanPerClass, topKCorrect } from '../evaluation/figures/top-k.ts';
import type { Builder, EvaluationModel, FeatureSet, Initial, Measure, StepContext } from '../recipe.ts';
import { evaluator as knn } from './knn.ts';
import { evaluator as linear } from './linear.ts';

beforeAll(() => tf.setBackend('cpu'));

function features(rows: readonly (readonly number[])[], labels: readonly number[]): FeatureSet {
  return {
    rows: rows.length,
    columns: rows[0]?.length ?? 0,
    values: Float32Array.from(rows.flat()),
    labels: Int32Array.from(labels),
  };
}

async function measured(measures: AsyncGenerator<Measure>): Promise<readonly Measure[]> {
  const all: Measure[] = [];
  for await (const measure of measures) all.push(measure);
  return all;
}

/** Votes by definition, in float64. */
function slowKnn(
  train: FeatureSet,
  test: FeatureSet,
  classes: number,
  options: v.InferOutput<typeof knn.options>,
): number[] {
  const { k, temperature, similarity } = options;
  const row = (set: FeatureSet, index: number): number[] => [
    ...set.values.subarray(index * set.columns, (index + 1) * set.columns),
  ];
  const cosine = (a: readonly number[], b: readonly number[]): number =>
    a.reduce((sum, value, column) => sum + value * b[column]!, 0) /
    Math.max(Math.hypot(...a) * Math.hypot(...b), 1e-12);
  const vote = (a: readonly number[], b: readonly number[]): number =>
    similarity === 'cosine'
      ? Math.exp(cosine(a, b) / temperature)
      : 1 / Math.hypot(...a.map((value, column) => value - b[column]!));
  return Array.from({ length: test.rows }, (_, index) => {
    const near = Array.from({ length: train.rows }, (__, other) => ({
      weight: vote(row(test, index), row(train, other)),
      label: train.labels[other]!,
    }));
    const votes = Array.from({ length: classes }, () => 0);
    for (const { weight, label } of near.sort((a, b) => b.weight - a.weight).slice(0, k)) votes[label]! += weight;
    return votes.indexOf(Math.max(...votes));
  });
}

describe('k-NN', () => {
  it.each(['cosine', 'inverse-euclidean'] as const)('agrees with a slow reference, %s', async (similarity) => {
    let state = 7;
    const random = (): number => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return state / 2 ** 32;
    };
    const cloud = (count: number): FeatureSet => {
      const labels = Array.from({ length: count }, (_, index) => index % 4);
      return features(
        labels.map((label) => Array.from({ length: 6 }, (_, column) => (column === label ? 0.8 : 0) + random() - 0.5)),
        labels,
      );
    };
    const train = cloud(120);
    const test = cloud(40);
    const tensors = tf.memory().numTensors;
    const progress: number[] = [];
    const model: EvaluationModel = {
      train,
      test,
      classes: 4,
      progress: (fraction) => Promise.resolve(void progress.push(fraction)),
    };
    const options = { k: 7, temperature: 0.07, similarity };
    const [top1, ...others] = await measured(knn.measure(model, options));
    const expected = slowKnn(train, test, 4, options).map((predicted, index) =>
      predicted === test.labels[index] ? 1 : 0,
    );
    expect([...(top1?.correct ?? [])]).toEqual(expected);
    expect(top1?.value).toBeCloseTo((100 * expected.filter((one) => one === 1).length) / 40, 10);
    expect(top1?.value).toBeGreaterThan(50);
    // Of four classes the five highest are all.
    expect(others).toEqual([]);
    expect(progress.at(-1)).toBe(1);
    expect(tf.memory().numTensors).toBe(tensors);
  });

  it('states its rule, and survives fewer samples than k and a row of zeros', async () => {
    expect(knn.protocol(v.parse(knn.options, {}))).toEqual({
      k: 20,
      temperature: 0.07,
      similarity: 'cosine',
    });
    // The temperature does not apply.
    expect(knn.protocol(v.parse(knn.options, { similarity: 'inverse-euclidean' }))).toEqual({
      k: 20,
      similarity: 'inverse-euclidean',
    });
    const train = features(
      [
        [1, 0],
        [0, 1],
      ],
      [0, 1],
    );
    const test = features(
      [
        [2, 0.1],
        [0, 0],
      ],
      [0, 0],
    );
    const [top1] = await measured(
      knn.measure({ train, test, classes: 2, progress: () => Promise.resolve() }, v.parse(knn.options, {})),
    );
    expect(top1?.correct?.[0]).toBe(1);
  });
});

describe('top-k', () => {
  it('counts the classes above the true one, as sorting would', () => {
    const classes = 6;
    fc.assert(
      fc.property(
        fc.array(
          fc.tuple(
            fc.array(fc.integer({ min: -3, max: 3 }), { minLength: classes, maxLength: classes }),
            fc.nat(classes - 1),
          ),
          { minLength: 1 },
        ),
        fc.integer({ min: 1, max: classes }),
        (samples, k) => {
          const correct = topKCorrect(
            Float32Array.from(samples.flatMap(([scores]) => scores)),
            Int32Array.from(samples, ([, label]) => label),
            classes,
            k,
          );
          samples.forEach(([scores, label], index) => {
            const best = scores
              .map((score, other) => [score, other] as const)
              .sort((a, b) => b[0] - a[0] || a[1] - b[1])
              .slice(0, k);
            expect(correct[index]).toBe(best.some(([, other]) => other === label) ? 1 : 0);
          });
        },
      ),
    );
  });

  it('is told of five only where there are more classes', () => {
    const told = (classes: number): readonly string[] =>
      accuraciesOf(new Float32Array(classes), Int32Array.of(0), classes).map(({ metric }) => metric);
    expect(told(5)).toEqual(['top1']);
    expect(told(6)).toEqual(['top1', 'top5']);
  });

  it('never calls a non-finite score right', () => {
    expect([...topKCorrect(Float32Array.of(Number.NaN, Number.NaN), Int32Array.of(0), 2, 5)]).toEqual([0]);
  });
});

describe('mean per class', () => {
  it('is told where classes have unequal numbers of samples: 9 of 10 cats and 0 of 2 dogs right are 45 %, not 75', () => {
    const labels = Int32Array.from({ length: 12 }, (_, at) => (at < 10 ? 0 : 2));
    // All are taken for cats but the first.
    const scores = Float32Array.from({ length: 36 }, (_, at) => (at % 3 === (at < 3 ? 1 : 0) ? 1 : 0));
    const figures = accuraciesOf(scores, labels, 3).map(({ metric, value }) => [metric, value]);
    expect(figures).toEqual([
      ['top1', 75],
      ['meanPerClass', 45],
    ]);
  });

  it('is the top-1 accuracy of samples that each class has as many of, and is then not told', () => {
    const right = fc.array(fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(right, (classes) => {
        const correct = Uint8Array.from(classes.flat(), Number);
        const labels = Int32Array.from(classes.flatMap((samples, label) => samples.map(() => label)));
        expect(meanPerClass(correct, labels, classes.length)).toBeNull();
        // With each sample of the first class twice, only the mean over classes stays.
        const twice = Uint8Array.from([...classes[0]!.map(Number), ...correct]);
        const labelled = Int32Array.from([0, 0, 0, 0, ...labels]);
        const share = (100 * correct.reduce((sum, one) => sum + one, 0)) / correct.length;
        const mean = meanPerClass(twice, labelled, classes.length);
        if (classes.length === 1) expect(mean).toBeNull();
        else expect(mean).toBeCloseTo(share, 9);
      }),
    );
  });
});

describe('linear', () => {
  const moment: StepContext = {
    step: tf.scalar(0, 'int32'),
    training: true,
    recompute: null,
    branch: null,
    peers: null,
    uniform: () => tf.scalar(0),
    update: () => undefined,
    current: (variable) => variable,
  };
  const builder: Builder = {
    path: 'head',
    at: () => builder,
    twin: () => builder,
    variable: (name: string, shape: readonly number[], initial: Initial, trainable = true) =>
      tf.variable(
        initial.kind === 'given'
          ? tf.tensor(initial.values, [...shape])
          : initial.kind === 'ones'
            ? tf.ones([...shape])
            : initial.kind === 'normal'
              ? tf.randomNormal([...shape], 0, initial.std, 'float32', 3)
              : tf.zeros([...shape]),
        trainable,
        `${name}-${String(Math.random())}`,
      ),
  };

  it('standardises by the training features', () => {
    const train = features(
      [
        [1, 10],
        [3, 30],
      ],
      [0, 1],
    );
    const options = v.parse(linear.options, { inputs: 'features', standardize: true });
    const head = linear.head!.build(options, builder, { columns: 2, classes: 2, train, encoder: null });
    const [weight] = head.learner.trainable[0]!.weights;
    weight!.assign(
      tf.tensor2d([
        [1, 0],
        [0, 1],
      ]),
    );
    expect(
      [...head.scores(tf.tensor2d([[3, 10]]), moment).dataSync()].map((value) => Math.round(value * 1e4) / 1e4),
    ).toEqual([1, -1]);
  });

  it('refuses to standardise features that are extracted anew every epoch', () => {
    const options = v.parse(linear.options, { inputs: 'images', standardize: true });
    const data = { columns: 2, classes: 2, train: null, encoder: null };
    expect(() => linear.head!.build(options, builder, data)).toThrow('"inputs": "features"');
    expect(() => linear.head!.build({ ...options, standardize: false }, builder, data)).not.toThrow();
  });

  it('reports the last and the best epoch apart', async () => {
    const test = features([[0], [0]], [0, 1]);
    const heads = { last: Float32Array.of(1, 0, 1, 0), best: Float32Array.of(1, 0, 0, 1), lastEpoch: 9, bestEpoch: 4 };
    const figures = await measured(
      linear.measure(
        { train: test, test, classes: 2, heads, progress: () => Promise.resolve() },
        v.parse(linear.options, {}),
      ),
    );
    expect(figures.map(({ metric, value, which, epoch }) => [metric, value, which, epoch])).toEqual([
      ['top1', 50, 'last', 9],
      ['top1', 100, 'best', 4],
    ]);
  });
});
