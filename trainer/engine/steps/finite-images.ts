/** Images that are not finite, which a loss may not show: a rectifier hides them, and the gradients of the first weights do not. */
import * as tf from '@tensorflow/tfjs';
import type { Tensor } from '@tensorflow/tfjs';

/** `value` if all images are finite, else no number in its place. Pictures of 8 bits always are, and need not be given. */
export function whereImagesAreFinite(views: readonly Tensor[], value: Tensor): Tensor {
  if (views.length === 0) return value;
  const sum = tf.addN(views.map((view) => tf.sum(view)));
  return tf.where(tf.isFinite(sum), value, tf.fill(value.shape, Number.NaN));
}
