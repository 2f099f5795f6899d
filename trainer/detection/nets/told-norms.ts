/** What batch norms would learn of a batch, told in place of learned. */
import * as tf from '@tensorflow/tfjs';
import type { Tensor, Variable } from '@tensorflow/tfjs';
import { runningMomentum } from '../../nn/layers/batch-norm.ts';
import type { StepContext } from '../../recipe.ts';

/**
 * A step in training that changes nothing.
 * @param tell told of each running statistic what it is in the batch, a kept tensor: mean or unbiased variance, [channels]
 */
export function whereNormsTell(at: StepContext, tell: (statistic: Variable, ofBatch: Tensor) => void): StepContext {
  return {
    ...at,
    training: true,
    // From running statistics of 0 a step goes its share of the way to those of the batch.
    current: (statistic) => tf.zeros(statistic.shape),
    // Batch norm says it inside an operation of its own, whose tensors end with it.
    update: (statistic, next) => tell(statistic, tf.keep(tf.div(next(tf.zeros(statistic.shape)), runningMomentum))),
  };
}
