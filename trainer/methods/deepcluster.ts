/**
 * DeepCluster-v2, Caron et al., NeurIPS 2020 (the paper of SwAV), which adapts DeepCluster, ECCV 2018, to SwAV's
 * setting.
 *
 *     z_v: embeddings of view v, normalised;  bank: those of the two full views, each image as last seen
 *     before every epoch, for each head h:  spherical k-means of the bank gives K centroids c_h and each image's cluster
 *     loss = mean over heads h and all views v of  cross-entropy(z_v c_h^T / t, the image's cluster in h)
 *
 * Heads cluster the banks of the two views in turn, each from its own centroids, which begin as rows chosen by the run's seed.
 * Before the first epoch no image has been seen: the bank then holds the network's embeddings of the images without
 * augmentation, in evaluation mode. In the official code (`batchBank`) it holds two augmented crops of the images of one epoch's
 * batches, in training mode; images that were in no batch of the past epoch are in no cluster, and the loss leaves them out.
 * There, too, empty clusters keep their centroid (`keepEmpty`) and batch norm sees all crops together (`together`).
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
import { sphericalKMeans } from '../nn/ssl/k-means.ts';
import { temperature, whole, widths } from '../nn/ssl/option-schemas.ts';
import { effectiveRank } from '../nn/ops/effective-rank.ts';
import { replacedRows, rowsOf } from '../nn/ops/gather-rows.ts';
import { regularized, regularizerOptions } from '../nn/ssl/variance-covariance.ts';
import { embeddedViews, inNormGroups, inOrder, normOptions, type Passage } from '../nn/ssl/views.ts';
import { keyed } from '../random.ts';
import { defineMethod, type BetweenEpochs, type StepContext } from '../recipe.ts';

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
  /** The bank holds what the batches of an epoch showed, from the first on; see above. */
  batchBank: v.optional(v.boolean(), false),
  projector: v.optional(widths, [2048, 128]),
  ...normOptions,
  ...regularizerOptions,
});

/** In no cluster. */
const none = -1;

/** Effective number of clusters in a batch: exp of the entropy of their fractions. clusters: int32 [n]. */
function clustersInUse(clusters: Tensor, count: number): Scalar {
  const shares = tf.mean(tf.oneHot(clusters, count, 1, 0, 'float32'), 0);
  return tf.exp(tf.neg(tf.sum(tf.mul(shares, tf.log(tf.maximum(shares, 1e-30))))));
}

/** The rows of a table [n, columns] at `index`, increasing; the table itself where these are all. */
function rowsAt(table: Float32Array, columns: number, index: Int32Array): Float32Array {
  if (index.length * columns === table.length) return table;
  const rows = new Float32Array(index.length * columns);
  index.forEach((row, place) => rows.set(table.subarray(row * columns, (row + 1) * columns), place * columns));
  return rows;
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
    const { clusterings: heads, prototypes: clusters, normBatch } = given;
    const clustered = given.batchBank ? Math.min(samples, stepsPerEpoch * batch) : samples;
    if (clustered < clusters) {
      throw new FaultError(
        'bad-argument',
        `${clustered} images cannot form ${clusters} clusters: set the number of prototypes to at most ${clustered}.`,
        { samples: clustered, prototypes: clusters },
      );
    }
    const projector = mlp(builder.at('projector'), encoder.outputs, given.projector, { outputBias: true });
    const columns = projector.outputs;
    const passage: Passage = {
      encode: (images, at) => encoder.forward(images, at).pooled,
      project: projector.apply,
    };
    const represented = (images: Tensor, at: StepContext) => unitRows(passage.project(passage.encode(images, at), at));
    /** In training mode; running statistics stay as they are, and no step uses them. */
    function representedInTraining(images: Tensor, at: StepContext): Tensor {
      const training: StepContext = { ...at, training: true, update: () => undefined };
      return inNormGroups([images], normBatch, training, ([own], context) => [represented(own!, context)])[0]!;
    }

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
    /** The epoch in which an image was last seen, counted from 1. */
    const seen = given.batchBank ? builder.variable('seen', [samples], { kind: 'zeros' }, false) : null;
    const kept = [...banks, prototypes, assignments, ...(seen === null ? [] : [seen])];

    /** Mean over the images that are in a cluster. scores: [n * heads, clusters]; own: int32 [n, heads]. */
    function clusterLoss(scores: Tensor, own: Tensor): Scalar {
      if (!given.batchBank) return crossEntropy(scores, own.flatten());
      const losses = perSampleCrossEntropy(scores, tf.maximum(own.flatten(), tf.scalar(0, 'int32')));
      const counted = tf.cast(tf.greater(own.flatten(), tf.scalar(none, 'int32')), 'float32');
      return tf.div<Scalar>(tf.sum(tf.mul(losses, counted)), tf.maximum(tf.sum(counted), 1));
    }

    /** Fills the banks before the first epoch; the images that are in them. */
    async function firstBanks({ represent, representViews, write }: BetweenEpochs): Promise<Int32Array> {
      if (given.batchBank) {
        const { index, views } = await representViews(representedInTraining, banks.length);
        banks.forEach((bank, view) => write(bank, views[view]!));
        return index.toSorted();
      }
      const rows = await represent(represented);
      for (const bank of banks) write(bank, rows);
      return everyImage;
    }
    const everyImage = Int32Array.from({ length: samples }, (_, image) => image);

    /** Images of the past epoch's batches, or all. */
    function inBanks({ epoch, read }: BetweenEpochs): Int32Array {
      if (seen === null) return everyImage;
      const lastSeen = read(seen);
      return everyImage.filter((image) => lastSeen[image] === epoch);
    }

    return {
      trainable: [encoder, projector],
      state: Object.fromEntries(kept.map((variable) => [variable.name, variable])),
      embed: ({ views }, at) => embeddedViews(views, passage, given, at),
      loss(embeddings, { index }) {
        const views = inOrder(embeddings);
        const [x, y] = views;
        const own = tf.cast(rowsOf(assignments, index!), 'int32');
        const all = prototypes.reshape([heads * clusters, columns]);
        const losses = views.map((z) => {
          const scores = tf.div(tf.matMul(unitRows(z), all, false, true), given.temperature);
          return clusterLoss(scores.reshape([-1, clusters]), own);
        });
        const loss = tf.div<Scalar>(tf.addN(losses), losses.length);
        const first = tf.slice(own, [0, 0], [-1, 1]).flatten();
        const metrics = { ...directionSpread(x, y), clustersInUse: clustersInUse(first, clusters) };
        return regularized({ loss, metrics }, [x, y], batch, given);
      },
      monitor: ({ x }) => ({ effectiveRank: effectiveRank(x!) }),
      updates({ x, y }, { index }, { step }) {
        const banked = [x!, y!].map(
          (z, view) => [banks[view]!, replacedRows(banks[view]!, index!, unitRows(z))] as const,
        );
        if (seen === null) return banked;
        const epoch = tf.add(tf.floorDiv(step, tf.scalar(stepsPerEpoch, 'int32')), tf.scalar(1, 'int32'));
        const now = tf.mul(tf.ones([index!.shape[0]]), tf.cast(epoch, 'float32'));
        return [...banked, [seen, replacedRows(seen, index!, now)] as const];
      },
      async beforeEpoch(between) {
        const { epoch, seed, read, write, progress } = between;
        const images = epoch === 0 ? await firstBanks(between) : inBanks(between);
        const rows = banks.map((bank) => rowsAt(read(bank), columns, images));
        const centroids = new Float32Array(heads * clusters * columns);
        const places = new Float32Array(samples * heads).fill(none);
        for (let head = 0; head < heads; head++) {
          const found = await sphericalKMeans(rows[head % rows.length]!, {
            columns,
            clusters,
            iterations: given.iterations,
            empty: given.keepEmpty ? 'kept' : 'refilled',
            random: keyed(seed, 'clusters', epoch, head),
            progress: (fraction) => progress((head + fraction) / heads),
          });
          centroids.set(found.centroids, head * clusters * columns);
          found.assignments.forEach((cluster, place) => (places[images[place]! * heads + head] = cluster));
        }
        write(prototypes, centroids);
        write(assignments, places);
      },
    };
  },
});
