/** Rows in a random order, by TensorFlow's own operations: tfjs's sort and gather read numbers on the host. */
import * as tf from '@tensorflow/tfjs';
import type { Tensor } from '@tensorflow/tfjs';
import { replacedRows, rowsOf } from './gather-rows.ts';
import { dtype, flag, outputsOf } from './operation.ts';

/** The numbers of the rows in the order of their draws: int32 [n]. uniform: [n]; of equal draws the earlier comes first. */
export function shuffledRows(uniform: Tensor): Tensor {
  const attributes = [flag('sorted', true), dtype('T', 'float32'), dtype('Tk', 'int32'), dtype('index_type', 'int32')];
  const [, order] = outputsOf('TopKV2', attributes, [uniform, tf.scalar(uniform.shape[0], 'int32')], 2);
  return order!;
}

/** The rows of x, [n, d], in this order, int32 [n], which names each once. */
export function inThisOrder(x: Tensor, order: Tensor): Tensor {
  return tf.customGrad((given, save) => {
    (save as tf.GradSaveFunc)([order]);
    return {
      value: rowsOf(given as Tensor, order),
      gradFunc: (dy: Tensor, [saved]: Tensor[]) => replacedRows(tf.zerosLike(dy), saved!, dy),
    };
  })(x);
}
