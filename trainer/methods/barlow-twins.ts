/**
 * Barlow Twins, Zbontar, Jing, Misra, LeCun and Deny, ICML 2021, section 2.1.
 *
 *     z, z': [n, d], embeddings of two views, each dimension standardised to mean 0 and variance 1 over the batch
 *            (batch norm without weight and bias)
 *     C    = z^T z' / batch
 *     loss = scale (sum_i (1 - C_ii)^2 + lambda sum_{i != j} C_ij^2)
 *
 * The official code (facebookresearch/barlowtwins) sums C over W processes by an all-reduce without gradient, and
 * DistributedDataParallel takes the mean of the processes' gradients: 1 / W of the gradient of this loss is left, as two
 * processes show (golden/barlow-twins.py). LARS sees that in its weight decay and in the biases and batch norms that it does
 * not normalise. On one device it is `scale` 1 / W. solo-learn's is the same on several devices, and each standardises its own
 * rows (`standardizedRows`).
 *
 * Reaches 73.2 % linear top-1 on ImageNet after 1000 epochs at batch 2048 (VICReg's Table 1), about 120 h on 32 V100.
 */
import * as tf from '@tensorflow/tfjs';
import type { Scalar, Tensor } from '@tensorflow/tfjs';
import * as v from 'valibot';
import { FaultError } from '../durable/fault-error.ts';
import { directionSpread } from '../nn/ops/unit-rows.ts';
import { expandedBranches } from '../nn/ssl/expanded-branches.ts';
import { count, weight, widths } from '../nn/ssl/option-schemas.ts';
import { effectiveRank } from '../nn/ops/effective-rank.ts';
import { regularized, regularizerOptions } from '../nn/ssl/variance-covariance.ts';
import { defineMethod, type MethodData } from '../recipe.ts';

const options = v.object({
  /** Weight of the correlations between different dimensions. */
  lambda: v.optional(weight, 0.0051),
  /** Factor of the whole loss; it matters with weight decay and with optimizers that do not normalise gradients. */
  scale: v.optional(weight, 1),
  /** Rows that are standardised together, a divisor of the batch; 0: all. */
  standardizedRows: v.optional(count, 0),
  expander: v.optional(widths, [8192, 8192, 8192]),
  ...regularizerOptions,
});
type Options = v.InferOutput<typeof options>;

/** PyTorch's default for the batch norm that standardises the embeddings. */
const epsilon = 1e-5;

/** Standardises every dimension to mean 0 and variance 1, with the biased variance, as in batch norm; in groups of rows, 0: all. */
function standardised(z: Tensor, rows: number): Tensor {
  if (rows !== 0) {
    const [count, columns] = z.shape as [number, number];
    const groups = z.reshape([count / rows, rows, columns]);
    return standardisedOver(groups, 1).reshape([count, columns]);
  }
  return standardisedOver(z, 0);
}

function standardisedOver(z: Tensor, axis: number): Tensor {
  const centred = tf.sub(z, tf.mean(z, axis, true));
  const variance = tf.mean(tf.square(centred), axis, true);
  return tf.div(centred, tf.sqrt(tf.add(variance, epsilon)));
}

/** The loss of two batches of embeddings. `batch` is the configured size: a short last batch is divided by it too. */
export function barlowTwinsLoss(
  x: Tensor,
  y: Tensor,
  batch: number,
  { lambda, scale, standardizedRows }: Pick<Options, 'lambda' | 'scale' | 'standardizedRows'>,
) {
  const [rows, columns] = x.shape as [number, number];
  const [a, b] = [standardised(x, standardizedRows), standardised(y, standardizedRows)];
  const diagonal = tf.div(tf.sum(tf.mul(a, b), 0), batch);
  // The squares of a^T b, [d, d], sum up to a a^T times b b^T, [n, n], element by element: whichever is smaller is computed.
  const all =
    columns > rows
      ? tf.sum(tf.mul(tf.matMul(a, a, false, true), tf.matMul(b, b, false, true)))
      : tf.sum(tf.square(tf.matMul(a, b, true)));
  const invariance = tf.sum<Scalar>(tf.square(tf.sub(1, diagonal)));
  const redundancy = tf.sub<Scalar>(tf.div(all, batch ** 2), tf.sum(tf.square(diagonal)));
  return {
    loss: tf.mul<Scalar>(tf.add(invariance, tf.mul(redundancy, lambda)), scale),
    metrics: {
      invariance,
      redundancy,
      // The loss does not depend on the norm of the embeddings.
      ...directionSpread(x, y),
    },
  };
}

/** Every row must be in a group. */
function checkGroups(rows: number, { batch, samples, stepsPerEpoch }: MethodData): void {
  const rest = stepsPerEpoch * batch > samples ? samples % batch : 0;
  if (rows === 0 || (batch % rows === 0 && rest % rows === 0)) return;
  throw new FaultError(
    'bad-argument',
    `Barlow Twins: batches of ${rest === 0 ? batch : `${batch} and ${rest}`} rows cannot be divided into groups of ${rows} that are ` +
      `standardised together. Choose a divisor of the batch${rest === 0 ? '' : ', and drop the last incomplete batch'}.`,
  );
}

export const method = defineMethod({
  id: 'barlow-twins',
  title: 'Barlow Twins',
  paper: { id: 'vicreg', section: 'Tables 1 and 5' },
  options,
  branches: 2,
  views: 2,
  labels: false,
  build(branches, given, builder, data) {
    checkGroups(given.standardizedRows, data);
    const { batch } = data;
    return {
      ...expandedBranches(branches, 'expander', builder, given.expander, { hiddenBias: false }),
      loss: ({ x, y }) => regularized(barlowTwinsLoss(x!, y!, batch, given), [x!, y!], batch, given),
      monitor: ({ x }) => ({ effectiveRank: effectiveRank(x!) }),
    };
  },
});
