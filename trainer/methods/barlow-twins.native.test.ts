/** Parts of Barlow Twins not covered by the golden steps. */
import * as tf from '@tensorflow/tfjs';
import type { Tensor } from '@tensorflow/tfjs';
import * as v from 'valibot';
import { beforeAll, expect, it } from 'vitest';
import type { Engine } from '../engine/engine.ts';
import { openEngine } from '../engine/steps/open.ts';
import { Execution } from '../protocol/run.ts';
import { smallEncoder } from '../testing/small-learner.ts';
import { barlowTwinsLoss, method } from './barlow-twins.ts';

const defaults = v.parse(method.options, {});

let engine: Engine;
beforeAll(async () => {
  engine = await openEngine(v.parse(Execution, { engine: 'eager', threads: 2 }));
});

type Shape = readonly [number, number];
const grid = ([rows, columns]: Shape, value: (position: number) => number): Tensor =>
  tf.tensor2d(
    Float32Array.from({ length: rows * columns }, (_, position) => value(position)),
    [rows, columns],
  );
const first = (position: number): number => Math.sin(1 + position);
const read = (scalar: Tensor): number => scalar.dataSync()[0]!;

it('divides by the configured batch, not by the actual number of rows', () => {
  const same = grid([8, 4], first);
  const { metrics } = barlowTwinsLoss(same, same, 16, defaults);
  // Every dimension is its own twin at half its weight: (1 - 1/2)^2 for each of four.
  expect(read(metrics.invariance)).toBeCloseTo(1, 4);
});

it('measures how far the embeddings point in different directions, whatever their length', () => {
  const many = tf.randomNormal([512, 64], 0, 7, 'float32', 5);
  const { metrics } = barlowTwinsLoss(many, many, 512, defaults);
  expect(read(metrics.embeddingStd)).toBeCloseTo(1, 1);
  const one = tf.add(tf.ones([16, 4]), tf.mul(tf.randomNormal([16, 4], 0, 1, 'float32', 5), 1e-4));
  expect(read(barlowTwinsLoss(one, one, 16, defaults).metrics.embeddingStd)).toBeLessThan(0.01);
});

it('rejects groups of rows that batches cannot be divided into', () => {
  const build = (standardizedRows: number, samples: number) =>
    method.build([encoder, encoder], { ...defaults, expander: [4], standardizedRows }, engine.builder(1), {
      classes: 0,
      steps: 8,
      encoder: () => encoder,
      batch: 16,
      samples,
      stepsPerEpoch: Math.ceil(samples / 16),
    });
  const encoder = smallEncoder(engine.builder(1).at('encoder'));
  expect(() => build(6, 64)).toThrow('batches of 16 rows cannot be divided into groups of 6');
  expect(() => build(8, 68)).toThrow('batches of 16 and 4 rows cannot be divided into groups of 8');
  for (const [rows, samples] of [
    [8, 72],
    [0, 68],
  ] as const)
    expect(() => build(rows, samples)).not.toThrow();
});
