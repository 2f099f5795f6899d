/**
 * The same value, whose gradient goes on in the precision of networks. What computes in float32 inside of a network (a norm, a
 * softmax) gives gradients in float32, and the matrix products before it would take after them.
 */
import * as tf from '@tensorflow/tfjs';
import type { Tensor } from '@tensorflow/tfjs';
import { dtype, outputOf } from './operation.ts';

export function lowGradient(x: Tensor): Tensor {
  return tf.customGrad((given) => ({
    value: tf.clone(given as Tensor),
    // An identity that nothing else uses: in a low precision `engine/autocast.ts` takes it for a cast.
    gradFunc: (dy: Tensor) => outputOf('StopGradient', [dtype('T', 'float32')], [dy]),
  }))(x);
}
