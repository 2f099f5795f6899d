/**
 * The bank of DeepCluster v2: normalised embeddings of the two full views of every image as last seen, and the clusters that
 * heads form of them between epochs.
 *
 * Heads cluster the banks of the two views in turn, each from its own centroids, which begin as rows chosen by the run's seed.
 * Before the first epoch no image has been seen: the bank then holds the network's embeddings of the images without
 * augmentation, in evaluation mode. In the official code (`batchBank`) it holds two augmented crops of the images of one epoch's
 * batches, in training mode; images that were in no batch of the past epoch are in no cluster.
 */
import * as tf from '@tensorflow/tfjs';
import type { Tensor, Variable } from '@tensorflow/tfjs';
import { keyed } from '../../random.ts';
import type { BetweenEpochs, Builder, StepContext } from '../../recipe.ts';
import { replacedRows } from '../ops/gather-rows.ts';
import { unitRows } from '../ops/unit-rows.ts';
import { sphericalKMeans } from './k-means.ts';
import { inNormGroups, type Passage } from './views.ts';

/** The cluster of an image that is in none. */
export const noCluster = -1;

interface BankOptions {
  /** Number of clusters K of each head. */
  readonly prototypes: number;
  /** Number of heads. */
  readonly clusterings: number;
  /** Of k-means. */
  readonly iterations: number;
  readonly keepEmpty: boolean;
  readonly batchBank: boolean;
  readonly normBatch: number;
}

interface Size {
  readonly samples: number;
  readonly stepsPerEpoch: number;
  /** Width of an embedding. */
  readonly columns: number;
}

export interface ClusterBank {
  /** Centroids: [heads, clusters, columns]. */
  readonly prototypes: Variable;
  /** The cluster of each image in each head: [samples, heads]. */
  readonly assignments: Variable;
  readonly state: Readonly<Record<string, Variable>>;
  /** The bank with the embeddings of both views of a batch, [n, columns]; `index`: which images they are of. */
  seeing(views: readonly [Tensor, Tensor], index: Tensor, at: StepContext): readonly (readonly [Variable, Tensor])[];
  beforeEpoch(between: BetweenEpochs): Promise<void>;
}

function variablesOf(builder: Builder, given: BankOptions, { samples, columns }: Size) {
  const { clusterings: heads, prototypes: clusters } = given;
  const banks = ['x', 'y'].map((name) =>
    builder.at('bank').variable(name, [samples, columns], { kind: 'zeros' }, false),
  );
  const spread = { kind: 'normal', std: 1 / Math.sqrt(columns) } as const;
  const prototypes = builder.variable('prototypes', [heads, clusters, columns], spread, false);
  // Until the first clustering, images are assigned to the clusters in turn.
  const inTurn = Float32Array.from({ length: samples * heads }, (_, place) => Math.floor(place / heads) % clusters);
  const assignments = builder.variable('assignments', [samples, heads], { kind: 'given', values: inTurn }, false);
  /** The epoch in which an image was last seen, counted from 1. */
  const seen = given.batchBank ? builder.variable('seen', [samples], { kind: 'zeros' }, false) : null;
  return { banks, prototypes, assignments, seen };
}

/** The rows of a table [n, columns] at `index`, increasing; the table itself where these are all. */
function rowsAt(table: Float32Array, columns: number, index: Int32Array): Float32Array {
  if (index.length * columns === table.length) return table;
  const rows = new Float32Array(index.length * columns);
  index.forEach((row, place) => rows.set(table.subarray(row * columns, (row + 1) * columns), place * columns));
  return rows;
}

/** `rows`: the embeddings of `images` in each bank. Centroids [heads, clusters, columns] and clusters [samples, heads]. */
async function clustered(
  rows: readonly Float32Array[],
  images: Int32Array,
  given: BankOptions,
  { samples, columns }: Size,
  { epoch, seed, progress }: BetweenEpochs,
) {
  const { clusterings: heads, prototypes: clusters, iterations } = given;
  const centroids = new Float32Array(heads * clusters * columns);
  const assignments = new Float32Array(samples * heads).fill(noCluster);
  for (let head = 0; head < heads; head++) {
    const found = await sphericalKMeans(rows[head % rows.length]!, {
      columns,
      clusters,
      iterations,
      empty: given.keepEmpty ? 'kept' : 'refilled',
      random: keyed(seed, 'clusters', epoch, head),
      progress: (fraction) => progress((head + fraction) / heads),
    });
    centroids.set(found.centroids, head * clusters * columns);
    found.assignments.forEach((cluster, place) => (assignments[images[place]! * heads + head] = cluster));
  }
  return { centroids, assignments };
}

export function clusterBank(builder: Builder, given: BankOptions, size: Size, passage: Passage): ClusterBank {
  const { samples, stepsPerEpoch, columns } = size;
  const { batchBank, normBatch } = given;
  const { banks, prototypes, assignments, seen } = variablesOf(builder, given, size);
  const everyImage = Int32Array.from({ length: samples }, (_, image) => image);
  const kept = [...banks, prototypes, assignments, ...(seen === null ? [] : [seen])];

  const represented = (images: Tensor, at: StepContext) => unitRows(passage.project(passage.encode(images, at), at));
  /** In training mode; running statistics stay as they are, and no step uses them. */
  function representedInTraining(images: Tensor, at: StepContext): Tensor {
    const training: StepContext = { ...at, training: true, update: () => undefined };
    return inNormGroups([images], normBatch, training, ([own], context) => [represented(own!, context)])[0]!;
  }

  /** Fills the banks before the first epoch; the images that are in them. */
  async function firstBanks({ represent, representViews, write }: BetweenEpochs): Promise<Int32Array> {
    if (batchBank) {
      const { index, views } = await representViews(representedInTraining, banks.length);
      banks.forEach((bank, view) => write(bank, views[view]!));
      return index.toSorted();
    }
    const rows = await represent(represented);
    for (const bank of banks) write(bank, rows);
    return everyImage;
  }

  /** Images of the past epoch's batches, or all. */
  function inBanks({ epoch, read }: BetweenEpochs): Int32Array {
    if (seen === null) return everyImage;
    const lastSeen = read(seen);
    return everyImage.filter((image) => lastSeen[image] === epoch);
  }

  return {
    prototypes,
    assignments,
    state: Object.fromEntries(kept.map((variable) => [variable.name, variable])),
    seeing(views, index, { step }) {
      const banked = banks.map((bank, view) => [bank, replacedRows(bank, index, unitRows(views[view]!))] as const);
      if (seen === null) return banked;
      const epoch = tf.add(tf.floorDiv(step, tf.scalar(stepsPerEpoch, 'int32')), tf.scalar(1, 'int32'));
      const now = tf.mul(tf.ones([index.shape[0]]), tf.cast(epoch, 'float32'));
      return [...banked, [seen, replacedRows(seen, index, now)]];
    },
    async beforeEpoch(between) {
      const images = between.epoch === 0 ? await firstBanks(between) : inBanks(between);
      const rows = banks.map((bank) => rowsAt(between.read(bank), columns, images));
      const found = await clustered(rows, images, given, size, between);
      between.write(prototypes, found.centroids);
      between.write(assignments, found.assignments);
    },
  };
}
