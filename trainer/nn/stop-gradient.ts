/** The value of a tensor, as if it did not depend on anything. */
import * as tf from '@tensorflow/tfjs';
import type { Tensor } from '@tensorflow/tfjs';

export function stopGradient(x: Tensor): Tensor {
  return tf.customGrad((given) => ({
    value: tf.clone(given as Tensor),
    gradFunc: (dy: Tensor) => tf.zerosLike(dy),
  }))(x);
}
