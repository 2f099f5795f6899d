/** The SVM of VOC07 against scikit-learn's, on images that both generate from a formula (nn/golden/svm.py). */
import { readFileSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { beforeAll, expect, it } from 'vitest';
import { averagePrecision, envelopePrecision } from '../evaluation/figures/average-precision.ts';
import { stratifiedFolds } from '../evaluation/figures/folds.ts';
import { formula } from '../nn/testing/golden.ts';
import { solveSvms } from '../evaluation/figures/linear-svm.ts';
import type { FeatureSet, Measure } from '../recipe.ts';
import { evaluator } from './voc-svm.ts';

interface GoldenClass {
  readonly folds: readonly number[];
  readonly validation: readonly number[];
  readonly chosen: number;
  readonly average: number;
  readonly envelope: number;
  /** At C = 1, the bias last. */
  readonly weights: readonly number[];
  readonly scores: readonly number[];
}
const golden = JSON.parse(readFileSync(new URL('../nn/golden/svm.json', import.meta.url), 'utf8')) as GoldenClass[];
const classes = golden.length;
const columns = 24;

beforeAll(() => tf.setBackend('cpu'));

function images(name: string, rows: number): FeatureSet & { readonly presence: Int8Array } {
  const presence = Int8Array.from(formula(`${name} presence`, [rows, classes], 1), (drawn) =>
    drawn > 0.5 ? 1 : drawn > 0.4 ? -1 : 0,
  );
  const centres = formula('centres', [classes, columns], 1);
  const seen = { '1': 1, '-1': 0.3, '0': 0 } as const;
  const values = formula(`${name} noise`, [rows, columns], 1).map((noise, at) => {
    const [row, column] = [Math.floor(at / columns), at % columns];
    let value = noise;
    for (let label = 0; label < classes; label++) {
      const there = String(presence[row * classes + label]!) as keyof typeof seen;
      value += 0.8 * seen[there] * centres[label * columns + column]!;
    }
    return value;
  });
  return { rows, columns, values, labels: new Int32Array(rows).fill(-1), presence };
}
const [train, test] = [images('train', 240), images('test', 180)];
const kept = ({ presence, rows }: typeof train, label: number): readonly number[] =>
  Array.from({ length: rows }, (_, row) => row).filter((row) => presence[row * classes + label] !== -1);

it('gives scikit-learn’s mean of average precisions, and comes close for each class', async () => {
  const tensors = tf.memory().numTensors;
  const progress: number[] = [];
  const model = { train, test, classes, progress: (fraction: number) => Promise.resolve(void progress.push(fraction)) };
  const measures: Measure[] = [];
  for await (const measure of evaluator.measure(model, {})) measures.push(measure);
  const [{ metric, value, n, byClass, ranking } = {} as Measure, ...others] = measures;
  expect(others).toEqual([]);
  expect([metric, n]).toEqual(['map', 180]);
  const expected = (100 * golden.reduce((sum, { envelope }) => sum + envelope, 0)) / classes;
  expect(Math.abs(value - expected)).toBeLessThan(0.1);
  expect(byClass!.map(({ cost }) => cost)).toEqual(golden.map(({ chosen }) => chosen));
  golden.forEach(({ envelope, scores }, label) => {
    expect(Math.abs(byClass![label]!.value! - 100 * envelope)).toBeLessThan(0.3);
    const own = kept(test, label).map((row) => ranking!.scores[row * classes + label]!);
    own.forEach((score, at) => expect(Math.abs(score - scores[at]!)).toBeLessThan(2e-2));
  });
  expect(progress).toEqual([...progress].sort((a, b) => a - b));
  expect(tf.memory().numTensors).toBe(tensors);
});

it('names a class with too few images for choosing its C', async () => {
  const presence = train.presence.map((there, at) => (at % classes === 2 ? 0 : there));
  const model = { train: { ...train, presence }, test, classes, progress: () => Promise.resolve() };
  await expect(evaluator.measure(model, {}).next()).rejects.toThrow('The class 2 (counted from 0) appears in 0');
  const classNames = Array.from({ length: classes }, (_, label) => `name ${label}`);
  const named = evaluator.measure({ ...model, classNames }, {});
  await expect(named.next()).rejects.toThrow('The class "name 2" appears in 0');
});

it('finds the minimum: weights to the fourth digit, from any start', () => {
  const samples = tf.tidy(() => {
    const rows = tf.tensor2d(train.values, [train.rows, columns]);
    const unit = rows.div<tf.Tensor2D>(tf.sqrt(tf.sum(rows.square(), 1, true)).add(1e-5));
    return tf.concat<tf.Tensor2D>([unit, tf.ones([train.rows, 1])], 1);
  });
  const signs = tf.tensor2d(
    Float32Array.from(train.presence, (there) => (there === 1 ? 1 : -1)),
    [train.rows, classes],
  );
  const problems = { signs, costs: new Array<number>(classes).fill(1), positiveWeight: 2 };
  for (const start of [null, tf.fill<tf.Rank.R2>([columns + 1, classes], 0.5)]) {
    const weights = solveSvms(samples, problems, start).arraySync();
    golden.forEach(({ weights: expected }, label) => {
      const size = Math.max(...expected.map(Math.abs));
      expected.forEach((weight, column) =>
        expect(Math.abs(weights[column]![label]! - weight) / size).toBeLessThan(2e-3),
      );
    });
  }
});

it('holds out the same images as StratifiedKFold, and every class evenly', () => {
  golden.forEach(({ folds }, label) => {
    const own = Array.from({ length: train.rows }, (_, row) => train.presence[row * classes + label] === 1);
    expect([...stratifiedFolds(own.map(Number), 3)]).toEqual(folds);
  });
  fc.assert(
    fc.property(
      fc.array(fc.nat(3), { minLength: 1, maxLength: 60 }),
      fc.integer({ min: 2, max: 5 }),
      (labels, parts) => {
        const folds = stratifiedFolds(labels, parts);
        for (const label of new Set(labels)) {
          const counts = Array.from({ length: parts }, (_, part) => {
            return labels.filter((own, sample) => own === label && folds[sample] === part).length;
          });
          expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
        }
      },
    ),
  );
});

it('measures average precision as scikit-learn does, and under the envelope; ties count together', () => {
  golden.forEach(({ scores, average, envelope }, label) => {
    const truth = kept(test, label).map((row) => test.presence[row * classes + label]!);
    expect(averagePrecision(scores, truth)).toBeCloseTo(average, 9);
    expect(envelopePrecision(scores, truth)).toBeCloseTo(envelope, 9);
  });
  // By hand: positives at ranks 1 and 3 of 3; and a tie of all four, half of them positive.
  expect(averagePrecision([3, 2, 1], [1, 0, 1])).toBeCloseTo(1 / 2 + 1 / 3, 12);
  expect(averagePrecision([1, 1, 1, 1], [1, 0, 0, 1])).toBe(0.5);
  expect(averagePrecision([2, 1], [0, 0])).toBeNaN();
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(5), fc.nat(1)), { minLength: 1, maxLength: 40 }), (images_) => {
      fc.pre(images_.some(([, there]) => there === 1));
      const [scores, truth] = [images_.map(([score]) => score), images_.map(([, there]) => there)];
      const plain = averagePrecision(scores, truth);
      expect(envelopePrecision(scores, truth)).toBeGreaterThanOrEqual(plain - 1e-12);
      expect(averagePrecision(scores.toReversed(), truth.toReversed())).toBeCloseTo(plain, 12);
    }),
  );
});
