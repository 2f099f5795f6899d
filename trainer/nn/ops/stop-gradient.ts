/** The value of a tensor as a constant: no gradient flows through it. */
import * as tf from '@tensorflow/tfjs';
import type { Tensor } from '@tensorflow/tfjs';

export function stopGradient(x: Tensor): Tensor {
  return constant(tf.clone, x);
}

/** `stopGradient(compute(x))`, without keeping intermediate results for a gradient. */
export function constant(compute: (x: Tensor) => Tensor, x: Tensor): Tensor {
  return tf.customGrad((given) => ({
    value: compute(given as Tensor),
    gradFunc: () => tf.zeros(x.shape),
  }))(x);
}
