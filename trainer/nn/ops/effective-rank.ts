/** Number of directions that a batch of embeddings uses, from its singular values. */
import * as tf from '@tensorflow/tfjs';
import type { Scalar, Tensor, Tensor1D } from '@tensorflow/tfjs';
import { dtype, flag, outputsOf } from './operation.ts';

/** Keeps the logarithm finite, as in the paper. */
const epsilon = 1e-7;

/** Singular values of a matrix, the largest first. */
export function singularValues(matrix: Tensor): Tensor1D {
  const attributes = [dtype('T', 'float32'), flag('compute_uv', false), flag('full_matrices', false)];
  return outputsOf('Svd', attributes, [matrix], 3)[0]! as Tensor1D;
}

/**
 * Effective rank, RankMe (Garrido et al., ICML 2023): exp of the entropy of the singular values as fractions of their sum.
 * 1 when all rows lie on a line, at most min(n, d). embeddings: [n, d].
 */
export function effectiveRank(embeddings: Tensor): Scalar {
  return tf.tidy(() => {
    const singular = singularValues(embeddings);
    const shares = tf.add(tf.div(singular, tf.add(tf.sum(singular), epsilon)), epsilon);
    return tf.exp(tf.neg(tf.sum(tf.mul(shares, tf.log(shares)))));
  });
}
