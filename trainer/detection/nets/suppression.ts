/** Non-maximum suppression inside a graph, by TensorFlow's operation with a fixed number of rows. */
import * as tf from '@tensorflow/tfjs';
import type { Tensor } from '@tensorflow/tfjs';
import { dtype, flag, outputsOf } from '../../nn/ops/operation.ts';

/** Scores at or below it are of boxes that are not there. */
export const notThere = -1e30;

export interface Survivors {
  /** Places of the boxes that remain, highest score first, of equal ones the earlier first; int32 [most]. */
  readonly index: Tensor;
  /** 1 for the rows of `index` that are used, [most]. */
  readonly used: Tensor;
}

/** A box goes where one with a higher score overlaps it by more than `threshold`. @param boxes [k, 4] @param scores [k] */
export function suppressed(boxes: Tensor, scores: Tensor, threshold: number, most: number): Survivors {
  const attributes = [dtype('T', 'float32'), dtype('T_threshold', 'float32'), flag('pad_to_max_output_size', true)];
  const inputs = [boxes, scores, tf.scalar(most, 'int32'), tf.scalar(threshold), tf.scalar(notThere)];
  const [index, count] = outputsOf('NonMaxSuppressionV4', attributes, inputs, 2) as [Tensor, Tensor];
  return { index, used: tf.cast(tf.less(tf.range(0, most, 1, 'int32'), count), 'float32') };
}
