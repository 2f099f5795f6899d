/** Embeddings as unit vectors: only their direction counts. */
import * as tf from '@tensorflow/tfjs';
import type { Scalar, Tensor } from '@tensorflow/tfjs';

/** PyTorch's default in F.normalize. */
const epsilon = 1e-12;

/** Rows scaled to length 1; a row of zeros stays zeros. x: [n, d]. */
export function unitRows<T extends Tensor>(x: T): T {
  // Under the root, so that the gradient of a row of zeros is finite.
  return tf.div(x, tf.sqrt(tf.maximum(tf.sum(tf.square(x), 1, true), epsilon ** 2)));
}

/** Mean cosine of the rows of two batches, one by one. */
export function similarity(x: Tensor, y: Tensor): Scalar {
  return tf.mean(tf.sum(tf.mul(unitRows(x), unitRows(y)), 1));
}

/**
 * Standard deviation of each dimension of the normalised rows, times the square root of d: 1 if they are spread evenly,
 * 0 if all point the same way. Returns the mean over both branches and all dimensions, and the minimum.
 */
export function directionSpread(...branches: readonly Tensor[]): { embeddingStd: Scalar; embeddingStdMin: Tensor } {
  const deviations = tf.stack(
    branches.map((z) => {
      const unit = unitRows(z);
      const centred = tf.sub(unit, tf.mean(unit, 0));
      return tf.mul(tf.sqrt(tf.mean(tf.square(centred), 0)), Math.sqrt(z.shape[1]!));
    }),
  );
  return { embeddingStd: tf.mean(deviations), embeddingStdMin: tf.min(deviations) };
}
