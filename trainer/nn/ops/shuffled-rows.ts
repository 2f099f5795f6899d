/** A random order of rows, sorted by TensorFlow's own operation: tfjs's sort reads the numbers on the host. */
import * as tf from '@tensorflow/tfjs';
import type { Tensor } from '@tensorflow/tfjs';
import { dtype, flag, outputsOf } from './operation.ts';

/** The numbers of the rows in the order of their draws: int32 [n]. uniform: [n]; of equal draws the earlier comes first. */
export function shuffledRows(uniform: Tensor): Tensor {
  const attributes = [flag('sorted', true), dtype('T', 'float32'), dtype('Tk', 'int32'), dtype('index_type', 'int32')];
  const [, order] = outputsOf('TopKV2', attributes, [uniform, tf.scalar(uniform.shape[0], 'int32')], 2);
  return order!;
}
