/** Clips gradients to a norm that they have together. */
import * as tf from '@tensorflow/tfjs';
import type { Tensor } from '@tensorflow/tfjs';
import type { StepPosition } from '../engine.ts';

/** The gradients, scaled so that their L2 norm, over all of them together, is `limit` where it was above. */
export function clippedTogether(gradients: readonly Tensor[], limit: Tensor): readonly Tensor[] {
  const norm = tf.sqrt(tf.addN(gradients.map((gradient) => tf.sum(tf.square(gradient)))));
  const factor = tf.where(tf.greater(norm, limit), tf.div(limit, norm), tf.onesLike(norm));
  return gradients.map((gradient) => tf.mul(gradient, factor));
}

/** The norm to which a step clips, or null. @throws if the stepper was made without clipping */
export function limitOf({ clipNorm }: StepPosition, clips: boolean): number | null {
  if (clipNorm === undefined) return null;
  if (clips) return clipNorm;
  throw new Error(`A step is to clip gradients to a norm of ${clipNorm}, but its stepper was made without clipping.`);
}
