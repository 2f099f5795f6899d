/**
 * Difference of our own figures, two or a contrast of more, by the spread of their seeds: seed by seed where all have the same ones,
 * else by Welch.
 */
import type { Interval, Signs } from '../../api/comparison.ts';
import type { ComparisonDraft } from './comparison-input.ts';
import { evaluationsOf, type Replicate } from './replication.ts';
import { differenceOf, mapContrast, sumOf, type Contrast } from './statistics/contrast.ts';
import {
  pairedT,
  signTest,
  testOf,
  welchContrast,
  type Difference,
  type DifferenceTest,
} from './statistics/hypothesis-tests.ts';
import { summarize } from './statistics/summary.ts';

export interface SeedDifference extends DifferenceTest {
  readonly value: number;
  readonly method: Extract<Interval['method'], 'paired-t' | 'welch-seeds' | 't-seeds'>;
  /** Of differences by pairs; null where the seeds of both sides are different ones, and of more than two figures. */
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
 * The replicates of each row. Where all are of one and the same encoder, their evaluations replicate each other: what is compared is
 * then how this encoder is evaluated.
 */
export function replicatesOf(rows: readonly ComparisonDraft[]): readonly (readonly Replicate[])[] {
  const units = rows.map(({ replication }) => replication.units);
  const isShared =
    new Set(rows.map(({ row }) => row.subject.id)).size === 1 &&
    units.every((own) => own.length === 1 && own[0]!.key === units[0]?.[0]?.key);
  return isShared ? units.map(([only]) => evaluationsOf(only!)) : units;
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

const keysOf = ({ values }: SeedSide): readonly string[] => [...values.keys()];

/** The figure of a seed; of a fixed side the one that it has for all of them. */
const valueAt = ({ values, isFixed }: SeedSide, key: string): number =>
  values.get(isFixed ? [...values.keys()][0]! : key)!;

/** Null where a figure that has seeds has a single one, whose spread is unknown, or where there is no spread at all. */
export function contrastOverSeeds(contrast: Contrast<SeedSide>): SeedDifference | null {
  const random = contrast.map(({ of }) => of).filter(({ isFixed }) => !isFixed);
  const [first] = random;
  if (first === undefined || random.some(({ values }) => values.size < 2)) return null;
  const isSame = random.every(
    (one) => one.values.size === first.values.size && keysOf(first).every((key) => one.values.has(key)),
  );
  if (isSame) {
    const differences = keysOf(first).map((key) => sumOf(mapContrast(contrast, (side) => valueAt(side, key))));
    const paired = pairedT(differences);
    const signs = contrast.length === 2 ? signsOf(differences) : null;
    return paired && found(paired, random.length === 1 ? 't-seeds' : 'paired-t', signs);
  }
  const groups = mapContrast(contrast, ({ values }) => {
    const { sd, ...known } = summarize([...values.values()]);
    return { ...known, sd: sd ?? 0 };
  });
  return groups.every(({ of: { sd } }) => sd === 0) ? null : found(welchContrast(groups), 'welch-seeds', null);
}

export const differenceOverSeeds = (one: SeedSide, other: SeedSide): SeedDifference | null =>
  contrastOverSeeds(differenceOf(one, other));

export function seedDifference(contrast: Contrast<ComparisonDraft>): SeedDifference | null {
  const values = replicatesOf(contrast.map(({ of }) => of)).map(valuesOf);
  const sides = contrast.flatMap(({ sign, of: { replication } }, at) => {
    const own = values[at];
    return own ? [{ sign, of: { values: own, isFixed: replication.unit === 'none' && own.size === 1 } }] : [];
  });
  return sides.length < contrast.length ? null : contrastOverSeeds(sides);
}
