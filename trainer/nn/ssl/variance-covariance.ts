/** VICReg's two regularisers, for VICReg itself and for any other method (VICReg, Table 4). */
import * as tf from '@tensorflow/tfjs';
import type { Scalar, Tensor } from '@tensorflow/tfjs';
import * as v from 'valibot';
import { relu } from '../ops/relu.ts';

/** Statistics of one branch's embeddings. */
export interface Spread {
  /** v(z) = mean_j max(0, gamma - sqrt(Var_j + eps)), Var unbiased. */
  readonly variance: Scalar;
  /** c(z) = sum_{i != j} C_ij^2 / d, C = zc^T zc / (batch - 1), zc: z minus its column means. */
  readonly covariance: Scalar;
  /** Plain standard deviation of each dimension, [d]. */
  readonly deviations: Tensor;
  /** Root mean square of the covariances off the diagonal. */
  readonly offDiagonal: Scalar;
}

/** z: [n, d]; `batch` is the configured size. Always in float32, because a Gram matrix of half floats overflows. */
export function spreadOf(
  z: Tensor,
  batch: number,
  { gamma, eps }: { readonly gamma: number; readonly eps: number },
): Spread {
  const [rows, columns] = z.shape as [number, number];
  const centred = tf.sub(z, tf.mean(z, 0));
  const squares = tf.sum(tf.square(centred), 0);
  const variances = tf.div(squares, rows - 1);
  const variance = tf.mean<Scalar>(relu(tf.sub(gamma, tf.sqrt(tf.add(variances, eps)))));
  // The squares of zc^T zc, [d, d], sum up to those of zc zc^T, [n, n]: whichever is smaller is computed.
  const wide = columns > rows;
  const products = tf.div(tf.matMul(centred, centred, !wide, wide), batch - 1);
  const diagonal = tf.div(squares, batch - 1);
  const off = tf.sub(tf.sum(tf.square(products)), tf.sum(tf.square(diagonal)));
  const pairs = Math.max(columns * (columns - 1), 1);
  return {
    variance,
    covariance: tf.div(off, columns),
    deviations: tf.sqrt(variances),
    // Rounding can leave a difference of equal sums just below 0.
    offDiagonal: tf.sqrt(tf.div(tf.maximum(off, 0), pairs)),
  };
}

const coefficient = v.optional(v.pipe(v.number(), v.minValue(0)), 0);

/**
 * Options for methods that can add the regularisers to the projector's output; the paper uses 1 and 0.01 for BYOL and
 * SimSiam.
 */
export const regularizerOptions = { variance: coefficient, covariance: coefficient };

export interface Regularizers {
  readonly variance: number;
  readonly covariance: number;
}

export interface Outcome {
  readonly loss: Scalar;
  readonly metrics: Readonly<Record<string, Tensor>>;
}

/** The loss with variance (v(x) + v(y)) / 2 and covariance c(x) + c(y) added, and both among the metrics; unchanged where both weights are 0. */
export function regularized(
  { loss, metrics }: Outcome,
  [x, y]: readonly [Tensor, Tensor],
  batch: number,
  weights: Regularizers,
): Outcome {
  if (weights.variance === 0 && weights.covariance === 0) return { loss, metrics };
  // gamma and eps of VICReg.
  const [ofX, ofY] = [x, y].map((z) => spreadOf(z, batch, { gamma: 1, eps: 1e-4 })) as [Spread, Spread];
  const variance = tf.mul<Scalar>(tf.add(ofX.variance, ofY.variance), 0.5);
  const covariance = tf.add<Scalar>(ofX.covariance, ofY.covariance);
  return {
    loss: tf.addN<Scalar>([loss, tf.mul(variance, weights.variance), tf.mul(covariance, weights.covariance)]),
    metrics: { ...metrics, variance, covariance },
  };
}
