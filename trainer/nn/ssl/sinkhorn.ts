/** Soft assignments that use every prototype alike, by Sinkhorn and Knopp's algorithm. */
import * as tf from '@tensorflow/tfjs';
import type { Tensor } from '@tensorflow/tfjs';

export interface SinkhornOptions {
  /** The smaller, the nearer each row of the result is to a single 1. */
  readonly epsilon: number;
  readonly iterations: number;
}

/**
 * exp(scores / epsilon), whose columns and then rows are brought to equal sums, `iterations` times; rows end with sum 1.
 * scores: [samples, prototypes].
 */
export function balanced(scores: Tensor, { epsilon, iterations }: SinkhornOptions): Tensor {
  // In logarithms: of a small epsilon the exponentials leave float32.
  let logarithms: Tensor = tf.div(scores, epsilon);
  for (let iteration = 0; iteration < iterations; iteration++) {
    for (const axis of [0, 1]) logarithms = tf.sub(logarithms, tf.logSumExp(logarithms, axis, true));
  }
  return tf.exp(logarithms);
}
