/**
 * The verdict on one figure: reproduced, not reproduced, inconclusive, or not comparable at all. Margins are declared
 * by the evaluators.
 */
import type { Margin, Metric } from '../../../trainer/protocol/catalogue.ts';
import type { DeclaredMetric } from '../../../trainer/protocol/declared-metrics.ts';
import type { Cell } from '../../../trainer/protocol/paper.ts';
import type { Options } from '../../../trainer/protocol/options.ts';
import type { ComparisonRow, Interval, Reason } from '../../api/comparison.ts';
import { reasonOf } from './field-differences.ts';
import type { Beside } from './paper-cells.ts';
import type { Resampled } from './statistics/bootstrap.ts';
import { differenceInterval, largestDeviation, placeBeside, welch } from './statistics/hypothesis-tests.ts';
import { seedInterval, wilson, type Bounds } from './statistics/intervals.ts';
import { summarize } from './statistics/summary.ts';

/** Largest difference from the paper's figure that still counts as equal, in points. */
export function marginOf({ points, where = [] }: Margin, protocol: Options): number {
  return where.find(({ field, is }) => protocol[field] === is)?.points ?? points;
}

/**
 * Interval of ours minus the paper's figure at a confidence; null if no spread is known. `values`: one a unit of replication.
 * `resampled`: over images, where the units are one or have no spread.
 */
function spreadOf(
  values: readonly number[],
  images: number,
  unit: Metric['unit'],
  cell: Cell & { readonly value: number },
  resampled: Resampled | null,
): { readonly method: Interval['method']; readonly at: (confidence: number) => Bounds } | null {
  const { n, mean, sd } = summarize(values);
  const isSpread = sd !== null && sd > 0;
  if (isSpread && cell.runs !== undefined && cell.runs > 1 && cell.range !== undefined) {
    // The paper gives only the range of its seeds: the largest deviation compatible with it keeps the interval
    // conservative.
    const theirs = { mean: cell.value, sd: largestDeviation(cell.range, cell.runs), n: cell.runs };
    const difference = welch({ mean, sd, n }, theirs);
    return { method: 'welch', at: (confidence) => differenceInterval(difference, confidence) };
  }
  const shift = ({ low, high }: Bounds): Bounds => ({ low: low - cell.value, high: high - cell.value });
  if (isSpread) return { method: 't-seeds', at: (confidence) => shift(seedInterval(values, confidence)!) };
  if (resampled !== null) return { method: 'bootstrap', at: (confidence) => shift(resampled.interval(confidence)) };
  if (unit !== 'share' || images === 0) return null;
  return { method: 'wilson', at: (confidence) => shift(wilson(mean, images, confidence)) };
}

/**
 * Reproduced: the difference lies inside ± margin. Not reproduced: outside. Otherwise inconclusive.
 * @param figures the values that the mean of `ours` is made of, one a unit of replication
 */
export function verdictOf(
  ours: ComparisonRow['ours'],
  figures: readonly number[],
  declared: DeclaredMetric,
  beside: Beside | null,
  resampled: Resampled | null = null,
): Pick<ComparisonRow, 'difference' | 'verdict' | 'reasons'> {
  const reasons: readonly Reason[] = beside?.reasons ?? [];
  if (ours === null) return { difference: null, verdict: 'pending', reasons };
  if (beside === null) {
    return { difference: null, verdict: 'not-comparable', reasons: [reasonOf('paper', null, ours.mean)] };
  }
  const { cell } = beside;
  if (cell.value === null || ours.mean === null) {
    const noNumber = reasonOf('value', cell.value ?? cell.remark ?? null, ours.mean);
    return { difference: null, verdict: 'not-comparable', reasons: [noNumber, ...reasons] };
  }
  if (reasons.some(({ kind }) => kind === 'breaks')) return { difference: null, verdict: 'not-comparable', reasons };

  const margin = marginOf(declared.margin, cell.protocol);
  const spread = spreadOf(figures, ours.images, declared.unit, { ...cell, value: cell.value }, resampled);
  const value = ours.mean - cell.value;
  if (spread === null) return { difference: { value, interval: null, margin }, verdict: 'inconclusive', reasons };
  const wide = spread.at(0.95);
  const place = placeBeside(margin, spread.at(0.9), wide);
  return {
    difference: { value, interval: { ...wide, confidence: 0.95, method: spread.method }, margin },
    verdict: ({ inside: 'reproduced', outside: 'not-reproduced', neither: 'inconclusive' } as const)[place],
    reasons,
  };
}
