/** max(x, 0), with TensorFlow's own gradient: tfjs's computes and casts a mask, then multiplies by it. */
import * as tf from '@tensorflow/tfjs';
import type { Tensor } from '@tensorflow/tfjs';
import { dtype, outputOf } from './operation.ts';

const attributes = [dtype('T', 'float32')];

export function relu(x: Tensor): Tensor {
  return tf.customGrad((input, save) => {
    const value = outputOf('Relu', attributes, [input as Tensor]);
    (save as tf.GradSaveFunc)([value]);
    return { value, gradFunc: (dy: Tensor, [y]: Tensor[]) => outputOf('ReluGrad', attributes, [dy, y!]) };
  })(x);
}
