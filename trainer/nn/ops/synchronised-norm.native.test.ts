/** Held against TensorFlow's fused norm of the whole batch; that several devices agree on gradients too is tested with the engine. */
import * as tf from '@tensorflow/tfjs';
import type { Tensor } from '@tensorflow/tfjs';
import * as v from 'valibot';
import { beforeAll, expect, it } from 'vitest';
import { openEngine } from '../../engine/steps/open.ts';
import { Execution } from '../../protocol/run.ts';
import { keyed } from '../../random.ts';
import { normAttributes } from './fused-norm.ts';
import { outputsOf } from './operation.ts';
import { synchronisedNorm } from './synchronised-norm.ts';

beforeAll(async () => {
  await openEngine(v.parse(Execution, { engine: 'eager', threads: 1 }));
});

const channels = 5;
const shape = [6, 4, 4, channels];

function normal(name: string, of: readonly number[]): Tensor {
  const values = new Float32Array(of.reduce((product, size) => product * size, 1));
  keyed(3, name).fillNormal(values);
  return tf.tensor(values, [...of]);
}

function fused() {
  // Far from 0, where a variance from a sum of squares would lose most of its digits.
  const x = tf.add(normal('x', shape), 300);
  const [weight, bias] = [normal('weight', [channels]), normal('bias', [channels])];
  const attributes = normAttributes(true);
  const running = [tf.zeros([channels]), tf.ones([channels])];
  const [value, , , ...reserved] = outputsOf('FusedBatchNormV3', attributes, [x, weight, bias, ...running], 6);
  const gradients = (dy: Tensor): readonly Tensor[] =>
    outputsOf('FusedBatchNormGradV3', attributes, [dy, x, weight, ...reserved], 5).slice(0, 3);
  return { x, weight, bias, value: value!, mean: reserved[0]!, variance: reserved[1]!, gradients };
}

const far = (one: Tensor, other: Tensor): number => tf.max(tf.abs(tf.sub(one, other))).dataSync()[0]!;

it('a process alone has the values, the statistics and the gradients of the fused norm', () => {
  const { x, weight, bias, value, mean, variance, gradients } = fused();
  const own = synchronisedNorm(x, weight, bias, { count: 1, gathered: (part) => part });
  expect([far(own.value, value), far(own.mean, mean), far(own.variance, variance)]).toSatisfy((all: number[]) =>
    all.every((one) => one < 1e-3),
  );
  expect(own.count).toBe(6 * 4 * 4);
  const dy = normal('dy', shape);
  own
    .gradient(dy, own.kept)
    .forEach((gradient, place) => expect(far(gradient, gradients(dy)[place]!)).toBeLessThan(2e-3));
});

it('parts of the batch are normalised by the statistics of all of it', () => {
  const { x, weight, bias, value, mean, variance } = fused();
  const parts = tf.split(x, 3);
  const statistics = parts.map((part) => {
    const own = tf.moments(part, [0, 1, 2]);
    return tf.stack([own.mean, own.variance]).reshape([1, 2 * channels]);
  });
  const gathered = () => tf.concat(statistics);
  const norms = parts.map((part) => synchronisedNorm(part, weight, bias, { count: 3, gathered }));
  expect(far(tf.concat(norms.map((one) => one.value)), value)).toBeLessThan(1e-3);
  for (const own of norms) {
    expect([far(own.mean, mean), far(own.variance, variance)]).toSatisfy((all: number[]) =>
      all.every((one) => one < 1e-4),
    );
    expect(own.count).toBe(6 * 4 * 4);
  }
});
