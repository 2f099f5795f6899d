/** Bootstrap over images of an accuracy, and of the difference of two. */
import { setImmediate as breathe } from 'node:timers/promises';
import { differenceOf, type Contrast } from './contrast.ts';
import type { DifferenceTest } from './hypothesis-tests.ts';
import type { Bounds } from './intervals.ts';
import { binomial, generator, uniform } from './random.ts';

/** Linear interpolation between order statistics (Hyndman and Fan's type 7, NumPy's default). */
export function percentile(sorted: ArrayLike<number>, probability: number): number {
  const position = probability * (sorted.length - 1);
  const below = Math.floor(position);
  const low = sorted[below];
  const high = sorted[Math.min(below + 1, sorted.length - 1)];
  if (low === undefined || high === undefined) throw new Error('A percentile needs at least one value.');
  return low + (high - low) * (position - below);
}

export const resamples = 2000;

/**
 * Means of `resamples` samples drawn with replacement, sorted. The counts of distinct values are multinomial, so counts
 * are drawn rather than images: with right or wrong only, ten thousand images take three numbers per sample.
 */
async function resampledMeans(values: Float64Array, seed: number): Promise<Float64Array> {
  const n = values.length;
  const counts = new Map<number, number>();
  // Sums of thirds and the like may differ in their last bits; treat them as equal.
  for (const value of values) {
    const rounded = Math.round(value * 1e9) / 1e9;
    counts.set(rounded, (counts.get(rounded) ?? 0) + 1);
  }
  const distinct = [...counts].sort(([one], [other]) => one - other);
  const tables = new Map<number, (u: number) => number>();
  const draw = (left: number, kind: number, share: number, u: number): number => {
    const key = left * distinct.length + kind;
    const table = tables.get(key) ?? binomial(left, share);
    tables.set(key, table);
    return table(u);
  };
  const next = generator(seed);
  const means = new Float64Array(resamples);
  for (let sample = 0; sample < resamples; sample += 1) {
    // The window's process runs this too, so yield to other work.
    if (sample % 100 === 0) await breathe();
    let left = n;
    let rest = n;
    let sum = 0;
    distinct.forEach(([value, count], kind) => {
      const drawn = kind === distinct.length - 1 ? left : draw(left, kind, count / rest, uniform(next));
      sum += value * drawn;
      left -= drawn;
      rest -= count;
    });
    means[sample] = sum / n;
  }
  return means.sort();
}

export interface Resampled {
  readonly mean: number;
  /** Percentile interval at a confidence, and the number of samples it was taken from. */
  readonly interval: (confidence: number) => Bounds & { readonly resamples: number };
}

/** Number of sorted values up to a limit, which counts itself where `isIn`. */
function countBelow(sorted: Float64Array, limit: number, isIn: boolean): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle]! < limit || (isIn && sorted[middle] === limit)) low = middle + 1;
    else high = middle;
  }
  return low;
}

export function resampledOf(mean: number, sorted: Float64Array): Resampled & DifferenceTest {
  // The figure itself counts as one more sample: a p-value of 0 is beyond what any number of samples can tell.
  const share = (samples: number): number => (samples + 1) / (sorted.length + 1);
  return {
    mean,
    interval: (confidence) => ({
      low: percentile(sorted, (1 - confidence) / 2),
      high: percentile(sorted, 1 - (1 - confidence) / 2),
      resamples: sorted.length,
    }),
    above: (limit) => share(countBelow(sorted, limit, true)),
    below: (limit) => share(sorted.length - countBelow(sorted, limit, false)),
  };
}

/** A figure that is the mean of several on the same images. Its spread is at most the mean of theirs, which stands for it. */
export function resampledTogether(several: readonly Resampled[]): Resampled {
  const mean = (pick: (one: Resampled) => number): number =>
    several.reduce((sum, one) => sum + pick(one), 0) / several.length;
  return {
    mean: mean((one) => one.mean),
    interval: (confidence) => ({
      low: mean((one) => one.interval(confidence).low),
      high: mean((one) => one.interval(confidence).high),
      resamples: several[0]!.interval(confidence).resamples,
    }),
  };
}

/** Bootstrap of a mean over images. */
export async function bootstrapMean(values: Float64Array, seed: number): Promise<Resampled & DifferenceTest> {
  if (values.length === 0) throw new Error('A bootstrap needs at least one image.');
  const means = await resampledMeans(values, seed);
  return resampledOf(values.reduce((sum, value) => sum + value, 0) / values.length, means);
}

/** What was measured on a side, by unit of replication: a side is the mean of its units, a unit that of its runs. */
export type Side<T> = readonly (readonly T[])[];

/** Fraction of a side that got each image right; 0 or 1 for a single run. */
function shareRight(side: Side<Uint8Array>, images: number): Float64Array {
  const share = new Float64Array(images);
  for (const unit of side)
    for (const run of unit)
      for (let image = 0; image < images; image += 1) share[image]! += (run[image] ?? 0) / (side.length * unit.length);
  return share;
}

/** Contrast in points of figures on the same images, resampling images. */
export async function bootstrapContrast(
  contrast: Contrast<Side<Uint8Array>>,
  seed: number,
): Promise<Resampled & DifferenceTest> {
  const sides = contrast.map(({ of }) => of);
  const images = sides[0]?.[0]?.[0]?.length ?? 0;
  for (const run of sides.flat(2)) {
    if (run.length !== images) throw new Error(`Cannot pair ${images} images with ${run.length}: not the same set.`);
  }
  if (images === 0 || sides.some((side) => side.length === 0))
    throw new Error('Cannot pair without images on every side.');
  const points = new Float64Array(images);
  for (const { sign, of } of contrast)
    shareRight(of, images).forEach((share, image) => {
      points[image]! += sign * share;
    });
  return bootstrapMean(
    points.map((sum) => 100 * sum),
    seed,
  );
}

export const pairedBootstrap = (better: Side<Uint8Array>, worse: Side<Uint8Array>, seed: number) =>
  bootstrapContrast(differenceOf(better, worse), seed);
