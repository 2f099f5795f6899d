/**
 * Batch normalisation whose statistics are those of several devices' parts of a batch, all of one size.
 *
 * y = weight (x - mean) / sqrt(variance + eps) + bias, over all axes but the last. The variance is put together from those of the parts
 * (Chan, Golub and LeVeque, 1979), which a sum of squares would lose the digits of.
 */
import * as tf from '@tensorflow/tfjs';
import type { Tensor } from '@tensorflow/tfjs';
import type { StepPeers } from '../../recipe.ts';
import { epsilon, normAttributes } from './fused-norm.ts';
import { outputsOf } from './operation.ts';

export interface SynchronisedNorm {
  readonly value: Tensor;
  /** [channels] */
  readonly mean: Tensor;
  /** [channels], biased. */
  readonly variance: Tensor;
  /** Of values that each channel's statistics are of. */
  readonly count: number;
  /** What the gradient is computed from. */
  readonly kept: Tensor[];
  /** @returns gradients with respect to x, weight and bias: of the two latter this device's part */
  gradient(dy: Tensor, kept: Tensor[]): Tensor[];
}

/** @param x [n, height, width, channels] @param weight [channels] @param bias [channels] */
export function synchronisedNorm(x: Tensor, weight: Tensor, bias: Tensor, peers: StepPeers): SynchronisedNorm {
  const channels = x.shape.at(-1)!;
  const count = peers.count * (x.size / channels);
  const ownMean = tf.mean(x, [0, 1, 2]);
  const ownVariance = tf.mean(tf.squaredDifference(x, ownMean), [0, 1, 2]);
  /** Two values a channel of each device, [devices, channels] each. */
  const gathered = (first: Tensor, second: Tensor) =>
    tf.split(peers.gathered(tf.concat([first, second]).reshape([1, 2 * channels])), 2, 1) as [Tensor, Tensor];
  const [means, variances] = gathered(ownMean, ownVariance);
  const mean = tf.mean(means, 0);
  const variance = tf.mean(tf.add(variances, tf.squaredDifference(means, mean)), 0);
  const attributes = normAttributes(false);
  const given = [x, weight, bias, mean, variance];
  const [value, , , , , reserved] = outputsOf('FusedBatchNormV3', attributes, given, 6) as Tensor[];
  return {
    value: value!,
    mean,
    variance,
    count,
    kept: [x, weight, mean, variance, reserved!],
    gradient(dy, kept) {
      const [savedX, savedWeight, savedMean, savedVariance] = kept as [Tensor, Tensor, Tensor, Tensor, Tensor];
      // As if the statistics were constants; what they add is a multiple of x and a shift, a channel each.
      const [plain, ofWeight, ofBias] = outputsOf('FusedBatchNormGradV3', attributes, [dy, ...kept], 5) as [
        Tensor,
        Tensor,
        Tensor,
      ];
      const [dyTotal, dyNormalised] = gathered(ofBias, ofWeight).map((parts) => tf.sum(parts, 0)) as [Tensor, Tensor];
      const inverse = tf.rsqrt(tf.add(savedVariance, epsilon));
      const scale = tf.div(tf.mul(savedWeight, inverse), count);
      const slope = tf.mul(tf.mul(scale, inverse), dyNormalised);
      const shift = tf.sub(tf.mul(scale, dyTotal), tf.mul(savedMean, slope));
      return [tf.sub(plain, tf.add(tf.mul(savedX, slope), shift)), ofWeight, ofBias];
    },
  };
}
