/** Clusters of points by k-means, and how far they agree with classes. */
import { keyed } from '../random.ts';

const mostRounds = 50;

/** Squared distance of a row from a centre. */
function distance(points: Float32Array, row: number, centres: Float64Array, centre: number, columns: number): number {
  let sum = 0;
  for (let column = 0; column < columns; column++) {
    const difference = points[row * columns + column]! - centres[centre * columns + column]!;
    sum += difference * difference;
  }
  return sum;
}

/** Starts far from each other: each is drawn with the square of its distance from those before (k-means++, 2007). */
function startingCentres(points: Float32Array, columns: number, clusters: number, seed: number): Float64Array {
  const rows = points.length / columns;
  const random = keyed(seed, 'map', 'clusters');
  const centres = new Float64Array(clusters * columns);
  const nearest = new Float64Array(rows).fill(Infinity);
  let chosen = random.integer(rows);
  for (let centre = 0; centre < clusters; centre++) {
    centres.set(points.subarray(chosen * columns, (chosen + 1) * columns), centre * columns);
    let sum = 0;
    for (let row = 0; row < rows; row++) {
      nearest[row] = Math.min(nearest[row]!, distance(points, row, centres, centre, columns));
      sum += nearest[row]!;
    }
    let left = random.uniform() * sum;
    chosen = 0;
    while (chosen < rows - 1 && (left -= nearest[chosen]!) > 0) chosen += 1;
  }
  return centres;
}

/**
 * Lloyd's algorithm until nothing changes or 50 rounds; the largest cluster is number 0.
 *
 * @param points [rows, columns]
 */
export function kMeans(points: Float32Array, columns: number, wanted: number, seed: number): Int32Array {
  const rows = points.length / columns;
  const clusters = Math.min(wanted, rows);
  const centres = startingCentres(points, columns, clusters, seed);
  const labels = new Int32Array(rows).fill(-1);
  for (let round = 0; round < mostRounds; round++) {
    let changed = 0;
    const sums = new Float64Array(centres.length);
    const sizes = new Float64Array(clusters);
    for (let row = 0; row < rows; row++) {
      let best = 0;
      let least = Infinity;
      for (let centre = 0; centre < clusters; centre++) {
        const far = distance(points, row, centres, centre, columns);
        if (far >= least) continue;
        least = far;
        best = centre;
      }
      if (labels[row] !== best) changed += 1;
      labels[row] = best;
      sizes[best]! += 1;
      for (let column = 0; column < columns; column++)
        sums[best * columns + column]! += points[row * columns + column]!;
    }
    // One that lost all its points stays where it is.
    for (let at = 0; at < centres.length; at++) {
      const size = sizes[Math.floor(at / columns)]!;
      if (size > 0) centres[at] = sums[at]! / size;
    }
    if (changed === 0) break;
  }
  return bySize(labels, clusters);
}

function bySize(labels: Int32Array, clusters: number): Int32Array {
  const sizes = new Array<number>(clusters).fill(0);
  for (const label of labels) sizes[label]! += 1;
  const order = sizes.map((_, label) => label).sort((one, other) => sizes[other]! - sizes[one]! || one - other);
  const numbers = new Int32Array(clusters);
  order.forEach((label, number) => (numbers[label] = number));
  return labels.map((label) => numbers[label]!);
}

/** Entropy of counts, in nats. */
function entropy(counts: Iterable<number>, total: number): number {
  let sum = 0;
  for (const count of counts) if (count > 0) sum -= (count / total) * Math.log(count / total);
  return sum;
}

/**
 * Normalised mutual information of two labellings, with the arithmetic mean of their entropies (Vinh et al., JMLR 2010): 0 where
 * one says nothing of the other, 1 where they are the same. Null where a labelling has one label alone.
 */
export function mutualInformation(one: Int32Array, other: Int32Array): number | null {
  const counts = [new Map<number, number>(), new Map<number, number>(), new Map<string, number>()] as const;
  const add = <K>(map: Map<K, number>, key: K): void => void map.set(key, (map.get(key) ?? 0) + 1);
  one.forEach((label, at) => {
    add(counts[0], label);
    add(counts[1], other[at]!);
    add(counts[2], `${label} ${other[at]!}`);
  });
  const [first, second, both] = counts.map((map) => entropy(map.values(), one.length)) as [number, number, number];
  if (first === 0 || second === 0) return null;
  return Math.min(1, Math.max(0, (first + second - both) / ((first + second) / 2)));
}
