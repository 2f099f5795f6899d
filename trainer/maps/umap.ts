/**
 * UMAP (McInnes, Healy, Melville, 2018): a layout in the plane in which neighbours of the graph are near each other. The graph is
 * made from exact neighbours, and the layout begins at the principal components, which keeps the large distances meaningful and the
 * maps of two checkpoints alike (Kobak and Linderman, 2021). Constants are those of umap-learn.
 */
import { keyed } from '../random.ts';
import type { Neighbours } from './neighbours.ts';

export interface FuzzyGraph {
  /** Edges in both directions. */
  readonly heads: Int32Array;
  readonly tails: Int32Array;
  /** Above 0, at most 1. */
  readonly weights: Float32Array;
}

const bisections = 64;
const tolerance = 1e-5;
/** A scale is at least this share of the mean distance. */
const leastScale = 1e-3;

/** Distance of the nearest neighbour that is not the same point, and the scale at which the weights add up to log2 of k + 1. */
function scaleOf(distances: Float32Array): { readonly nearest: number; readonly scale: number } {
  const nearest = distances.find((one) => one > 0) ?? 0;
  const target = Math.log2(distances.length + 1);
  const total = (scale: number): number =>
    distances.reduce((sum, one) => sum + (one > nearest ? Math.exp(-(one - nearest) / scale) : 1), 0);
  let low = 0;
  let high = Infinity;
  let scale = 1;
  for (let step = 0; step < bisections; step++) {
    const sum = total(scale);
    if (Math.abs(sum - target) < tolerance) break;
    if (sum > target) high = scale;
    else low = scale;
    scale = high === Infinity ? scale * 2 : (low + high) / 2;
  }
  const mean = distances.reduce((sum, one) => sum + one, 0) / distances.length;
  return { nearest, scale: Math.max(scale, leastScale * mean) };
}

/** Weights of the directed edges, then a + b - ab of both directions: two points are neighbours if either says so. */
export function fuzzyGraph({ count, indexes, similarities }: Neighbours): FuzzyGraph {
  const rows = indexes.length / count;
  const directed = new Float32Array(indexes.length);
  for (let row = 0; row < rows; row++) {
    const distances = similarities.subarray(row * count, (row + 1) * count).map((one) => Math.max(0, 1 - one));
    const { nearest, scale } = scaleOf(distances);
    distances.forEach((one, at) => {
      directed[row * count + at] = one > nearest ? Math.exp(-(one - nearest) / scale) : 1;
    });
  }
  const heads: number[] = [];
  const tails: number[] = [];
  const weights: number[] = [];
  for (let row = 0; row < rows; row++) {
    for (let at = row * count; at < (row + 1) * count; at++) {
      const other = indexes[at]!;
      const back = indexes.subarray(other * count, (other + 1) * count).indexOf(row);
      // The other end adds it where both name each other.
      if (back !== -1 && other < row) continue;
      const backwards = back === -1 ? 0 : directed[other * count + back]!;
      const weight = directed[at]! + backwards - directed[at]! * backwards;
      heads.push(row, other);
      tails.push(other, row);
      weights.push(weight, weight);
    }
  }
  return { heads: Int32Array.from(heads), tails: Int32Array.from(tails), weights: Float32Array.from(weights) };
}

/** Of 1 / (1 + a d^2b), fitted to a smallest distance of 0.1 at a spread of 1. */
const a = 1.576943460405378;
const b = 0.8950608781227859;
const negatives = 5;
const longestStep = 4;
/** Half the width at which a layout begins. */
const startsWithin = 10;

/** umap-learn's for large sets; small ones begin at random there, and need more. */
const epochs = 200;

/** Principal components as wide as a layout begins, shifted a little so that equal points can part. */
function startOf(principal: Float32Array, seed: number): Float64Array {
  const largest = principal.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const random = keyed(seed, 'map', 'start');
  return Float64Array.from(
    principal,
    (value) => (largest === 0 ? 0 : (value / largest) * startsWithin) + 1e-4 * random.normal(),
  );
}

/** Marsaglia's xorshift: a draw a few nanoseconds long, as a layout needs hundreds of millions. */
function pointDrawer(rows: number, seed: number): () => number {
  let state = keyed(seed, 'map', 'negatives').word() | 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % rows;
  };
}

const clipped = (value: number): number =>
  value > longestStep ? longestStep : value < -longestStep ? -longestStep : value;

/** Twice as fast as the operator. */
const powerOf = (squared: number): number => Math.exp(b * Math.log(squared));

/** @param principal first two principal components, [rows, 2]. @returns the layout, [rows, 2]; the same for the same arguments */
export async function layOut(
  neighbours: Neighbours,
  principal: Float32Array,
  seed: number,
  told: (fraction: number) => Promise<void>,
): Promise<Float32Array> {
  const rows = principal.length / 2;
  const { heads, tails, weights } = fuzzyGraph(neighbours);
  const at = startOf(principal, seed);
  const drawn = pointDrawer(rows, seed);
  const heaviest = weights.reduce((most, one) => Math.max(most, one), 0);
  /** The epoch at which an edge pulls next, and the epochs between; the heaviest pulls in every one. */
  const every = Float64Array.from(weights, (one) => heaviest / one);
  const next = every.slice();
  for (let epoch = 1; epoch <= epochs; epoch++) {
    const rate = 1 - (epoch - 1) / epochs;
    for (let edge = 0; edge < heads.length; edge++) {
      if (next[edge]! > epoch) continue;
      next[edge]! += every[edge]!;
      const head = 2 * heads[edge]!;
      const tail = 2 * tails[edge]!;
      pull(at, head, tail, rate);
      for (let draw = 0; draw < negatives; draw++) push(at, head, 2 * drawn(), rate);
    }
    await told(epoch / epochs);
  }
  return Float32Array.from(at);
}

/** Moves both ends of an edge towards each other. */
function pull(at: Float64Array, head: number, tail: number, rate: number): void {
  const x = at[head]! - at[tail]!;
  const y = at[head + 1]! - at[tail + 1]!;
  const squared = x * x + y * y;
  if (squared === 0) return;
  const power = powerOf(squared);
  const slope = (-2 * a * b * power) / squared / (1 + a * power);
  const right = clipped(slope * x) * rate;
  const down = clipped(slope * y) * rate;
  at[head]! += right;
  at[head + 1]! += down;
  at[tail]! -= right;
  at[tail + 1]! -= down;
}

/** Moves a point away from another. */
function push(at: Float64Array, head: number, other: number, rate: number): void {
  if (head === other) return;
  const x = at[head]! - at[other]!;
  const y = at[head + 1]! - at[other + 1]!;
  const squared = x * x + y * y;
  if (squared === 0) return;
  const slope = (2 * b) / ((0.001 + squared) * (1 + a * powerOf(squared)));
  at[head]! += clipped(slope * x) * rate;
  at[head + 1]! += clipped(slope * y) * rate;
}
