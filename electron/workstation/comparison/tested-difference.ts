/**
 * Difference of our own figures on the same images, two or a contrast of more, tested by all that the records allow: over seeds,
 * because another seed gives another figure, and over images, because other images do. What it shows must be shown by both.
 */
import type { Basis, Interval, Signs } from '../../api/comparison.ts';
import type { Kept, ComparisonDraft } from './comparison-input.ts';
import { pairedDifference, sharedImages, type Paired } from './paired-differences.ts';
import { replicatesOf, seedDifference, type SeedDifference } from './seed-differences.ts';
import { knownContrast, mapContrast, sumOf, type Contrast } from './statistics/contrast.ts';

export interface TestedDifference {
  readonly value: number;
  readonly seeds: SeedDifference | null;
  readonly images: Paired | null;
  /** Units of replication of each figure. */
  readonly units: readonly number[];
  /** Images that all were measured on. */
  readonly shared: number;
}

/** Null if a figure is missing, or they were not measured on the same images. */
export async function testedDifference(
  contrast: Contrast<ComparisonDraft>,
  kept: Kept,
): Promise<TestedDifference | null> {
  const rows = contrast.map(({ of }) => of);
  const means = knownContrast(mapContrast(contrast, ({ row }) => row.ours?.mean));
  const shared = sharedImages(rows);
  if (means === null || shared === null) return null;
  return {
    value: sumOf(means),
    seeds: seedDifference(contrast),
    images: await pairedDifference(contrast, kept),
    units: replicatesOf(rows).map(({ length }) => length),
    shared,
  };
}

type Tests = Pick<TestedDifference, 'seeds' | 'images'>;

/** Largest one-sided p-value of the tests there are against "at most `limit`"; null without one. */
export function pAbove({ seeds, images }: Tests, limit: number): number | null {
  return largest([seeds?.above(limit), images?.above(limit)]);
}

/** Against "at least `limit`". */
export function pBelow({ seeds, images }: Tests, limit: number): number | null {
  return largest([seeds?.below(limit), images?.below(limit)]);
}

function largest(pValues: readonly (number | undefined)[]): number | null {
  const known = pValues.filter((p) => p !== undefined);
  return known.length === 0 ? null : Math.max(...known);
}

export function basisOf({ seeds, images }: Tests): Basis | null {
  if (seeds !== null) return images === null ? 'seeds' : 'seeds-and-images';
  return images === null ? null : 'images';
}

export const signsIn = ({ seeds }: Tests): Signs | null => seeds?.signs ?? null;

export function intervalsAt(
  { seeds, images }: Tests,
  confidence: number,
): { readonly overSeeds: Interval | null; readonly overImages: Interval | null } {
  return {
    overSeeds: seeds && { ...seeds.interval(confidence), confidence, method: seeds.method },
    overImages: images && { ...images.interval(confidence), confidence, method: 'paired-bootstrap' },
  };
}
