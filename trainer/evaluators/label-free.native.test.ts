/** Label-free figures against their definitions, in float64 and sharing no code. */
import * as tf from '@tensorflow/tfjs';
import * as v from 'valibot';
import { beforeAll, expect, it } from 'vitest';
import { openEngine } from '../engine/steps/open.ts';
import { formula } from '../nn/testing/golden.ts';
import { Execution } from '../protocol/run.ts';
import type { EvaluationModel, FeatureSet, Measure } from '../recipe.ts';
import { evaluator } from './label-free.ts';

beforeAll(async () => {
  await openEngine(v.parse(Execution, { engine: 'eager', threads: 1 }));
});

const columns = 6;
function table(name: string, rows: number): FeatureSet {
  const values = Float32Array.from(formula(name, [rows, columns], 1));
  return { rows, columns, values, labels: new Int32Array(rows).fill(-1) };
}
const rowsOf = ({ rows, values, columns: width }: FeatureSet): number[][] =>
  Array.from({ length: rows }, (_, row) => [...values.subarray(row * width, (row + 1) * width)]);
const unit = (row: readonly number[]): number[] => row.map((value) => value / Math.hypot(...row));
const squared = (a: readonly number[], b: readonly number[]): number =>
  a.reduce((sum, value, column) => sum + (value - b[column]!) ** 2, 0);
const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

async function measured(model: Partial<EvaluationModel>, options: Readonly<Record<string, number>> = {}) {
  const found: Record<string, Measure> = {};
  const whole: EvaluationModel = {
    train: table('none', 0),
    test: table('test', 0),
    classes: 0,
    progress: () => Promise.resolve(),
    ...model,
  };
  for await (const measure of evaluator.measure(whole, v.parse(evaluator.options, options)))
    found[measure.metric] = measure;
  return found;
}

it('gives alignment and uniformity as Wang and Isola define them, and leaves no tensor', async () => {
  const test = table('seen', 40);
  const pairs = [table('first', 15), table('second', 15)] as const;
  const tensors = tf.memory().numTensors;
  const { alignment, uniformity } = await measured({ test, pairs });
  expect(tf.memory().numTensors).toBe(tensors);
  const [left, right] = pairs.map((set) => rowsOf(set).map(unit));
  expect(alignment!.value).toBeCloseTo(mean(left!.map((row, at) => squared(row, right![at]!))), 5);
  expect(alignment!.n).toBe(15);
  const rows = rowsOf(test).map(unit);
  const potentials = rows.flatMap((row, at) => rows.slice(at + 1).map((other) => Math.exp(-2 * squared(row, other))));
  expect(uniformity!.value).toBeCloseTo(Math.log(mean(potentials)), 5);
  expect(uniformity!.n).toBe(40);
});

it('gives the rank of rows whose singular values are known, of images spread over the split', async () => {
  // Every second row is one of these, whose singular values are their lengths; the other rows would raise the rank.
  const lengths = [3, 2, 1];
  const values = new Float32Array(2 * lengths.length * columns).fill(1);
  for (const [at, length] of lengths.entries()) {
    values.fill(0, 2 * at * columns, (2 * at + 1) * columns);
    values[2 * at * columns + at] = length;
  }
  const test = { rows: 2 * lengths.length, columns, values, labels: new Int32Array(6) };
  const { rankme } = await measured({ test, pairs: [table('a', 2), table('b', 2)] }, { images: 3 });
  const entropy = -lengths.reduce((sum, length) => sum + (length / 6) * Math.log(length / 6), 0);
  expect(rankme!.value).toBeCloseTo(Math.exp(entropy), 3);
  expect(rankme!.n).toBe(3);
});

it('gives rank 1 and no spread for images that all look the same', async () => {
  const values = new Float32Array(5 * columns).fill(0.5);
  const same = { rows: 5, columns, values, labels: new Int32Array(5) };
  const { rankme, alignment, uniformity } = await measured({ test: same, pairs: [same, same] });
  expect(rankme!.value).toBeCloseTo(1, 3);
  expect(alignment!.value).toBeCloseTo(0, 6);
  expect(uniformity!.value).toBeCloseTo(0, 5);
});
