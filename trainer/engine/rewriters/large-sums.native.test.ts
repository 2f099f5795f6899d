/** Rewritten sums have the same value, and are rewritten only where it saves time. */
import * as tf from '@tensorflow/tfjs';
import type { Tensor } from '@tensorflow/tfjs';
import * as v from 'valibot';
import { expect, it } from 'vitest';
import { Execution } from '../../protocol/run.ts';
import { keyed } from '../../random.ts';
import { relativeDistance } from '../../testing/distance.ts';
import { openRuntime } from '../binding/runtime.ts';
import { compile } from '../steps/compile.ts';
import { createTracer } from '../steps/trace.ts';

const execution = v.parse(Execution, { engine: 'traced', threads: 2 });
const runtime = await openRuntime(execution);

function noise(name: string, shape: readonly number[]) {
  const values = new Float32Array(shape.reduce((product, size) => product * size, 1));
  keyed(3, name).fillNormal(values);
  return { shape, values };
}

/** A function of two batches and a weight, traced and eager. */
async function both(rows: number, width: number, compute: (x: Tensor, y: Tensor, w: Tensor) => Tensor) {
  const given = [noise('x', [rows, width]), noise('y', [rows + 1, width]), noise('w', [width, width])];
  const specs = given.map(({ shape }) => ({ dtype: 'float32', shape }) as const);
  const tracer = createTracer(runtime, execution);
  const compiled = compile(tracer, specs, (x, y, w) => [compute(x, y, w)]);
  const [traced] = await compiled(...given);
  await tf.setBackend('tensorflow');
  const [x, y, w] = given.map(({ shape, values }) => tf.tensor(values, [...shape]));
  return { traced: traced!.values as Float32Array, eager: compute(x!, y!, w!).dataSync<'float32'>() };
}

/** The gradient of a weight that two batches of rows share. */
const shared = (x: Tensor, y: Tensor, w: Tensor): Tensor =>
  tf.grad((weight) => tf.add(tf.sum(tf.square(tf.matMul(x, weight))), tf.sum(tf.matMul(y, weight))))(w);

it.each([
  ['few rows of many columns', 3, 300],
  ['as many rows as columns', 260, 260],
  ['a small weight', 3, 16],
])('the gradient of a shared weight: %s', async (_name, rows, width) => {
  const { traced, eager } = await both(rows, width, shared);
  expect(relativeDistance(traced, eager)).toBeLessThan(1e-6);
});

it.each([
  ['all of it', (x: Tensor) => tf.sum(tf.square(x))],
  ['a row each', (x: Tensor) => tf.sum(tf.square(x), 1)],
  ['all of it, keeping dimensions', (x: Tensor) => tf.sum(tf.square(x), undefined, true)],
])('the sum of squares of %s', async (_name, compute) => {
  const { traced, eager } = await both(2, 400, (_x, _y, w) => compute(w));
  expect(traced.length).toBe(eager.length);
  traced.forEach((value, at) => expect(value / eager[at]!).toBeCloseTo(1, 5));
});
