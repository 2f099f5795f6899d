/** Barlow Twins' loss, gradient and one step against PyTorch in float64 (golden/barlow-twins.py). */
import { readFileSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs';
import type { Tensor } from '@tensorflow/tfjs';
import * as v from 'valibot';
import { beforeAll, describe, expect, it } from 'vitest';
import { openEngine } from '../engine/open.ts';
import { deviation } from '../nn/golden.ts';
import { optimizer as lars } from '../optim/optimizers/lars.ts';
import { Execution } from '../protocol/run.ts';
import { barlowTwinsLoss, method } from './barlow-twins.ts';

interface Golden {
  readonly losses: readonly {
    readonly shape: readonly [number, number];
    readonly invariance: number;
    readonly redundancy: number;
    readonly loss: number;
    readonly dx: readonly number[];
    readonly dy: readonly number[];
  }[];
  readonly step: readonly number[];
}
const golden = JSON.parse(readFileSync(new URL('./golden/barlow-twins.json', import.meta.url), 'utf8')) as Golden;
const defaults = v.parse(method.options, {});

beforeAll(() => openEngine(v.parse(Execution, { engine: 'eager', threads: 2 })));

type Shape = readonly [number, number];
const grid = ([rows, columns]: Shape, value: (position: number) => number): Tensor =>
  tf.tensor2d(
    Float32Array.from({ length: rows * columns }, (_, position) => value(position)),
    [rows, columns],
  );
const first = (position: number): number => Math.sin(1 + position);
const second = (position: number): number => 0.5 * Math.cos(0.5 * position);
const read = (scalar: Tensor): number => scalar.dataSync()[0]!;

// More rows than dimensions, and fewer: the squares are summed over one product or the other.
describe.each(golden.losses)('embeddings of $shape', ({ shape, invariance, redundancy, loss, dx, dy }) => {
  const [x, y] = [() => grid(shape, first), () => grid(shape, second)];

  it('have the loss and its terms', () => {
    const found = barlowTwinsLoss(x(), y(), shape[0], defaults);
    expect(read(found.metrics.invariance)).toBeCloseTo(invariance, 4);
    expect(read(found.metrics.redundancy) / redundancy).toBeCloseTo(1, 4);
    expect(read(found.loss)).toBeCloseTo(loss, 4);
    const scaled = barlowTwinsLoss(x(), y(), shape[0], { ...defaults, scale: 0.1 });
    expect(read(scaled.loss)).toBeCloseTo(0.1 * loss, 5);
  });

  it('have its gradient', () => {
    const [gradX, gradY] = tf.grads((a: Tensor, b: Tensor) => barlowTwinsLoss(a, b, shape[0], defaults).loss)([
      x(),
      y(),
    ]);
    expect(deviation(gradX!.dataSync(), dx)).toBeLessThan(1e-3);
    expect(deviation(gradY!.dataSync(), dy)).toBeLessThan(1e-3);
  });
});

it('takes the same step', () => {
  const [left, right] = [grid([8, 5], first), grid([8, 5], second)];
  const weight = grid([5, 4], (position) => Math.sin(0.7 * position));
  const loss = (w: Tensor): tf.Scalar => barlowTwinsLoss(tf.matMul(left, w), tf.matMul(right, w), 8, defaults).loss;
  const options = v.parse(lars.options, { weightDecay: 0.01 });
  const at = { lr: tf.scalar(0.5), step: tf.scalar(1), shape: [5, 4] };
  const next = lars.update(weight, tf.grad(loss)(weight), { momentum: tf.zerosLike(weight) }, at, options).weight;
  expect(deviation(next.dataSync(), golden.step)).toBeLessThan(1e-6);
});

it('divides by the configured batch, not by the rows there are', () => {
  const same = grid([8, 4], first);
  const { metrics } = barlowTwinsLoss(same, same, 16, defaults);
  // Every dimension is its own twin at half its weight: (1 - 1/2)^2 for each of four.
  expect(read(metrics.invariance)).toBeCloseTo(1, 4);
});

it('says how far the embeddings point in different directions, however long they are', () => {
  const many = tf.randomNormal([512, 64], 0, 7, 'float32', 5);
  const { metrics } = barlowTwinsLoss(many, many, 512, defaults);
  expect(read(metrics.embeddingStd)).toBeCloseTo(1, 1);
  const one = tf.add(tf.ones([16, 4]), tf.mul(tf.randomNormal([16, 4], 0, 1, 'float32', 5), 1e-4));
  expect(read(barlowTwinsLoss(one, one, 16, defaults).metrics.embeddingStd)).toBeLessThan(0.01);
});
