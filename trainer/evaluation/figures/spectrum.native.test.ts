/** The spectrum of features against NumPy's (nn/golden/spectrum.py). */
import { readFileSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs';
import * as v from 'valibot';
import { beforeAll, expect, it } from 'vitest';
import { openEngine } from '../../engine/steps/open.ts';
import { formula } from '../../nn/testing/golden.ts';
import { Execution } from '../../protocol/run.ts';
import type { FeatureSet } from '../../recipe.ts';
import { spectrumOf } from './spectrum.ts';

const golden = JSON.parse(readFileSync(new URL('../../nn/golden/spectrum.json', import.meta.url), 'utf8')) as {
  readonly spectrum: readonly number[];
  readonly covariance: number;
};
beforeAll(async () => {
  await openEngine(v.parse(Execution, { engine: 'eager', threads: 1 }));
});

function table(rows: number, columns: number, value: (at: number) => number): FeatureSet {
  const values = Float32Array.from({ length: rows * columns }, (_, at) => value(at));
  return { rows, columns, values, labels: new Int32Array(rows) };
}

it('is that of NumPy, at powers of two', async () => {
  const [rows, columns] = [50, 20];
  const numbers = formula('spectrum', [rows, columns], 1);
  const tensors = tf.memory().numTensors;
  const found = await spectrumOf(table(rows, columns, (at) => numbers[at]! * 0.9 ** (at % columns) + 3));
  expect(Object.keys(found)).toEqual(['spectrum-2', 'spectrum-4', 'spectrum-8', 'spectrum-16', 'featureCovariance']);
  for (const rank of [2, 4, 8, 16])
    expect(found[`spectrum-${rank}`]! / golden.spectrum[rank - 1]!, `rank ${rank}`).toBeCloseTo(1, 4);
  expect(found['featureCovariance']).toBeCloseTo(golden.covariance, 5);
  expect(tf.memory().numTensors).toBe(tensors);
});

it('of features that have none there is none; rows that all lie on a line have one direction', async () => {
  expect(await spectrumOf(table(4, 3, () => 2))).toEqual({});
  expect(await spectrumOf(table(4, 3, (at) => (at === 5 ? Number.NaN : at)))).toEqual({});
  expect(await spectrumOf(table(1, 3, (at) => at))).toEqual({});
  const line = await spectrumOf(table(40, 4, (at) => Math.floor(at / 4) - 20));
  expect(line['spectrum-2']).toBeLessThan(1e-9);
  expect(line['featureCovariance']).toBeCloseTo(1, 5);
});
