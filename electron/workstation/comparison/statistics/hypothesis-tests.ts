/**
 * Tests of a difference: paired t, Welch, the sign test, two one-sided tests, Holm's adjustment. p-values and confidences are 0
 * to 1.
 */
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

/** Welch: two means with unequal spreads (degrees of freedom by Welch and Satterthwaite). */
export function welch(
  first: { readonly mean: number; readonly sd: number; readonly n: number },
  second: { readonly mean: number; readonly sd: number; readonly n: number },
): Difference {
  const a = first.sd ** 2 / first.n;
  const b = second.sd ** 2 / second.n;
  if (!(a + b > 0)) throw new Error('Welch needs a spread above 0 on one side at least.');
  return {
    value: first.mean - second.mean,
    standardError: Math.sqrt(a + b),
    df: (a + b) ** 2 / (a ** 2 / (first.n - 1) + b ** 2 / (second.n - 1)),
  };
}

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
