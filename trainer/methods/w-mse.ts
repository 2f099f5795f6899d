/**
 * W-MSE, Ermolov, Siarohin, Sangineto and Sebe, ICML 2021.
 *
 *     z_1 .. z_d: [n, k], projections of d views; w: z with each sub-batch of rows centred and multiplied by L^-1, where
 *     L L^T is the sub-batch's covariance over its size - 1
 *     loss = mean over all pairs of views and all rows of  |w_i/|w_i| - w_j/|w_j||^2 = 2 - 2 cos(w_i, w_j)
 *
 * A sub-batch consists of consecutive rows: the samples are shuffled every epoch, so these are as random as drawn ones, and
 * the same in every view. The official code (htdt/self-supervised) draws them, and with `divisions` above 1 takes the mean over
 * several drawings; there, too, all views pass through the projector as one batch (`projectorTogether`). Both sides of a pair
 * have a gradient; in solo-learn the second is a constant (`constantSide`), and views smaller than the first only pass through
 * the encoder, whose running statistics they move.
 */
import * as tf from '@tensorflow/tfjs';
import type { Scalar, Tensor } from '@tensorflow/tfjs';
import * as v from 'valibot';
import { FaultError } from '../durable/fault-error.ts';
import { inThisOrder, shuffledRows } from '../nn/ops/shuffled-rows.ts';
import { stopGradient } from '../nn/ops/stop-gradient.ts';
import { directionSpread, similarity } from '../nn/ops/unit-rows.ts';
import { mlp } from '../nn/layers/mlp.ts';
import { whole, widths } from '../nn/ssl/option-schemas.ts';
import { effectiveRank } from '../nn/ops/effective-rank.ts';
import { regularized, regularizerOptions } from '../nn/ssl/variance-covariance.ts';
import { whitened } from '../nn/ssl/whitening.ts';
import { defineMethod, type MethodData } from '../recipe.ts';

const options = v.object({
  projector: v.optional(widths, [1024, 64]),
  /** Number of rows whitened together. */
  subBatch: v.optional(whole(2, 65536), 128),
  /** Random divisions of the batch into sub-batches, over which the loss is averaged; 0: one, of consecutive rows. */
  divisions: v.optional(whole(0, 64), 0),
  /** The views pass through the projector as one batch; otherwise each by itself. */
  projectorTogether: v.optional(v.boolean(), false),
  /** The second view of a pair has no gradient. */
  constantSide: v.optional(v.boolean(), false),
  ...regularizerOptions,
});

/** Checks that every row belongs to a sub-batch, and that every sub-batch can have a covariance of full rank. */
function checkSizes(subBatch: number, embedding: number, { batch, samples, stepsPerEpoch }: MethodData): void {
  if (subBatch <= embedding)
    throw new FaultError(
      'bad-argument',
      `W-MSE: the covariance of ${subBatch} rows of ${embedding} dimensions cannot be inverted. Make subBatch (${subBatch}) larger ` +
        `than the last width of the projector (${embedding}).`,
    );
  if (batch % subBatch !== 0)
    throw new FaultError(
      'bad-argument',
      `W-MSE: a batch of ${batch} cannot be divided into sub-batches of ${subBatch}. Choose a subBatch that divides the batch.`,
    );
  const rest = stepsPerEpoch * batch > samples ? samples % batch : 0;
  if (rest % subBatch !== 0)
    throw new FaultError(
      'bad-argument',
      `W-MSE: the last batch of an epoch has ${rest} samples, which cannot be divided into sub-batches of ${subBatch}. Drop it ` +
        `(dropLast true).`,
    );
}

const pairsOf = <T>(items: readonly T[]): readonly (readonly [T, T])[] =>
  items.flatMap((first, place) => items.slice(place + 1).map((second) => [first, second] as const));

/** Mean over the pairs of whitened views. */
function distance(whitenedViews: readonly Tensor[], constantSide: boolean): Scalar {
  const pairs = pairsOf(whitenedViews).map(([first, second]) =>
    tf.sub<Scalar>(2, tf.mul(similarity(first, constantSide ? stopGradient(second) : second), 2)),
  );
  return tf.div<Scalar>(tf.addN(pairs), pairs.length);
}

export const method = defineMethod({
  id: 'w-mse',
  title: 'W-MSE',
  paper: { id: 'vicreg', section: 'related work' },
  options,
  branches: 1,
  views: 2,
  mostViews: 8,
  labels: false,
  build([encoder], given, builder, data) {
    // Without a final bias, which centring would remove.
    const projector = mlp(builder.at('projector'), encoder.outputs, given.projector);
    checkSizes(given.subBatch, projector.outputs, data);
    return {
      trainable: [encoder, projector],
      embed({ views }, at) {
        const representations = views.map((images) => encoder.forward(images, at).pooled);
        const features = representations.filter((_, view) => views[view]!.shape[1]! >= views[0]!.shape[1]!);
        const projections = given.projectorTogether
          ? tf.split(projector.apply(tf.concat(features), at), features.length)
          : features.map((rows) => projector.apply(rows, at));
        return Object.fromEntries(projections.map((projection, view) => [`z${view}`, projection]));
      },
      loss(embeddings, _targets, at) {
        const projections = Object.values(embeddings);
        const [x, y] = projections as [Tensor, Tensor];
        const whitenedIn = (order: Tensor | null) =>
          projections.map((z) => whitened(order === null ? z : inThisOrder(z, order), given.subBatch));
        const orders = Array.from({ length: given.divisions }, (_, division) =>
          shuffledRows(at.uniform(`division-${division}`, [x.shape[0]])),
        );
        const distances = (orders.length === 0 ? [null] : orders).map((order) =>
          distance(whitenedIn(order), given.constantSide),
        );
        const loss = tf.div<Scalar>(tf.addN(distances), distances.length);
        return regularized({ loss, metrics: directionSpread(...projections) }, [x, y], data.batch, given);
      },
      monitor: ({ z0 }) => ({ effectiveRank: effectiveRank(z0!) }),
    };
  },
});
