/** Confidence intervals of figures in percent: over seeds by Student's t, over images by Wilson. Confidences are 0 to 1. */
import { normalQuantile, studentQuantile } from './distributions.ts';
import { summarize } from './summary.ts';

export interface Bounds {
  readonly low: number;
  readonly high: number;
}

/** Half-width of a two-sided t interval in units of the standard deviation: t(1 - α/2, n - 1) / √n. */
export function seedHalfWidth(n: number, confidence: number): number {
  return studentQuantile(1 - (1 - confidence) / 2, n - 1) / Math.sqrt(n);
}

/** Two-sided t interval of a mean over seeds; null without a spread: of one seed it is unknown, of equal ones not known to be 0. */
export function seedInterval(values: readonly number[], confidence: number): Bounds | null {
  if (values.length < 2) return null;
  const { n, mean, sd } = summarize(values);
  if (sd === null || sd === 0) return null;
  const half = seedHalfWidth(n, confidence) * sd;
  return { low: mean - half, high: mean + half };
}

/** Wilson's score interval of a proportion, in percent. `percent` may be a mean of several runs on the same n images. */
export function wilson(percent: number, n: number, confidence: number): Bounds {
  if (!(n > 0)) throw new Error(`Wilson's interval needs a number of images above 0, not ${n}.`);
  const z = normalQuantile(1 - (1 - confidence) / 2);
  const p = percent / 100;
  const centre = (p + (z * z) / (2 * n)) / (1 + (z * z) / n);
  const half = (z / (1 + (z * z) / n)) * Math.sqrt((p * (1 - p)) / n + (z * z) / (4 * n * n));
  // At 0 and at 100 % one bound is the figure itself; rounding must not push it past.
  return { low: 100 * Math.min(p, Math.max(0, centre - half)), high: 100 * Math.max(p, Math.min(1, centre + half)) };
}

/** A figure in percent cannot leave 0 to 100, whatever its t interval says. */
export function clampPercent(bounds: Bounds): Bounds {
  return { low: Math.max(0, bounds.low), high: Math.min(100, bounds.high) };
}
