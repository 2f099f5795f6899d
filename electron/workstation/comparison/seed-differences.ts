/** Difference of two of our own figures by the spread of their seeds: in pairs where the seeds are the same, else by Welch. */
import type { Interval } from '../../api/comparison.ts';
import type { ComparisonDraft } from './comparison-input.ts';
import { evaluationsOf, type Replicate } from './replication.ts';
import {
  pairedT,
  signTest,
  testOf,
  welch,
  type Difference,
  type DifferenceTest,
} from './statistics/hypothesis-tests.ts';
import { summarize } from './statistics/summary.ts';
import type { Signs } from '../../api/comparison.ts';

export interface SeedDifference extends DifferenceTest {
  readonly value: number;
  readonly method: Extract<Interval['method'], 'paired-t' | 'welch-seeds' | 't-seeds'>;
  /** Of differences by pairs; null where the seeds of both sides are different ones. */
  readonly signs: Signs | null;
}

/** Figures by seed; a single one without a seed that could change it is fixed, and has no spread. */
export interface SeedSide {
  readonly values: ReadonlyMap<string, number>;
  readonly isFixed: boolean;
}

/** Null where one of them is no number. */
function valuesOf(replicates: readonly Replicate[]): ReadonlyMap<string, number> | null {
  const values = new Map(replicates.flatMap(({ key, value }) => (value === null ? [] : [[key, value] as const])));
  return values.size < replicates.length || values.size === 0 ? null : values;
}

/**
 * The replicates of both sides. Where both are of one and the same encoder, their evaluations replicate each other: what is
 * compared is then how this encoder is evaluated.
 */
export function sidesOf(
  one: ComparisonDraft,
  other: ComparisonDraft,
): readonly [readonly Replicate[], readonly Replicate[]] {
  const [first, second] = [one.replication.units, other.replication.units];
  const isShared =
    one.subject === other.subject && first.length === 1 && second.length === 1 && first[0]?.key === second[0]?.key;
  return isShared ? [evaluationsOf(first[0]!), evaluationsOf(second[0]!)] : [first, second];
}

function signsOf(differences: readonly number[]): Signs {
  const above = differences.filter((difference) => difference > 0).length;
  const below = differences.filter((difference) => difference < 0).length;
  return { above, below, pValue: signTest(above, below) };
}

const found = (difference: Difference, method: SeedDifference['method'], signs: Signs | null): SeedDifference => ({
  value: difference.value,
  method,
  signs,
  ...testOf(difference),
});

function inPairs(differences: readonly number[], method: SeedDifference['method']): SeedDifference | null {
  const difference = pairedT(differences);
  return difference === null ? null : found(difference, method, signsOf(differences));
}

/** Null where a side has a single seed, whose spread is unknown, or where there is no spread at all. */
export function differenceOverSeeds(one: SeedSide, other: SeedSide): SeedDifference | null {
  const [first, second] = [[...one.values], [...other.values]];
  const [theirs] = second;
  const [ours] = first;
  if (other.isFixed && theirs && first.length > 1)
    return inPairs(
      first.map(([, value]) => value - theirs[1]),
      't-seeds',
    );
  if (one.isFixed && ours && second.length > 1)
    return inPairs(
      second.map(([, value]) => ours[1] - value),
      't-seeds',
    );
  if (first.length < 2 || second.length < 2) return null;
  if (first.length === second.length && first.every(([key]) => other.values.has(key)))
    return inPairs(
      first.map(([key, value]) => value - other.values.get(key)!),
      'paired-t',
    );
  const [left, right] = [one, other].map(({ values }) => summarize([...values.values()]));
  if (left?.sd == null || right?.sd == null || left.sd + right.sd === 0) return null;
  const sides = [
    { ...left, sd: left.sd },
    { ...right, sd: right.sd },
  ] as const;
  return found(welch(...sides), 'welch-seeds', null);
}

export function seedDifference(better: ComparisonDraft, worse: ComparisonDraft): SeedDifference | null {
  const [one, other] = sidesOf(better, worse).map(valuesOf);
  if (!one || !other) return null;
  return differenceOverSeeds(
    { values: one, isFixed: better.replication.unit === 'none' },
    { values: other, isFixed: worse.replication.unit === 'none' },
  );
}
