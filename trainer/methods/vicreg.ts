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
import { expandedBranches } from '../nn/ssl/expanded-branches.ts';
import { mlp } from '../nn/layers/mlp.ts';
import { weight, widths } from '../nn/ssl/option-schemas.ts';
import { effectiveRank } from '../nn/ops/effective-rank.ts';
import { spreadOf } from '../nn/ssl/variance-covariance.ts';
import { defineMethod } from '../recipe.ts';

const options = v.object({
  invariance: v.optional(weight, 25),
  variance: v.optional(weight, 25),
  covariance: v.optional(weight, 1),
  /** Target standard deviation of the variance term. */
  gamma: v.optional(weight, 1),
  eps: v.optional(v.pipe(v.number(), v.minValue(0)), 1e-4),
  /** The official code halves the sum of the two variance terms; Algorithm 1 of the paper does not. */
  varianceSum: v.optional(v.picklist(['official-code', 'paper-algorithm-1']), 'official-code'),
  expander: v.optional(widths, [8192, 8192, 8192]),
  /** A small network that predicts one embedding from the other (Table 4); its loss is symmetric. */
  hasPredictor: v.optional(v.boolean(), false),
  /** Batch norm in expander and predictor. */
  batchNorm: v.optional(v.boolean(), true),
});
type Options = v.InferOutput<typeof options>;

const average = (a: Tensor, b: Tensor): Scalar => tf.mul(tf.add(a, b), 0.5);

const meanSquare = (x: Tensor, y: Tensor): Scalar => tf.mean(tf.square(tf.sub(x, y)));

/**
 * The loss of two batches of embeddings. `batch` is the configured size: a short last batch is divided by it too.
 * `invariance`: given if it is not that of the embeddings themselves.
 */
export function vicregLoss(x: Tensor, y: Tensor, batch: number, given: Options, invariance: Scalar = meanSquare(x, y)) {
  const [ofX, ofY] = [spreadOf(x, batch, given), spreadOf(y, batch, given)];
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
  branches: 2,
  views: 2,
  labels: false,
  build(branches, given, builder, { batch }) {
    const { batchNorm, hasPredictor } = given;
    const outputs = given.expander.at(-1)!;
    const joined = expandedBranches(branches, 'expander', builder, given.expander, { batchNorm });
    // "The expander with 2 layers".
    const predictor = hasPredictor
      ? mlp(builder.at('predictor'), outputs, [given.expander[0]!, outputs], { batchNorm })
      : null;
    return {
      trainable: [...joined.trainable, ...(predictor ? [predictor] : [])],
      embed(views, at) {
        const { x, y } = joined.embed(views, at);
        if (predictor === null) return { x: x!, y: y! };
        return { x: x!, y: y!, predictedX: predictor.apply(x!, at), predictedY: predictor.apply(y!, at) };
      },
      loss({ x, y, predictedX, predictedY }) {
        if (predictedX === undefined || predictedY === undefined) return vicregLoss(x!, y!, batch, given);
        const invariance = average(meanSquare(predictedX, y!), meanSquare(predictedY, x!));
        return vicregLoss(x!, y!, batch, given, invariance);
      },
      monitor: ({ x }) => ({ effectiveRank: effectiveRank(x!) }),
    };
  },
});
