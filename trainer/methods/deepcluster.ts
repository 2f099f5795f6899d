/**
 * DeepCluster-v2, Caron et al., NeurIPS 2020 (the paper of SwAV), which adapts DeepCluster, ECCV 2018, to SwAV's
 * setting.
 *
 *     z_v: embeddings of view v, normalised;  bank: those of the two full views, each image as last seen
 *     before every epoch, for each head h:  spherical k-means of the bank gives K centroids c_h and each image's cluster
 *     loss = mean over heads h and all views v of  cross-entropy(z_v c_h^T / t, the image's cluster in h)
 *
 * Heads cluster the banks of the two views in turn, each from its own centroids. Before the first epoch no image has
 * been seen: the bank then holds the network's embeddings of the images without augmentation, in evaluation mode.
 *
 * The original DeepCluster differs: AlexNet or VGG on Sobel-filtered images, k-means with K 10000 on features whitened
 * by PCA, and a classifier retrained after every clustering.
 */
import * as tf from '@tensorflow/tfjs';
import type { Scalar, Tensor } from '@tensorflow/tfjs';
import * as v from 'valibot';
import { FaultError } from '../durable/fault-error.ts';
import { crossEntropy } from '../nn/ops/cross-entropy.ts';
import { directionSpread, unitRows } from '../nn/ops/unit-rows.ts';
import { mlp } from '../nn/layers/mlp.ts';
import { sphericalKMeans } from '../nn/ssl/k-means.ts';
import { temperature, whole, widths } from '../nn/ssl/option-schemas.ts';
import { effectiveRank } from '../nn/ops/effective-rank.ts';
import { replacedRows, rowsOf } from '../nn/ops/gather-rows.ts';
import { regularized, regularizerOptions } from '../nn/ssl/variance-covariance.ts';
import { embeddedViews, inOrder } from '../nn/ssl/views.ts';
import { keyed } from '../random.ts';
import { defineMethod, type StepContext } from '../recipe.ts';

const options = v.object({
  temperature: v.optional(temperature, 0.1),
  /** Number of clusters K of each head. */
  prototypes: v.optional(whole(2, 2 ** 20), 3000),
  /** Number of clusterings, each with its own head. */
  clusterings: v.optional(whole(1, 64), 3),
  /** Iterations of k-means. */
  iterations: v.optional(whole(1, 1000), 10),
  projector: v.optional(widths, [2048, 128]),
  ...regularizerOptions,
});

/** Effective number of clusters in a batch: exp of the entropy of their fractions. clusters: int32 [n]. */
function clustersInUse(clusters: Tensor, count: number): Scalar {
  const shares = tf.mean(tf.oneHot(clusters, count, 1, 0, 'float32'), 0);
  return tf.exp(tf.neg(tf.sum(tf.mul(shares, tf.log(tf.maximum(shares, 1e-30))))));
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
  build([encoder], given, builder, { batch, samples }) {
    const { clusterings: heads, prototypes: clusters } = given;
    if (samples < clusters) {
      throw new FaultError(
        'bad-argument',
        `${samples} images cannot form ${clusters} clusters: set the number of prototypes to at most ${samples}.`,
        { samples, prototypes: clusters },
      );
    }
    const projector = mlp(builder.at('projector'), encoder.outputs, given.projector, { outputBias: true });
    const columns = projector.outputs;
    const project = (images: Tensor, at: StepContext) => projector.apply(encoder.forward(images, at).pooled, at);
    const represented = (images: Tensor, at: StepContext) => unitRows(project(images, at));

    const banks = ['x', 'y'].map((name) =>
      builder.at('bank').variable(name, [samples, columns], { kind: 'zeros' }, false),
    );
    const prototypes = builder.variable(
      'prototypes',
      [heads, clusters, columns],
      { kind: 'normal', std: 1 / Math.sqrt(columns) },
      false,
    );
    // Until the first clustering, images are assigned to the clusters in turn.
    const inTurn = Float32Array.from({ length: samples * heads }, (_, place) => Math.floor(place / heads) % clusters);
    const assignments = builder.variable('assignments', [samples, heads], { kind: 'given', values: inTurn }, false);

    return {
      trainable: [encoder, projector],
      state: Object.fromEntries([...banks, prototypes, assignments].map((variable) => [variable.name, variable])),
      embed: ({ views }, at) => embeddedViews(views, (images) => project(images, at)),
      loss(embeddings, { index }) {
        const views = inOrder(embeddings);
        const [x, y] = views;
        const own = tf.cast(rowsOf(assignments, index!), 'int32');
        const all = prototypes.reshape([heads * clusters, columns]);
        const losses = views.map((z) => {
          const scores = tf.div(tf.matMul(unitRows(z), all, false, true), given.temperature);
          return crossEntropy(scores.reshape([-1, clusters]), own.flatten());
        });
        const loss = tf.div<Scalar>(tf.addN(losses), losses.length);
        const first = tf.slice(own, [0, 0], [-1, 1]).flatten();
        const metrics = { ...directionSpread(x, y), clustersInUse: clustersInUse(first, clusters) };
        return regularized({ loss, metrics }, [x, y], batch, given);
      },
      monitor: ({ x }) => ({ effectiveRank: effectiveRank(x!) }),
      updates: ({ x, y }, { index }) =>
        [x!, y!].map((z, view) => [banks[view]!, replacedRows(banks[view]!, index!, unitRows(z))] as const),
      async beforeEpoch({ epoch, read, write, represent, progress }) {
        if (epoch === 0) {
          const rows = await represent(represented);
          for (const bank of banks) write(bank, rows);
        }
        const rows = banks.map(read);
        const centroids = new Float32Array(heads * clusters * columns);
        const places = new Float32Array(samples * heads);
        for (let head = 0; head < heads; head++) {
          const found = await sphericalKMeans(rows[head % rows.length]!, {
            columns,
            clusters,
            iterations: given.iterations,
            // No seed is needed: the rows already depend on the run's.
            random: keyed(0, 'clusters', epoch, head),
            progress: (fraction) => progress((head + fraction) / heads),
          });
          centroids.set(found.centroids, head * clusters * columns);
          found.assignments.forEach((cluster, sample) => (places[sample * heads + head] = cluster));
        }
        write(prototypes, centroids);
        write(assignments, places);
      },
    };
  },
});
