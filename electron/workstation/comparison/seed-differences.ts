/** Difference of two of our own figures by the spread of their seeds, where nothing was recorded image by image. */
import type { Interval } from '../../api/comparison.ts';
import type { ComparisonDraft } from './comparison-input.ts';
import { differenceInterval, welch } from './statistics/hypothesis-tests.ts';
import { summarize } from './statistics/summary.ts';

export interface SeedDifference {
  readonly difference: number;
  readonly interval: Interval;
}

/** Mean and spread over the seeds of a row; null for a single one, whose spread is unknown. */
function overSeeds({ used }: ComparisonDraft) {
  const values = used.flatMap(({ result: { value } }) => (value === null ? [] : [value]));
  if (values.length < 2) return null;
  const { n, mean, sd } = summarize(values);
  return sd === null ? null : { n, mean, sd };
}

/** Welch's interval; null unless both have two seeds, and one of them a spread. */
export function seedDifference(
  better: ComparisonDraft,
  worse: ComparisonDraft,
  confidence: number,
): SeedDifference | null {
  const [one, other] = [overSeeds(better), overSeeds(worse)];
  if (one === null || other === null || one.sd + other.sd === 0) return null;
  const difference = welch(one, other);
  const interval: Interval = { ...differenceInterval(difference, confidence), confidence, method: 'welch-seeds' };
  return { difference: difference.value, interval };
}
