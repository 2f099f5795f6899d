/**
 * VICReg, Bardes, Ponce and LeCun, ICLR 2022, section 4.1; the loss as main_vicreg.py computes it.
 *
 *     z, z': [n, d], embeddings of two views;  zc: z minus its column means
 *     invariance   = mean over n and d of (z - z')^2
 *     variance     = v(z)/2 + v(z')/2,   v(z) = mean_j max(0, gamma - sqrt(Var_j + eps)),  Var unbiased
 *     covariance   = c(z) + c(z'),       c(z) = sum_{i != j} C_ij^2 / d,  C = zc^T zc / (batch - 1)
 *     loss         = 25 invariance + 25 variance + 1 covariance
 *
 * Reaches 73.2 % linear top-1 on ImageNet after 1000 epochs at batch 2048, about 110 h on 32 V100.
 */
import * as tf from '@tensorflow/tfjs';
import type { Scalar, Tensor } from '@tensorflow/tfjs';
import * as v from 'valibot';
import { expandedBranches } from '../nn/expanded-branches.ts';
import { relu } from '../nn/relu.ts';
import { effectiveRank } from '../nn/spectrum.ts';
import { defineMethod } from '../recipe.ts';

const weight = v.pipe(v.number(), v.minValue(0));
const width = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(65536));

const options = v.object({
  invariance: v.optional(weight, 25),
  variance: v.optional(weight, 25),
  covariance: v.optional(weight, 1),
  /** The standard deviation that the variance term asks for. */
  gamma: v.optional(weight, 1),
  eps: v.optional(v.pipe(v.number(), v.minValue(0)), 1e-4),
  /** The official code halves the sum of the two variance terms; Algorithm 1 of the paper does not. */
  varianceSum: v.optional(v.picklist(['official-code', 'paper-algorithm-1']), 'official-code'),
  expander: v.optional(v.pipe(v.array(width), v.minLength(1)), [8192, 8192, 8192]),
});
type Options = v.InferOutput<typeof options>;

/** One branch's embeddings, seen alone. */
interface Spread {
  /** v(z). */
  readonly variance: Scalar;
  /** c(z). */
  readonly covariance: Scalar;
  /** Plain standard deviation of each dimension, [d]. */
  readonly deviations: Tensor;
  /** Root mean square of the covariances off the diagonal. */
  readonly offDiagonal: Scalar;
}

/** In float32 whatever the rest is computed in: a Gram matrix of half floats overflows. */
function spread(z: Tensor, batch: number, { gamma, eps }: Options): Spread {
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

const average = (a: Tensor, b: Tensor): Scalar => tf.mul(tf.add(a, b), 0.5);

/** The loss of two batches of embeddings. `batch` is the configured size: a short last batch is divided by it all the same. */
export function vicregLoss(x: Tensor, y: Tensor, batch: number, given: Options) {
  const [ofX, ofY] = [spread(x, batch, given), spread(y, batch, given)];
  const invariance = tf.mean<Scalar>(tf.square(tf.sub(x, y)));
  const sum = tf.add<Scalar>(ofX.variance, ofY.variance);
  const variance = given.varianceSum === 'official-code' ? tf.mul<Scalar>(sum, 0.5) : sum;
  const covariance = tf.add<Scalar>(ofX.covariance, ofY.covariance);
  const loss = tf.addN<Scalar>([
    tf.mul(invariance, given.invariance),
    tf.mul(variance, given.variance),
    tf.mul(covariance, given.covariance),
  ]);
  return {
    loss,
    metrics: {
      invariance,
      variance,
      covariance,
      embeddingStd: average(tf.mean(ofX.deviations), tf.mean(ofY.deviations)),
      embeddingStdMin: tf.minimum(tf.min(ofX.deviations), tf.min(ofY.deviations)),
      offDiagonalCovariance: average(ofX.offDiagonal, ofY.offDiagonal),
    },
  };
}

export const method = defineMethod({
  id: 'vicreg',
  title: 'VICReg',
  paper: { id: 'vicreg', section: '4.1' },
  options,
  views: 2,
  labels: false,
  build: (branches, given, builder, { batch }) => ({
    ...expandedBranches(branches, builder, given.expander),
    loss: ({ x, y }) => vicregLoss(x!, y!, batch, given),
    monitor: ({ x }) => ({ effectiveRank: effectiveRank(x!) }),
  }),
});
