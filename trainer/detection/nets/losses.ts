/** Losses of detectors, as detectron2 defines them. */
import * as tf from '@tensorflow/tfjs';
import type { Scalar, Tensor } from '@tensorflow/tfjs';
import { perSampleCrossEntropy } from '../../nn/ops/cross-entropy.ts';

/** Sum over the places where `weight` is 1 of the binary cross-entropy of scores (logits) with truths, all of one shape. */
export function binaryCrossEntropySum(scores: Tensor, truths: Tensor, weight: Tensor): Scalar {
  const each = tf.add(tf.sub(tf.relu(scores), tf.mul(scores, truths)), tf.log1p(tf.exp(tf.neg(tf.abs(scores)))));
  return tf.sum(tf.mul(each, weight));
}

/** Sum of absolute differences over the boxes where `weight` [...] is 1: smooth L1 with a beta of 0. Both [..., 4]. */
export function absoluteSum(deltas: Tensor, wanted: Tensor, weight: Tensor): Scalar {
  const counted = tf.expandDims(weight, weight.rank);
  // What is not counted may be no number: the difference of a box without an area.
  const difference = tf.where(
    tf.greater(tf.broadcastTo(counted, deltas.shape), 0),
    tf.sub(deltas, wanted),
    tf.zerosLike(deltas),
  );
  return tf.sum(tf.abs(difference));
}

/** Mean cross-entropy over the rows where `weight` [k] is 1; 0 without any. @param scores [k, classes] @param labels int32 [k] */
export function weightedCrossEntropy(scores: Tensor, labels: Tensor, weight: Tensor): Scalar {
  const sum = tf.sum(tf.mul(perSampleCrossEntropy(scores, labels), weight));
  return tf.div(sum, tf.maximum(tf.sum(weight), 1));
}
