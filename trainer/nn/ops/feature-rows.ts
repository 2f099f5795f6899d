/** Tables of features as tensors, and the distances between their rows. */
import * as tf from '@tensorflow/tfjs';
import type { Tensor1D, Tensor2D } from '@tensorflow/tfjs';
import type { FeatureSet } from '../../recipe.ts';

/** Rows `from` up to, not including, `to`: [to - from, columns]. */
export function tensorOf({ values, columns }: FeatureSet, from: number, to: number): Tensor2D {
  return tf.tensor2d(values.subarray(from * columns, to * columns), [to - from, columns]);
}

/** Squares of the Euclidean distances of each of `rows` from each of `others`, [rows, others]; none below 0. */
export function squaredDistances(rows: Tensor2D, others: Tensor2D): Tensor2D {
  const lengths = (set: Tensor2D): Tensor1D => tf.sum(tf.square(set), 1);
  const products = tf.mul(tf.matMul(rows, others, false, true), 2);
  const sums = tf.add(tf.expandDims(lengths(rows), 1), lengths(others));
  return tf.maximum(tf.sub<Tensor2D>(sums, products), 0);
}
