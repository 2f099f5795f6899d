/** Embeddings of past steps, kept as rows of one variable. */
import * as tf from '@tensorflow/tfjs';
import type { Tensor } from '@tensorflow/tfjs';

/** Adds the newest rows at the front and drops the oldest. */
export function enqueued(rows: Tensor, queue: Tensor): Tensor {
  const [size, columns] = queue.shape as [number, number];
  return tf.slice(tf.concat([rows, queue]), [0, 0], [size, columns]);
}
