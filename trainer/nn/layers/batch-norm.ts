/**
 * Batch normalisation by TensorFlow's fused operation and its fused gradient. tfjs's own is a chain of small operations
 * whose gradient took most of a training step.
 *
 * y = weight (x - mean) / sqrt(variance + eps) + bias, over all axes but the last. When training, mean and biased variance
 * are the batch's, and running = 0.9 running + 0.1 batch with the unbiased variance, as PyTorch does.
 */
import * as tf from '@tensorflow/tfjs';
import type { Tensor, Variable } from '@tensorflow/tfjs';
import type { Builder, StepContext, StepPeers, Net } from '../../recipe.ts';
import { normAttributes } from '../ops/fused-norm.ts';
import { number, outputsOf } from '../ops/operation.ts';
import { synchronisedNorm } from '../ops/synchronised-norm.ts';

/** Share of the way that running statistics go to those of a batch. */
export const runningMomentum = 0.1;

export interface BatchNorm extends Net {
  apply(x: Tensor, at: StepContext): Tensor;
}

export interface BatchNormOptions {
  /** The initial weight: 0 for the last one of a residual block. */
  readonly scale?: 'ones' | 'zeros';
  /** What is trained; of the others, the weight stays 1 and the bias 0. */
  readonly trained?: 'weight and bias' | 'weight' | 'nothing';
}

export function batchNorm(
  builder: Builder,
  channels: number,
  { scale = 'ones', trained = 'weight and bias' }: BatchNormOptions = {},
): BatchNorm {
  const weight = trained === 'nothing' ? null : builder.variable('weight', [channels], { kind: scale });
  const bias = trained === 'weight and bias' ? builder.variable('bias', [channels], { kind: 'zeros' }) : null;
  const runningMean = builder.variable('running_mean', [channels], { kind: 'zeros' }, false);
  const runningVariance = builder.variable('running_var', [channels], { kind: 'ones' }, false);

  function apply(x: Tensor, at: StepContext): Tensor {
    if (x.rank === 4) return normalise(x, at);
    const [rows, columns] = x.shape as [number, number];
    return normalise(x.reshape([rows, 1, 1, columns]), at).reshape([rows, columns]);
  }

  function normalise(images: Tensor, at: StepContext): Tensor {
    at.beforeNorm?.(images, runningMean, runningVariance);
    if (at.training && at.peers !== null) return synchronised(images, at, at.peers);
    const common = normAttributes(at.training);
    return tf.customGrad((...given) => {
      const [x, w, b] = given.slice(0, 3) as Tensor[];
      const save = given[3] as unknown as tf.GradSaveFunc;
      const running = [at.current(runningMean), at.current(runningVariance)];
      const factor = number('exponential_avg_factor', runningMomentum);
      const outputs = outputsOf('FusedBatchNormV3', [...common, factor], [x!, w!, b!, ...running], 6);
      // The first statistics are the updated running ones (with the unbiased variance), the reserved ones the batch's.
      const [value, mean, variance, ...reserved] = outputs as [Tensor, Tensor, Tensor, Tensor, Tensor, Tensor];
      if (at.training) {
        at.update(runningMean, () => mean);
        at.update(runningVariance, () => variance);
      }
      const used = at.training ? reserved : [runningMean, runningVariance, reserved[2]];
      save([x!, w!, ...used]);
      return {
        value,
        gradFunc: (dy: Tensor, [savedX, savedW, ...saved]: Tensor[]) => {
          const inputs = [dy, savedX!, savedW!, ...saved];
          return outputsOf('FusedBatchNormGradV3', common, inputs, 5).slice(0, 3);
        },
      };
    })(images, weight ?? tf.ones([channels]), bias ?? tf.zeros([channels]));
  }

  function synchronised(images: Tensor, at: StepContext, peers: StepPeers): Tensor {
    const follow = (running: Variable, found: Tensor) =>
      at.update(running, (current) => tf.add(tf.mul(current, 1 - runningMomentum), tf.mul(found, runningMomentum)));
    return tf.customGrad((...given) => {
      const [x, w, b] = given.slice(0, 3) as [Tensor, Tensor, Tensor];
      const save = given[3] as unknown as tf.GradSaveFunc;
      const { value, mean, variance, count, kept, gradient } = synchronisedNorm(x, w, b, peers);
      follow(runningMean, mean);
      follow(runningVariance, tf.mul(variance, count / (count - 1)));
      save(kept);
      return { value, gradFunc: gradient };
    })(images, weight ?? tf.ones([channels]), bias ?? tf.zeros([channels]));
  }

  const weights = [weight, bias].filter((variable) => variable !== null);
  return { weights, state: [runningMean, runningVariance], apply };
}
