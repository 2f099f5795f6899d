/** Cross-entropy of class scores by TensorFlow's fused operation, which computes its gradient together with the value. */
import * as tf from '@tensorflow/tfjs';
import type { Scalar, Tensor } from '@tensorflow/tfjs';
import { dtype, outputsOf } from './operation.ts';

/** scores: [n, classes]; labels: int32 [n]; result: [n]. */
export function perSampleCrossEntropy(scores: Tensor, labels: Tensor): Tensor {
  return tf.customGrad((given, save) => {
    const attributes = [dtype('T', 'float32'), dtype('Tlabels', 'int32')];
    const [value, gradient] = outputsOf(
      'SparseSoftmaxCrossEntropyWithLogits',
      attributes,
      [given as Tensor, labels],
      2,
    ) as [Tensor, Tensor];
    (save as tf.GradSaveFunc)([gradient]);
    return { value, gradFunc: (dy: Tensor, [saved]: Tensor[]) => tf.mul(dy.expandDims(1), saved!) };
  })(scores);
}

/** Mean over the batch. scores: [n, classes]; labels: int32 [n]. */
export function crossEntropy(scores: Tensor, labels: Tensor): Scalar {
  return tf.mean(perSampleCrossEntropy(scores, labels));
}

/** Percentage of the batch whose highest score is the label's. */
export function accuracy(scores: Tensor, labels: Tensor): Scalar {
  return tf.mul(tf.mean(tf.cast(tf.equal(tf.argMax(scores, 1), labels), 'float32')), 100);
}
