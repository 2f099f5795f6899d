/**
 * SimCLR, Chen, Kornblith, Norouzi and Hinton, ICML 2020, equation 1 (NT-Xent).
 *
 *     z: [2n, d], embeddings of both views of n images, normalised
 *     loss = mean over all 2n of  -log( exp(z_i . z_j / t) / sum_{k != i} exp(z_i . z_k / t) ),  j the other view of i's image
 *
 * In the official code (google-research/simclr) both views pass through encoder and projector as one batch (`together`), and
 * every layer of the projector ends with a batch norm, the last without bias. Its loss is the sum of the two views' means,
 * twice this one (`scale` 2), which LARS sees in its weight decay and in the batch norms that it does not normalise.
 */
import * as tf from '@tensorflow/tfjs';
import type { Scalar, Tensor } from '@tensorflow/tfjs';
import * as v from 'valibot';
import { crossEntropy } from '../nn/ops/cross-entropy.ts';
import { directionSpread, similarity, unitRows } from '../nn/ops/unit-rows.ts';
import type { MlpOptions } from '../nn/layers/mlp.ts';
import { expandedBranches } from '../nn/ssl/expanded-branches.ts';
import { temperature, weight, widths } from '../nn/ssl/option-schemas.ts';
import { effectiveRank } from '../nn/ops/effective-rank.ts';
import { regularized, regularizerOptions } from '../nn/ssl/variance-covariance.ts';
import { normOptions } from '../nn/ssl/views.ts';
import { defineMethod } from '../recipe.ts';

const options = v.object({
  temperature: v.optional(temperature, 0.1),
  /** Factor of the whole loss. */
  scale: v.optional(weight, 1),
  projector: v.optional(widths, [2048, 128]),
  /** Layers of the projector with a batch norm. Without any, all have a bias, as in solo-learn. */
  projectorNorm: v.optional(v.picklist(['hidden', 'every', 'none']), 'hidden'),
  together: normOptions.together,
  ...regularizerOptions,
});

/** Of the projector, by which of its layers have a batch norm. */
const norms = {
  hidden: {},
  every: { hiddenBias: false, outputNorm: 'weight' },
  none: { batchNorm: false, outputBias: true },
} as const satisfies Record<string, MlpOptions>;

/** Below every similarity over a temperature, and within float32. */
const never = -1e9;

function contrast(x: Tensor, y: Tensor, temperature: number): Scalar {
  const rows = x.shape[0];
  const z = unitRows(tf.concat([x, y]));
  const itself = tf.oneHot(tf.range(0, 2 * rows, 1, 'int32'), 2 * rows, never, 0, 'float32');
  const partners = tf.concat([tf.range(rows, 2 * rows, 1, 'int32'), tf.range(0, rows, 1, 'int32')]);
  const similarities = tf.add(tf.div(tf.matMul(z, z, false, true), temperature), itself);
  return crossEntropy(similarities, partners);
}

export const method = defineMethod({
  id: 'simclr',
  title: 'SimCLR',
  paper: { id: 'vicreg', section: 'Tables 1, 2 and 5' },
  options,
  branches: 2,
  views: 2,
  labels: false,
  build: (branches, given, builder, { batch }) => ({
    ...expandedBranches(branches, 'projector', builder, given.projector, {
      ...norms[given.projectorNorm],
      together: given.together,
    }),
    loss({ x, y }) {
      const similar = contrast(x!, y!, given.temperature);
      const loss = given.scale === 1 ? similar : tf.mul<Scalar>(similar, given.scale);
      const metrics = { ...directionSpread(x!, y!), positiveSimilarity: similarity(x!, y!) };
      return regularized({ loss, metrics }, [x!, y!], batch, given);
    },
    monitor: ({ x }) => ({ effectiveRank: effectiveRank(x!) }),
  }),
});
