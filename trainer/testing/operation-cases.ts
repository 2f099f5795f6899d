/** A test case for every operation, of tfjs or our own, that recipes and networks use; each works for any shape. */
import * as tf from '@tensorflow/tfjs';
import type { Tensor } from '@tensorflow/tfjs';
import type { HostTensor } from '../host-batch.ts';
import type { InputSpec } from '../engine/steps/per-signature.ts';
import { conv2d } from '../nn/ops/conv.ts';
import { crossEntropy } from '../nn/ops/cross-entropy.ts';
import { maxPoolAfterRelu } from '../nn/ops/pool.ts';
import { relu } from '../nn/ops/relu.ts';
import { effectiveRank } from '../nn/ops/effective-rank.ts';
import { replacedRows, rowsOf } from '../nn/ops/gather-rows.ts';
import { keyed } from '../random.ts';

/** Inputs of a case: `x` any numbers, `p` positive ones, `w` a second matrix, `i` small whole numbers; [n, m] but for w [m, n]. */
export interface Inputs {
  readonly x: Tensor;
  readonly p: Tensor;
  readonly w: Tensor;
  readonly i: Tensor;
}
export type Case = (inputs: Inputs) => Tensor;

export const images = ({ x }: Inputs): tf.Tensor4D => tf.tile<tf.Tensor4D>(x.reshape([1, ...x.shape, 1]), [2, 2, 2, 2]);
export const kernel = ({ p }: Inputs, size: number): Tensor =>
  tf.tile(p.flatten().slice([0], [1]).reshape([1, 1, 1, 1]), [size, size, 2, 3]);

/** Cases with a gradient in x or p. */
export const smooth: Readonly<Record<string, Case>> = {
  abs: ({ x }) => tf.abs(x),
  add: ({ x, p }) => tf.add(x, p.sum(0, true)),
  addN: ({ x, p }) => tf.addN([x, p, x]),
  avgPool: (given) => tf.avgPool(images(given), [2, 3], 1, 'valid'),
  broadcastTo: ({ x }) => tf.broadcastTo(tf.expandDims(x, 0), [2, ...x.shape]),
  cast: ({ x, i }) => tf.mul(x, tf.cast(i, 'float32')),
  clone: ({ x }) => tf.mul(tf.clone(x), 2),
  concat: ({ x, p }) => tf.concat([x, p], 1),
  concat1d: ({ x, p }) => tf.concat1d([x.flatten(), p.flatten()]),
  conv2d: (given) => conv2d(images(given), kernel(given, 3), { stride: 2, padding: 1 }),
  'conv2d of single pixels': (given) => conv2d(images(given), kernel(given, 1), { stride: 2, padding: 0 }),
  'conv2d with equal zeros': (given) => conv2d(images(given), kernel(given, 3), { stride: 1, padding: 1 }),
  cos: ({ x }) => tf.cos(x),
  crossEntropy: ({ x, i }) => {
    const labels = tf.cast(tf.cast(i.slice([0, 0], [-1, 1]).flatten(), 'bool'), 'int32');
    return crossEntropy(x, labels);
  },
  div: ({ x, p }) => tf.div(x, p),
  erf: ({ x }) => tf.erf(x),
  exp: ({ x }) => tf.exp(x),
  expandDims: ({ x }) => tf.expandDims(x, 1),
  gather: ({ x }) => tf.gather(x, tf.tensor1d([0, 0], 'int32')),
  log: ({ p }) => tf.log(p),
  logSoftmax: ({ x }) => tf.logSoftmax(x),
  logSumExp: ({ x }) => tf.logSumExp(x, 1),
  matMul: ({ x, w }) => tf.matMul(x, w),
  'matMul transposed': ({ x, p }) => tf.matMul(x, p, true),
  max: ({ x }) => tf.max(x, 1, true),
  maxPool: (given) => maxPoolAfterRelu(relu(images(given)), 3, { stride: 2, padding: 1 }),
  maximum: ({ x, p }) => tf.maximum(x, p),
  mean: ({ x }) => tf.mean(x, 0),
  min: ({ x }) => tf.min(x, 1),
  minimum: ({ x, p }) => tf.minimum(x, p),
  mul: ({ x, p }) => tf.mul(x, p),
  neg: ({ x }) => tf.neg(x),
  pad: ({ x }) =>
    tf.pad(x as tf.Tensor2D, [
      [1, 0],
      [2, 1],
    ]),
  pow: ({ p }) => tf.pow(p, 1.5),
  relu: ({ x }) => relu(x),
  reshape: ({ x }) => tf.reshape(x, [x.size, 1]),
  reverse: ({ x }) => tf.reverse(x, [0, 1]),
  rsqrt: ({ p }) => tf.rsqrt(p),
  slice: ({ x }) => tf.slice(x, [1, 0], [-1, 1]),
  softmax: ({ x }) => tf.softmax(x),
  split: ({ x }) => tf.split(x, [1, x.shape[0] - 1])[1]!,
  sqrt: ({ p }) => tf.sqrt(p),
  square: ({ x }) => tf.square(x),
  squaredDifference: ({ x, p }) => tf.squaredDifference(x, p),
  stack: ({ x, p }) => tf.stack([x, p]),
  sub: ({ x, p }) => tf.sub(x, p),
  sum: ({ x }) => tf.sum(x, 1, true),
  transpose: ({ x }) => tf.transpose(x, [1, 0]),
  where: ({ x, p, i }) => tf.where(tf.equal(i, 1), x, tf.mul(p, 2)),
};

/** Cases without one. */
export const plain: Readonly<Record<string, Case>> = {
  all: ({ x, p }) => tf.cast(tf.all(tf.greater(p, x), 1), 'float32'),
  any: ({ x, p }) => tf.cast(tf.any(tf.greater(x, p), 1), 'float32'),
  argMax: ({ x }) => tf.argMax(x, 1),
  effectiveRank: ({ x }) => effectiveRank(x),
  equal: ({ i }) => tf.cast(tf.equal(i, 1), 'float32'),
  floor: ({ x }) => tf.floor(x),
  floorDiv: ({ i }) => tf.cast(tf.floorDiv(tf.add(i, 7), tf.scalar(3, 'int32')), 'float32'),
  greater: ({ x, p }) => tf.cast(tf.greater(x, p), 'int32'),
  greaterEqual: ({ x, p }) => tf.cast(tf.greaterEqual(x, p), 'float32'),
  lessEqual: ({ x, p }) => tf.cast(tf.lessEqual(x, p), 'float32'),
  logicalAnd: ({ x, p }) => tf.cast(tf.logicalAnd(tf.greater(x, 0), tf.greater(p, 1)), 'float32'),
  oneHot: ({ i }) => tf.oneHot(i.flatten(), 4),
  ones: ({ x }) => tf.add(x, tf.ones([x.shape[0], 1])),
  onesLike: ({ x }) => tf.onesLike(x),
  range: ({ x }) => tf.add(x, tf.range(0, x.shape[1]!)),
  replacedRows: ({ x, i }) =>
    replacedRows(x, tf.range(0, 2, 1, 'int32'), tf.cast(tf.slice(i, [0, 0], [2, -1]), 'float32')),
  rowsOf: ({ x }) => rowsOf(x, tf.tensor1d([1, 0], 'int32')),
  topk: ({ x }) => tf.topk(x, 2).values,
  zerosLike: ({ x }) => tf.zerosLike(x),
  zeros: ({ x }) => tf.add(x, tf.zeros([9, 8, 1, x.shape[1]!])),
};

function drawn(name: string, shape: readonly number[], map: (value: number) => number): HostTensor {
  const numbers = new Float32Array(shape.reduce((a, b) => a * b, 1));
  keyed(7, name, ...shape).fillNormal(numbers);
  return { shape, values: numbers.map(map) };
}

/** The result of a case and, if it has one, the gradient of a weighted sum of it with respect to x and p. */
export function asked(run: Case, gradient: boolean) {
  return (...given: readonly Tensor[]): readonly Tensor[] => {
    const [x, p, w, i] = given as [Tensor, Tensor, Tensor, Tensor];
    if (!gradient) return [run({ x, p, w, i })];
    const weighted = (a: Tensor, b: Tensor): tf.Scalar => {
      const result = run({ x: a, p: b, w, i });
      const weights = tf.add(1, tf.mul(0.1, tf.range(0, result.size).reshape(result.shape)));
      // Both inputs are used, whichever the case reads.
      return tf.addN<tf.Scalar>([tf.sum(tf.mul(result, weights)), tf.sum(a).mul(0.5), tf.sum(b).mul(0.25)]);
    };
    const [dx, dp] = tf.grads(weighted)([x, p]);
    return [run({ x, p, w, i }), dx!, dp!];
  };
}

/** The inputs of a case, the same for the same shape, and their types. */
export function givenInputs(n: number, m: number): { readonly values: HostTensor[]; readonly specs: InputSpec[] } {
  const values = [
    drawn('x', [n, m], (value) => value),
    drawn('p', [n, m], (value) => 0.1 + Math.abs(value)),
    drawn('w', [m, n], (value) => value),
    { shape: [n, m], values: Int32Array.from({ length: n * m }, (_, at) => (at * 7) % 4) },
  ];
  return { values, specs: values.map(({ shape }, at) => ({ shape, dtype: at === 3 ? 'int32' : 'float32' })) };
}
