/** Bootstrap over images of an accuracy, and of the difference of two. */
import { setImmediate as breathe } from 'node:timers/promises';
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

export function resampledOf(mean: number, sorted: Float64Array): Resampled {
  return {
    mean,
    interval: (confidence) => ({
      low: percentile(sorted, (1 - confidence) / 2),
      high: percentile(sorted, 1 - (1 - confidence) / 2),
      resamples: sorted.length,
    }),
  };
}

/** Bootstrap of a mean over images. */
export async function bootstrapMean(values: Float64Array, seed: number): Promise<Resampled> {
  if (values.length === 0) throw new Error('A bootstrap needs at least one image.');
  const means = await resampledMeans(values, seed);
  return resampledOf(values.reduce((sum, value) => sum + value, 0) / values.length, means);
}

/** Fraction of runs that got each image right; 0 or 1 for a single run. */
function shareRight(runs: readonly Uint8Array[], images: number): Float64Array {
  const share = new Float64Array(images);
  for (const run of runs)
    for (let image = 0; image < images; image += 1) share[image]! += (run[image] ?? 0) / runs.length;
  return share;
}

/** Difference in points of two figures on the same images, resampling images; each side is the mean of its runs. */
export async function pairedBootstrap(
  better: readonly Uint8Array[],
  worse: readonly Uint8Array[],
  seed: number,
): Promise<Resampled> {
  const images = better[0]?.length ?? 0;
  for (const run of [...better, ...worse]) {
    if (run.length !== images) throw new Error(`Cannot pair ${images} images with ${run.length}: not the same set.`);
  }
  if (images === 0 || worse.length === 0) throw new Error('Cannot pair without images on both sides.');
  const left = shareRight(better, images);
  const right = shareRight(worse, images);
  return bootstrapMean(
    left.map((share, image) => 100 * (share - (right[image] ?? 0))),
    seed,
  );
}
