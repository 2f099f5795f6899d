/**
 * DeepCluster-v2, Caron et al., NeurIPS 2020 (the paper of SwAV), which adapts DeepCluster, ECCV 2018, to SwAV's
 * setting.
 *
 *     z_v: embeddings of view v, normalised;  bank: those of the two full views, each image as last seen
 *     before every epoch, for each head h:  spherical k-means of the bank gives K centroids c_h and each image's cluster
 *     loss = mean over heads h and all views v of  cross-entropy(z_v c_h^T / t, the image's cluster in h)
 *
 * In the official code the bank holds what the batches of an epoch showed (`batchBank`; nn/ssl/cluster-bank.ts), and the loss
 * leaves out images that are in no cluster. There, too, empty clusters keep their centroid (`keepEmpty`) and batch norm sees all
 * crops together (`together`).
 *
 * The original DeepCluster differs: AlexNet or VGG on Sobel-filtered images, k-means with K 10000 on features whitened
 * by PCA, and a classifier retrained after every clustering.
 */
import * as tf from '@tensorflow/tfjs';
import type { Scalar, Tensor } from '@tensorflow/tfjs';
import * as v from 'valibot';
import { FaultError } from '../durable/fault-error.ts';
import { crossEntropy, perSampleCrossEntropy } from '../nn/ops/cross-entropy.ts';
import { directionSpread, unitRows } from '../nn/ops/unit-rows.ts';
import { mlp } from '../nn/layers/mlp.ts';
import { clusterBank, noCluster } from '../nn/ssl/cluster-bank.ts';
import { temperature, whole, widths } from '../nn/ssl/option-schemas.ts';
import { effectiveRank } from '../nn/ops/effective-rank.ts';
import { rowsOf } from '../nn/ops/gather-rows.ts';
import { regularized, regularizerOptions } from '../nn/ssl/variance-covariance.ts';
import { embeddedViews, inOrder, normOptions, type Passage } from '../nn/ssl/views.ts';
import { defineMethod } from '../recipe.ts';

const options = v.object({
  temperature: v.optional(temperature, 0.1),
  /** Number of clusters K of each head. */
  prototypes: v.optional(whole(2, 2 ** 20), 3000),
  /** Number of clusterings, each with its own head. */
  clusterings: v.optional(whole(1, 64), 3),
  /** Iterations of k-means. */
  iterations: v.optional(whole(1, 1000), 10),
  /** An empty cluster keeps its centroid; otherwise it takes the image that fits its own cluster worst. */
  keepEmpty: v.optional(v.boolean(), false),
  /** The bank holds what the batches of an epoch showed, from the first on; see nn/ssl/cluster-bank.ts. */
  batchBank: v.optional(v.boolean(), false),
  projector: v.optional(widths, [2048, 128]),
  ...normOptions,
  ...regularizerOptions,
});

/** Effective number of clusters in a batch: exp of the entropy of their fractions. clusters: int32 [n]. */
function clustersInUse(clusters: Tensor, count: number): Scalar {
  const shares = tf.mean(tf.oneHot(clusters, count, 1, 0, 'float32'), 0);
  return tf.exp(tf.neg(tf.sum(tf.mul(shares, tf.log(tf.maximum(shares, 1e-30))))));
}

/** Mean over what is in a cluster. scores: [n, clusters]; own: int32 [n]. */
function clusterLoss(scores: Tensor, own: Tensor): Scalar {
  const losses = perSampleCrossEntropy(scores, tf.maximum(own, tf.scalar(0, 'int32')));
  const counted = tf.cast(tf.greater(own, tf.scalar(noCluster, 'int32')), 'float32');
  return tf.div(tf.sum(tf.mul(losses, counted)), tf.maximum(tf.sum(counted), 1));
}

export const method = defineMethod({
  id: 'deepcluster',
  title: 'DeepCluster v2',
  paper: { id: 'vicreg', section: 'Related work' },
  options,
  branches: 1,
  views: 2,
  mostViews: 10,
  labels: false,
  build([encoder], given, builder, { batch, samples, stepsPerEpoch }) {
    const { clusterings: heads, prototypes: clusters } = given;
    const held = given.batchBank ? Math.min(samples, stepsPerEpoch * batch) : samples;
    if (held < clusters) {
      throw new FaultError(
        'bad-argument',
        `${held} images cannot form ${clusters} clusters: set the number of prototypes to at most ${held}.`,
        { samples: held, prototypes: clusters },
      );
    }
    const projector = mlp(builder.at('projector'), encoder.outputs, given.projector, { outputBias: true });
    const columns = projector.outputs;
    const passage: Passage = {
      encode: (images, at) => encoder.forward(images, at).pooled,
      project: projector.apply,
    };
    const bank = clusterBank(builder, given, { samples, stepsPerEpoch, columns }, passage);
    return {
      trainable: [encoder, projector],
      state: bank.state,
      embed: ({ views }, at) => embeddedViews(views, passage, given, at),
      loss(embeddings, { index }) {
        const views = inOrder(embeddings);
        const [x, y] = views;
        const own = tf.cast(rowsOf(bank.assignments, index!), 'int32');
        const all = bank.prototypes.reshape([heads * clusters, columns]);
        const losses = views.map((z) => {
          const scores = tf.div(tf.matMul(unitRows(z), all, false, true), given.temperature);
          const ofHeads = scores.reshape([-1, clusters]);
          return given.batchBank ? clusterLoss(ofHeads, own.flatten()) : crossEntropy(ofHeads, own.flatten());
        });
        const loss = tf.div<Scalar>(tf.addN(losses), losses.length);
        const first = tf.slice(own, [0, 0], [-1, 1]).flatten();
        const metrics = { ...directionSpread(x, y), clustersInUse: clustersInUse(first, clusters) };
        return regularized({ loss, metrics }, [x, y], batch, given);
      },
      monitor: ({ x }) => ({ effectiveRank: effectiveRank(x!) }),
      updates: ({ x, y }, { index }, at) => bank.seeing([x!, y!], index!, at),
      beforeEpoch: bank.beforeEpoch,
    };
  },
});
