/** Spherical k-means: rows of length 1, clusters by the largest inner product. */
import * as tf from '@tensorflow/tfjs';
import type { Tensor2D } from '@tensorflow/tfjs';
import type { Generator } from '../../random.ts';

export interface Clustering {
  /** [clusters, columns], of length 1. */
  readonly centroids: Float32Array;
  /** Cluster of each row. */
  readonly assignments: Int32Array;
}

export interface KMeansOptions {
  readonly columns: number;
  /** At most as many as there are rows. */
  readonly clusters: number;
  readonly iterations: number;
  /** Where no row is assigned to a centroid: it stays (DeepCluster-v2's official code), or takes the row that fits its own worst. */
  readonly empty: 'kept' | 'refilled';
  /** Chooses the rows that serve as initial centroids. */
  readonly random: Generator;
  /** Called between blocks with a fraction from 0 to 1: many rows take minutes. */
  readonly progress: (fraction: number) => Promise<void>;
}

/** Inner products kept in memory at a time. */
const blockElements = 2 ** 23;

interface Nearest {
  readonly assignments: Int32Array;
  /** Inner product of each row with its centroid. */
  readonly similarities: Float32Array;
}

/** Assigns rows by matrix products, block by block; this is nearly all the work. */
async function nearest(
  rows: Float32Array,
  centroids: Float32Array,
  columns: number,
  progress: KMeansOptions['progress'],
): Promise<Nearest> {
  const count = rows.length / columns;
  const clusters = centroids.length / columns;
  const blockRows = Math.max(1, Math.floor(blockElements / clusters));
  const assignments = new Int32Array(count);
  const similarities = new Float32Array(count);
  for (let from = 0; from < count; from += blockRows) {
    const to = Math.min(from + blockRows, count);
    tf.tidy(() => {
      const block: Tensor2D = tf.tensor2d(rows.subarray(from * columns, to * columns), [to - from, columns]);
      const products = tf.matMul(block, tf.tensor2d(centroids, [clusters, columns]), false, true);
      assignments.set(tf.argMax(products, 1).dataSync<'int32'>(), from);
      similarities.set(tf.max(products, 1).dataSync<'float32'>(), from);
    });
    await progress(to / count);
  }
  return { assignments, similarities };
}

/** An empty cluster takes the row that fits its own cluster worst, among clusters that can spare one. */
function filled({ assignments, similarities }: Nearest, clusters: number): Int32Array {
  const sizes = new Int32Array(clusters);
  for (const cluster of assignments) sizes[cluster]! += 1;
  if (!sizes.includes(0)) return assignments;
  const moved = assignments.slice();
  const order = Array.from(similarities.keys()).sort((a, b) => similarities[a]! - similarities[b]! || a - b);
  let next = 0;
  for (let cluster = 0; cluster < clusters; cluster++) {
    if (sizes[cluster]! > 0) continue;
    while (sizes[moved[order[next]!]!]! < 2) next += 1;
    const row = order[next]!;
    sizes[moved[row]!]! -= 1;
    sizes[cluster] = 1;
    moved[row] = cluster;
    next += 1;
  }
  return moved;
}

/** Sums of the rows of each cluster, scaled to length 1; the centroid of before where a cluster has none. */
function centres(rows: Float32Array, columns: number, assignments: Int32Array, before: Float32Array): Float32Array {
  const clusters = before.length / columns;
  const sums = new Float64Array(clusters * columns);
  const sizes = new Int32Array(clusters);
  assignments.forEach((cluster, row) => {
    sizes[cluster]! += 1;
    for (let column = 0; column < columns; column++) {
      sums[cluster * columns + column]! += rows[row * columns + column]!;
    }
  });
  const centroids = before.slice();
  for (let cluster = 0; cluster < clusters; cluster++) {
    if (sizes[cluster] === 0) continue;
    const sum = sums.subarray(cluster * columns, (cluster + 1) * columns);
    // Rows that cancel out leave a centroid of zeros.
    const length = Math.max(Math.hypot(...sum), 1e-12);
    sum.forEach((value, column) => (centroids[cluster * columns + column] = value / length));
  }
  return centroids;
}

/** `rows`: [n, columns], of length 1. The same rows and the same random numbers give the same clusters. */
export async function sphericalKMeans(
  rows: Float32Array,
  { columns, clusters, iterations, empty, random, progress }: KMeansOptions,
): Promise<Clustering> {
  let centroids: Float32Array = new Float32Array(clusters * columns);
  random
    .permutation(rows.length / columns)
    .subarray(0, clusters)
    .forEach((row, cluster) => centroids.set(rows.subarray(row * columns, (row + 1) * columns), cluster * columns));
  const found = (pass: number): Promise<Nearest> =>
    nearest(rows, centroids, columns, (fraction) => progress((pass + fraction) / (iterations + 1)));
  for (let iteration = 0; iteration < iterations; iteration++) {
    const own = await found(iteration);
    centroids = centres(rows, columns, empty === 'kept' ? own.assignments : filled(own, clusters), centroids);
  }
  // A cluster may end empty: a prototype that no image is assigned to.
  return { centroids, assignments: (await found(iterations)).assignments };
}
