/** Soft assignments that use every prototype equally, by Sinkhorn and Knopp's algorithm. */
import * as tf from '@tensorflow/tfjs';
import type { Tensor } from '@tensorflow/tfjs';

export interface SinkhornOptions {
  /** Smaller values bring each row of the result closer to one-hot. */
  readonly epsilon: number;
  readonly iterations: number;
}

/**
 * exp(scores / epsilon), whose columns and then rows are normalised to equal sums, `iterations` times; rows end with sum 1.
 * scores: [samples, prototypes].
 */
export function balanced(scores: Tensor, { epsilon, iterations }: SinkhornOptions): Tensor {
  // In logarithms: with a small epsilon the exponentials overflow float32.
  let logarithms: Tensor = tf.div(scores, epsilon);
  for (let iteration = 0; iteration < iterations; iteration++) {
    for (const axis of [0, 1]) logarithms = tf.sub(logarithms, tf.logSumExp(logarithms, axis, true));
  }
  return tf.exp(logarithms);
}
