/** Statistics taken anew are the averages of the batches' own means and unbiased variances, whatever the running ones were. */
import * as tf from '@tensorflow/tfjs';
import * as v from 'valibot';
import { expect, it } from 'vitest';
import { openEngine } from '../engine/steps/open.ts';
import type { HostBatch } from '../host-batch.ts';
import { batchNorm } from '../nn/layers/batch-norm.ts';
import { Execution } from '../protocol/run.ts';
import { keyed } from '../random.ts';
import type { Detector } from '../recipe.ts';
import { takePreciseNorm } from './precise-norm.ts';

const [pictures, side, channels] = [2, 4, 3];
const pixels = pictures * side * side;

function batchAt(index: number): HostBatch {
  const values = new Float32Array(pixels * channels);
  keyed(1, 'batch', index).fillNormal(values);
  values.forEach((value, at) => (values[at] = value * (1 + index) + (at % channels)));
  const table = (shape: readonly number[], integers = false) => {
    const size = shape.reduce((product, length) => product * length, 1);
    return { shape, values: integers ? new Int32Array(size) : new Float32Array(size) };
  };
  return {
    views: [{ shape: [pictures, side, side, channels], values }],
    index: new Int32Array(pictures),
    targets: {
      sizes: table([pictures, 2]),
      boxes: table([pictures, 1, 4]),
      present: table([pictures, 1]),
      classes: table([pictures, 1], true),
    },
  };
}

/** Averages over the batches, by definition. */
function expected(batches: number): { readonly mean: readonly number[]; readonly variance: readonly number[] } {
  const average = (of: (values: readonly number[]) => number) =>
    Array.from({ length: channels }, (_, channel) => {
      const each = Array.from({ length: batches }, (__, index) =>
        of(Array.from(batchAt(index).views[0]!.values).filter((___, at) => at % channels === channel)),
      );
      return each.reduce((sum, value) => sum + value, 0) / batches;
    });
  const meanOf = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  const varianceOf = (values: readonly number[]): number => {
    const mean = meanOf(values);
    return values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
  };
  return { mean: average(meanOf), variance: average(varianceOf) };
}

it.each(['eager', 'traced'] as const)('%s', async (kind) => {
  const engine = await openEngine(v.parse(Execution, { engine: kind, threads: 1 }));
  const norm = batchNorm(engine.builder(1).at('norm'), channels);
  const detector: Detector = {
    ...norm,
    losses({ images }, _objects, at) {
      const nothing = tf.scalar(0);
      // What a batch norm is given may depend on a draw, as regions do.
      norm.apply(tf.add(images, tf.floor(at.uniform('draw', [1]))), at);
      return {
        losses: { objectness: nothing, location: nothing, classes: nothing, boxes: nothing },
        health: { anchors: nothing, recall: nothing, foreground: nothing, accuracy: nothing },
      };
    },
    find: () => {
      throw new Error('Nothing is looked for here.');
    },
  };
  const entries = engine.entries([norm]);
  const before = entries.map((entry) => Array.from(entry.read()));
  const told: number[] = [];
  let next = 0;
  let isClosed = false;
  await takePreciseNorm(
    engine,
    { detector, preciseNorm: 5 },
    () =>
      Promise.resolve({
        next: () => Promise.resolve({ batch: batchAt(next++) }),
        close: () => {
          isClosed = true;
          return Promise.resolve();
        },
      }),
    1,
    (fraction) => {
      told.push(fraction);
      return Promise.resolve();
    },
  );
  expect(isClosed).toBe(true);
  const after = new Map(entries.map((entry) => [entry.name, Array.from(entry.read())]));
  const { mean, variance } = expected(5);
  for (const [name, values] of [
    ['norm/running_mean', mean],
    ['norm/running_var', variance],
  ] as const)
    values.forEach((value, channel) => expect(after.get(name)![channel]).toBeCloseTo(value, 5));
  expect(after.get('norm/weight')).toEqual(before[entries.findIndex(({ name }) => name === 'norm/weight')]);
  expect(told.at(-1)).toBe(1);
});
