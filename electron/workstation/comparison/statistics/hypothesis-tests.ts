/**
 * Tests of a difference: paired t, Welch, the sign test, two one-sided tests, Holm's adjustment. p-values and confidences are 0
 * to 1.
 */
import { differenceOf, mapContrast, sumOf, type Contrast } from './contrast.ts';
import { incompleteBeta, studentCdf, studentQuantile } from './distributions.ts';
import type { Bounds } from './intervals.ts';
import { summarize } from './summary.ts';

/**
 * Exact sign test: two-sided binomial p-value of as many differences above 0 and below; those of 0 are left out. Over the images
 * that exactly one of two classifiers gets right it is McNemar's exact test.
 */
export function signTest(above: number, below: number): number {
  const n = above + below;
  const fewer = Math.min(above, below);
  if (above === below) return 1;
  // P(X ≤ k) for X ~ Binomial(n, 1/2) is I_{1/2}(n - k, k + 1).
  return Math.min(1, 2 * incompleteBeta(n - fewer, fewer + 1, 0.5));
}

/** A difference under test, however its spread was found. */
export interface DifferenceTest {
  readonly interval: (confidence: number) => Bounds;
  /** One-sided p-value against "at most `limit`". */
  readonly above: (limit: number) => number;
  /** One-sided p-value against "at least `limit`". */
  readonly below: (limit: number) => number;
}

/** A difference with its standard error and degrees of freedom. */
export interface Difference {
  readonly value: number;
  readonly standardError: number;
  readonly df: number;
}

/** Paired t: the mean of differences of pairs. Null where all are equal, or there is one: the spread is then unknown. */
export function pairedT(differences: readonly number[]): Difference | null {
  const { n, mean, sd } = summarize(differences);
  return sd === null || sd === 0 ? null : { value: mean, standardError: sd / Math.sqrt(n), df: n - 1 };
}

/** A mean with its sample standard deviation. */
export interface Group {
  readonly mean: number;
  readonly sd: number;
  readonly n: number;
}

/**
 * Welch: a contrast of means with unequal spreads (degrees of freedom by Welch and Satterthwaite). A group without spread, such as
 * a fixed number, adds its mean alone.
 */
export function welchContrast(groups: Contrast<Group>): Difference {
  const errors = groups
    .map(({ of: { sd, n } }) => ({ variance: sd ** 2 / n, n }))
    .filter(({ variance }) => variance > 0);
  const variance = errors.reduce((sum, one) => sum + one.variance, 0);
  if (!(variance > 0)) throw new Error('Welch needs a spread above 0 on one side at least.');
  return {
    value: sumOf(mapContrast(groups, ({ mean }) => mean)),
    standardError: Math.sqrt(variance),
    df: variance ** 2 / errors.reduce((sum, one) => sum + one.variance ** 2 / (one.n - 1), 0),
  };
}

export const welch = (first: Group, second: Group): Difference => welchContrast(differenceOf(first, second));

export function differenceInterval(difference: Difference, confidence: number): Bounds {
  const half = studentQuantile(1 - (1 - confidence) / 2, difference.df) * difference.standardError;
  return { low: difference.value - half, high: difference.value + half };
}

export function testOf(difference: Difference): DifferenceTest {
  const { value, standardError, df } = difference;
  return {
    interval: (confidence) => differenceInterval(difference, confidence),
    above: (limit) => studentCdf((limit - value) / standardError, df),
    below: (limit) => studentCdf((value - limit) / standardError, df),
  };
}

/** Two one-sided tests: the larger p-value against "at least `margin` away". Below α: equivalent, and the 1 - 2α interval fits. */
export function tost({ above, below }: DifferenceTest, margin: number): number {
  return Math.max(above(-margin), below(margin));
}

/**
 * Position of a difference: inside ± margin if its 90 % interval is (two one-sided tests at 5 %), outside if its 95 %
 * interval lies entirely beyond, otherwise neither.
 */
export function placeBeside(margin: number, narrow: Bounds, wide: Bounds): 'inside' | 'outside' | 'neither' {
  if (narrow.low > -margin && narrow.high < margin) return 'inside';
  return wide.low > margin || wide.high < -margin ? 'outside' : 'neither';
}

/** Largest sample standard deviation of n values with this range: half of them at each end, as evenly as n allows. */
export function largestDeviation(range: number, n: number): number {
  return range * Math.sqrt((Math.floor(n / 2) * Math.ceil(n / 2)) / (n * (n - 1)));
}

/** Holm's step-down adjustment: makes several p-values comparable with α. */
export function holm(pValues: readonly number[]): readonly number[] {
  const order = pValues.map((p, index) => ({ p, index })).sort((one, other) => one.p - other.p);
  const adjusted = new Array<number>(pValues.length).fill(0);
  let running = 0;
  order.forEach(({ p, index }, rank) => {
    running = Math.max(running, Math.min(1, p * (pValues.length - rank)));
    adjusted[index] = running;
  });
  return adjusted;
}
