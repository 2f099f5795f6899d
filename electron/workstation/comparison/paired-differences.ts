/** Difference of our own figures, two or a contrast of more, image by image, where all recorded what they got right, or their scores. */
import type { ComparisonRow } from '../../api/comparison.ts';
import { usedIn, type ComparisonDraft, type Kept } from './comparison-input.ts';
import { identityOf, readRanking, resamplingSeed } from './rankings.ts';
import type { Measurement } from './replication.ts';
import { bootstrapContrast, type Resampled, type Side } from './statistics/bootstrap.ts';
import { knownContrast, mapContrast, type Contrast } from './statistics/contrast.ts';
import { signTest, type DifferenceTest } from './statistics/hypothesis-tests.ts';
import { bootstrapPrecisionContrast } from './statistics/precision-bootstrap.ts';

type ReadImages = (run: string, file: string) => Promise<Uint8Array | null>;

export interface Paired extends Resampled, Omit<DifferenceTest, 'interval'> {
  /** Exact McNemar test of a difference of two runs. */
  readonly exact: number | null;
}

/** What each run of a row recorded, by unit of replication; null if one recorded nothing, or its file is missing. */
async function sideOf<T>(
  { replication }: ComparisonDraft,
  read: (one: Measurement) => Promise<T | null>,
): Promise<Side<T> | null> {
  const side: T[][] = [];
  for (const { measurements } of replication.units) {
    const unit: T[] = [];
    for (const one of measurements) {
      const found = await read(one);
      if (found === null) return null;
      unit.push(found);
    }
    side.push(unit);
  }
  return side.length === 0 ? null : side;
}

/** The sides of a contrast; null if one of them is. */
async function sidesOf<T>(
  contrast: Contrast<ComparisonDraft>,
  read: (one: Measurement) => Promise<T | null>,
): Promise<Contrast<Side<T>> | null> {
  const sides: { sign: 1 | -1; of: Side<T> | null }[] = [];
  for (const { sign, of } of contrast) sides.push({ sign, of: await sideOf(of, read) });
  return knownContrast(sides);
}

/** Number of images that all rows were measured on; null if they were not measured on the same ones. */
export function sharedImages([first, ...others]: readonly ComparisonDraft[]): number | null {
  const one = first && usedIn(first)[0]?.result;
  if (first === undefined || one === undefined) return null;
  const isShared = others.every((draft) => {
    const other = usedIn(draft)[0]?.result;
    return (
      other !== undefined &&
      sameImages(first.row, draft.row) &&
      one.fingerprint === other.fingerprint &&
      one.n === other.n
    );
  });
  return isShared ? one.n : null;
}

/** Null if they were not all measured on the same images, or per-image results were not recorded. */
export async function pairedDifference(
  contrast: Contrast<ComparisonDraft>,
  { perImage, memoize }: Kept,
): Promise<Paired | null> {
  if (sharedImages(contrast.map(({ of }) => of)) === null) return null;
  const side = ({ replication }: ComparisonDraft): readonly (readonly string[])[] =>
    replication.units.map(({ measurements }) => measurements.map(({ run, result }) => identityOf(run.id, result)));
  return memoize(JSON.stringify(mapContrast(contrast, side)), () => pairedOf(contrast, perImage));
}

async function pairedOf(contrast: Contrast<ComparisonDraft>, read: ReadImages): Promise<Paired | null> {
  const ranked = await sidesOf(contrast, ({ run, result }) => readRanking(run.id, result, read));
  if (ranked) return { ...(await bootstrapPrecisionContrast(ranked, resamplingSeed)), exact: null };
  const right = await sidesOf(contrast, async ({ run, result: { perImage } }) =>
    perImage === undefined ? null : read(run.id, perImage),
  );
  if (right === null) return null;
  return { ...(await bootstrapContrast(right, resamplingSeed)), exact: mcnemar(right.flatMap(({ of }) => of.flat())) };
}

/** Null of more than one run a side. */
function mcnemar([mine, theirs, ...more]: readonly Uint8Array[]): number | null {
  if (mine === undefined || theirs === undefined || more.length > 0) return null;
  const only = (one: Uint8Array, other: Uint8Array): number =>
    one.reduce((count, value, image) => count + (value === 1 && other[image] === 0 ? 1 : 0), 0);
  return signTest(only(mine, theirs), only(theirs, mine));
}

export function sameImages(one: ComparisonRow, other: ComparisonRow): boolean {
  const keys = ['evaluator', 'dataset', 'split', 'metric'] as const;
  return keys.every((key) => one[key] === other[key]);
}
