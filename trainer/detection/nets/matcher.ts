/** Which object a box stands for (detectron2's Matcher). */
import * as tf from '@tensorflow/tfjs';
import type { Tensor } from '@tensorflow/tfjs';

export interface Matching {
  /** Place of the object that overlaps most, int32 [n, a]; of equal ones the first. */
  readonly object: Tensor;
  /** 1 where a box stands for that object, 1 where it stands for none; both 0 in between. [n, a] */
  readonly positive: Tensor;
  readonly negative: Tensor;
}

export interface MatchThresholds {
  /** Below: no object. */
  readonly low: number;
  /** From here on: the object. */
  readonly high: number;
  /** The boxes that overlap an object most stand for one too, however little that is. */
  readonly bestOfEachObject: boolean;
}

/**
 * @param overlap [n, a, g], intersection over union of each box with each object
 * @param present 1 for the objects that are there, [n, g]: the others fill the table up
 */
export function matched(overlap: Tensor, present: Tensor, thresholds: MatchThresholds): Matching {
  const { low, high, bestOfEachObject } = thresholds;
  const there = tf.expandDims(present, 1);
  // Objects that are not there overlap less than nothing, so that the first real one is taken where nothing overlaps.
  const real = tf.sub(tf.mul(tf.add(overlap, 1), there), 1);
  const most = tf.maximum(tf.max(real, 2), 0);
  const reached = tf.greaterEqual(most, high);
  const positive = bestOfEachObject ? tf.logicalOr(reached, isBest(real, there)) : reached;
  const negative = tf.logicalAnd(tf.less(most, low), tf.logicalNot(positive));
  return {
    object: tf.argMax(real, 2),
    positive: tf.cast(positive, 'float32'),
    negative: tf.cast(negative, 'float32'),
  };
}

/** Where a box overlaps some object as much as any box does, and overlaps it at all. [n, a] */
function isBest(overlap: Tensor, there: Tensor): Tensor {
  const best = tf.max(overlap, 1, true);
  const equal = tf.logicalAnd(tf.equal(overlap, best), tf.greater(tf.mul(overlap, there), 0));
  return tf.any(equal, 2);
}
