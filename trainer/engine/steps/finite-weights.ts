/**
 * Weights that a step would make anything but finite though its loss is finite: because of a gradient that is not finite, as
 * of a root at 0, or of too large a step. Only a save would tell otherwise, many steps later.
 *
 * The new weights are looked at and not the gradients. Whatever is not finite in a gradient is in them, too, as every
 * rule is made of sums and products; and TensorFlow sums a gradient with a weight decay in one operation only where
 * nothing else reads the gradient, so that a look at it would change the last bits.
 */
import * as tf from '@tensorflow/tfjs';
import type { Tensor } from '@tensorflow/tfjs';

/** The sum of each weight, [weights]: finite only where all of its values are. */
export const weightSums = (weights: readonly Tensor[]): Tensor => tf.stack(weights.map((weight) => tf.sum(weight)));

/**
 * Names of the weights that are not finite, by those sums. The last layer is named first: from where it arises, it
 * spreads to all layers before.
 */
export function notFiniteAmong(
  weights: readonly { readonly name: string }[],
  sums: ArrayLike<number>,
): readonly string[] {
  return weights.flatMap(({ name }, place) => (Number.isFinite(sums[place]) ? [] : [name])).reverse();
}
