/**
 * Returns the same value, with its gradient in the network's precision. Operations that compute in float32 inside a
 * network (a norm, a softmax) have gradients in float32, and the matrix products before them would then run in float32
 * too.
 */
import * as tf from '@tensorflow/tfjs';
import type { Tensor } from '@tensorflow/tfjs';
import { dtype, outputOf } from './operation.ts';

export function lowGradient(x: Tensor): Tensor {
  return tf.customGrad((given) => ({
    value: tf.clone(given as Tensor),
    // An identity not used elsewhere: in a low precision, `engine/graph/autocast.ts` turns it into a cast.
    gradFunc: (dy: Tensor) => outputOf('StopGradient', [dtype('T', 'float32')], [dy]),
  }))(x);
}
