/** Difference of two of our own figures image by image, where both recorded what they got right, or their scores. */
import type { ComparisonRow } from '../../api/comparison.ts';
import { usedIn, type ComparisonDraft, type Kept } from './comparison-input.ts';
import { identityOf, readRanking, resamplingSeed } from './rankings.ts';
import type { Measurement } from './replication.ts';
import { pairedBootstrap, type Resampled, type Side } from './statistics/bootstrap.ts';
import { signTest, type DifferenceTest } from './statistics/hypothesis-tests.ts';
import { bootstrapPrecision } from './statistics/precision-bootstrap.ts';

type ReadImages = (run: string, file: string) => Promise<Uint8Array | null>;

export interface Paired extends Resampled, Omit<DifferenceTest, 'interval'> {
  /** Exact McNemar test, if each side is one run. */
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

/** Number of images that two rows were both measured on; null if they were not measured on the same ones. */
export function sharedImages(better: ComparisonDraft, worse: ComparisonDraft): number | null {
  const [one, other] = [better, worse].map((draft) => usedIn(draft)[0]?.result);
  if (one === undefined || other === undefined || !sameImages(better.row, worse.row)) return null;
  return one.fingerprint === other.fingerprint && one.n === other.n ? one.n : null;
}

/** Null if the two were not measured on the same images, or per-image results were not recorded. */
export async function pairedDifference(
  better: ComparisonDraft,
  worse: ComparisonDraft,
  { perImage, memoize }: Kept,
): Promise<Paired | null> {
  if (sharedImages(better, worse) === null) return null;
  const side = ({ replication }: ComparisonDraft): readonly (readonly string[])[] =>
    replication.units.map(({ measurements }) => measurements.map(({ run, result }) => identityOf(run.id, result)));
  return memoize(JSON.stringify([side(better), side(worse)]), () => pairedOf(better, worse, perImage));
}

async function pairedOf(better: ComparisonDraft, worse: ComparisonDraft, read: ReadImages): Promise<Paired | null> {
  const ranking = ({ run, result }: Measurement) => readRanking(run.id, result, read);
  const [ranked, against] = [await sideOf(better, ranking), await sideOf(worse, ranking)];
  if (ranked && against) return { ...(await bootstrapPrecision(ranked, against, resamplingSeed)), exact: null };
  const right = async ({ run, result: { perImage } }: Measurement) =>
    perImage === undefined ? null : read(run.id, perImage);
  const [left, other] = [await sideOf(better, right), await sideOf(worse, right)];
  if (left === null || other === null) return null;
  return { ...(await pairedBootstrap(left, other, resamplingSeed)), exact: mcnemar(left.flat(), other.flat()) };
}

function mcnemar([mine, ...more]: readonly Uint8Array[], [theirs, ...others]: readonly Uint8Array[]): number | null {
  if (mine === undefined || theirs === undefined || more.length + others.length > 0) return null;
  const only = (one: Uint8Array, other: Uint8Array): number =>
    one.reduce((count, value, image) => count + (value === 1 && other[image] === 0 ? 1 : 0), 0);
  return signTest(only(mine, theirs), only(theirs, mine));
}

export function sameImages(one: ComparisonRow, other: ComparisonRow): boolean {
  const keys = ['evaluator', 'dataset', 'split', 'metric'] as const;
  return keys.every((key) => one[key] === other[key]);
}
