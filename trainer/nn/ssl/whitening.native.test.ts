/** Whitening and its gradient against plain loops in float64. */
import * as tf from '@tensorflow/tfjs';
import * as v from 'valibot';
import { beforeAll, describe, expect, it } from 'vitest';
import { openEngine } from '../../engine/steps/open.ts';
import { Execution } from '../../protocol/run.ts';
import { deviation, formula } from '../testing/golden.ts';
import { whitened } from './whitening.ts';

beforeAll(async () => {
  await openEngine(v.parse(Execution, { engine: 'eager', threads: 2 }));
});

const [rows, columns, size] = [24, 5, 12];

/** Each row of each group by forward substitution with the Cholesky factor of the group's covariance. */
function byLoops(z: Float64Array): Float64Array {
  const result = new Float64Array(z.length);
  for (let begin = 0; begin < rows; begin += size) {
    const at = (row: number, column: number): number => z[(begin + row) * columns + column]!;
    const range = (length: number) => Array.from({ length }, (_, place) => place);
    const means = range(columns).map((column) => range(size).reduce((sum, row) => sum + at(row, column), 0) / size);
    const centred = (row: number, column: number): number => at(row, column) - means[column]!;
    const factor = range(columns).map(() => new Float64Array(columns));
    for (let i = 0; i < columns; i++)
      for (let j = 0; j <= i; j++) {
        let rest = range(size).reduce((sum, row) => sum + centred(row, i) * centred(row, j), 0) / (size - 1);
        for (let k = 0; k < j; k++) rest -= factor[i]![k]! * factor[j]![k]!;
        factor[i]![j] = i === j ? Math.sqrt(rest) : rest / factor[j]![j]!;
      }
    for (let row = 0; row < size; row++)
      for (let i = 0; i < columns; i++) {
        let rest = centred(row, i);
        for (let k = 0; k < i; k++) rest -= factor[i]![k]! * result[(begin + row) * columns + k]!;
        result[(begin + row) * columns + i] = rest / factor[i]![i]!;
      }
  }
  return result;
}

describe('whitened', () => {
  const z = formula('z', [rows, columns], 1);
  const weights = formula('weights', [rows, columns], 1);

  it('equals the plain loops, group by group', () => {
    const found = tf.tidy(() => whitened(tf.tensor(z, [rows, columns]), size).dataSync());
    expect(deviation(found, byLoops(Float64Array.from(z)))).toBeLessThan(1e-5);
  });

  it('has identity covariance and zero mean in every group', () => {
    tf.tidy(() => {
      const groups = whitened(tf.tensor(z, [rows, columns]), size).reshape([rows / size, size, columns]);
      const covariance = tf.div(tf.matMul(groups, groups, true), size - 1);
      const apart = tf.max(tf.abs(tf.sub(covariance, tf.eye(columns)))).dataSync()[0];
      expect(apart).toBeLessThan(1e-5);
      expect(tf.max(tf.abs(tf.mean(groups, 1))).dataSync()[0]).toBeLessThan(1e-6);
    });
  });

  it('has the gradient given by finite differences', () => {
    const weighted = (given: Float64Array): number =>
      byLoops(given).reduce((sum, value, place) => sum + value * weights[place]!, 0);
    const step = 1e-5;
    const differences = Float64Array.from(z, (_, place) => {
      const moved = (by: number) =>
        weighted(Float64Array.from(z, (value, other) => value + (other === place ? by : 0)));
      return (moved(step) - moved(-step)) / (2 * step);
    });
    const found = tf.tidy(() => {
      const loss = (given: tf.Tensor): tf.Scalar =>
        tf.sum(tf.mul(whitened(given, size), tf.tensor(weights, [rows, columns])));
      return tf
        .grad(loss)(tf.tensor(z, [rows, columns]))
        .dataSync();
    });
    expect(deviation(found, differences)).toBeLessThan(1e-4);
  });

  it('is NaN only in a group whose columns are linearly dependent', () => {
    const dependent = z.slice();
    for (let row = 0; row < size; row++) dependent[row * columns + 1] = 0;
    const found = tf.tidy(() => whitened(tf.tensor(dependent, [rows, columns]), size).dataSync());
    expect(found.subarray(0, size * columns).some(Number.isNaN)).toBe(true);
    expect(found.subarray(size * columns).every(Number.isFinite)).toBe(true);
  });
});
