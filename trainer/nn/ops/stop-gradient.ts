/** The value of a tensor, as if it did not depend on anything. */
import * as tf from '@tensorflow/tfjs';
import type { Tensor } from '@tensorflow/tfjs';

export function stopGradient(x: Tensor): Tensor {
  return constant(tf.clone, x);
}

/** As `stopGradient` of what `compute` makes of `x`, but none of its steps is kept for a gradient either. */
export function constant(compute: (x: Tensor) => Tensor, x: Tensor): Tensor {
  return tf.customGrad((given) => ({
    value: compute(given as Tensor),
    gradFunc: () => tf.zeros(x.shape),
  }))(x);
}
