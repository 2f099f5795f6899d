/** Gradients that are not finite though the loss is, as of a root at 0: the weights would follow them and only a save would tell. */
import * as tf from '@tensorflow/tfjs';
import type { Tensor } from '@tensorflow/tfjs';

/** The sum of each gradient, [gradients]: finite only where all values of the gradient are. */
export const gradientSums = (gradients: readonly Tensor[]): Tensor =>
  tf.stack(gradients.map((gradient) => tf.sum(gradient)));

/**
 * Names of the weights whose gradient is not finite, by those sums in the order of the weights. The last layer is named
 * first: from where it arises, it spreads to all layers before.
 */
export function notFiniteAmong(
  weights: readonly { readonly name: string }[],
  sums: ArrayLike<number>,
): readonly string[] {
  return weights.flatMap(({ name }, place) => (Number.isFinite(sums[place]) ? [] : [name])).reverse();
}
