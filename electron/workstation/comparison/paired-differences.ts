/** Differences between two of our own figures on the same images: paired image by image where that was recorded, else by their seeds. */
import type { Comparison, ComparisonRow, Interval } from '../../api/comparison.ts';
import { identityOf, readRanking, resamplingSeed } from './rankings.ts';
import type { Kept, ComparisonDraft } from './comparison-input.ts';
import { pairedBootstrap, type Resampled } from './statistics/bootstrap.ts';
import { seedDifference } from './seed-differences.ts';
import { holm, mcnemar } from './statistics/hypothesis-tests.ts';
import { bootstrapPrecision, type Ranking } from './statistics/precision-bootstrap.ts';

type ReadImages = (run: string, file: string) => Promise<Uint8Array | null>;

export interface Paired extends Resampled {
  readonly images: number;
  /** Exact McNemar test, if each side is one run. */
  readonly pValue: number | null;
}

/** The images each run of a row got right; null if one did not record it, or its file is missing. */
async function rightImages({ used }: ComparisonDraft, read: ReadImages): Promise<readonly Uint8Array[] | null> {
  const files = used.map(({ run, result }) => ({ run: run.id, file: result.perImage }));
  if (files.length === 0) return null;
  const sides: Uint8Array[] = [];
  for (const { run, file } of files) {
    if (file === undefined) return null;
    const side = await read(run, file);
    if (side === null) return null;
    sides.push(side);
  }
  return sides;
}

/** The scores of each run of a row for the images; null if one did not record them, or its file is missing. */
async function rankingsOf({ used }: ComparisonDraft, read: ReadImages): Promise<readonly Ranking[] | null> {
  const found = await Promise.all(used.map(({ run, result }) => readRanking(run.id, result, read)));
  const known = found.filter((ranking) => ranking !== null);
  return known.length === 0 || known.length < found.length ? null : known;
}

/** Number of images that two rows were both measured on; null if they were not measured on the same ones. */
function sharedImages(better: ComparisonDraft, worse: ComparisonDraft): number | null {
  const [one, other] = [better.used[0]?.result, worse.used[0]?.result];
  if (one === undefined || other === undefined || !sameImages(better.row, worse.row)) return null;
  return one.fingerprint === other.fingerprint && one.n === other.n ? one.n : null;
}

/** Null if the two were not measured on the same images, or per-image results were not recorded. */
export async function pairedDifference(
  better: ComparisonDraft,
  worse: ComparisonDraft,
  { perImage, memoize }: Kept,
): Promise<Paired | null> {
  const images = sharedImages(better, worse);
  if (images === null) return null;
  const side = ({ used }: ComparisonDraft): readonly string[] =>
    used.map(({ run, result }) => identityOf(run.id, result));
  return memoize(JSON.stringify([side(better), side(worse)]), () => pairedOf(better, worse, images, perImage));
}

async function pairedOf(
  better: ComparisonDraft,
  worse: ComparisonDraft,
  images: number,
  read: ReadImages,
): Promise<Paired | null> {
  const [ranked, against] = [await rankingsOf(better, read), await rankingsOf(worse, read)];
  if (ranked && against)
    return { ...(await bootstrapPrecision(ranked, against, resamplingSeed)), images, pValue: null };
  const left = await rightImages(better, read);
  const right = await rightImages(worse, read);
  if (left === null || right === null) return null;
  const resampled = await pairedBootstrap(left, right, resamplingSeed);
  const [first, second] = [left[0], right[0]];
  const single = left.length === 1 && right.length === 1 && first !== undefined && second !== undefined;
  const only = (mine: Uint8Array, theirs: Uint8Array): number =>
    mine.reduce((count, value, image) => count + (value === 1 && theirs[image] === 0 ? 1 : 0), 0);
  return {
    ...resampled,
    images,
    pValue: single ? mcnemar(only(first, second), only(second, first)) : null,
  };
}

function sameImages(one: ComparisonRow, other: ComparisonRow): boolean {
  const keys = ['evaluator', 'dataset', 'split', 'metric'] as const;
  return keys.every((key) => one[key] === other[key]);
}

interface Told {
  readonly difference: number;
  readonly interval: Interval;
  readonly images: number;
  readonly pValue: number | null;
}

/** The difference with an interval of 95 %; null where neither the images nor several seeds on both sides give one. */
async function toldDifference(better: ComparisonDraft, worse: ComparisonDraft, kept: Kept): Promise<Told | null> {
  const paired = await pairedDifference(better, worse, kept);
  if (paired !== null) {
    const { mean: difference, images, pValue } = paired;
    const interval = { ...paired.interval(0.95), confidence: 0.95, method: 'paired-bootstrap' as const };
    return { difference, interval, images, pValue };
  }
  const images = sharedImages(better, worse);
  const bySeeds = images === null ? null : seedDifference(better, worse, 0.95);
  return images === null || bySeeds === null ? null : { ...bySeeds, images, pValue: null };
}

/**
 * Each main figure (or, in a free selection, the highest) against every other one on the same images, the higher less the lower;
 * or every figure less that of the baseline.
 */
export async function pairedDifferences(
  rows: readonly ComparisonDraft[],
  kept: Kept,
  baseline: string | undefined,
): Promise<Comparison['pairs']> {
  const pairs: (Omit<Comparison['pairs'][number], 'test'> & { readonly pValue: number | null })[] = [];
  for (const first of rows) {
    const rivals = rows.filter((other) => other !== first && sameImages(first.row, other.row));
    const leading = ({ row: { subject } }: ComparisonDraft): boolean =>
      baseline === undefined ? subject.role === 'main' : subject.label === baseline;
    const mains = [first, ...rivals].filter(leading);
    if (baseline !== undefined && mains.length === 0) continue;
    const leads = mains.length > 0 ? mains.includes(first) : rivals.every((other) => mean(other) <= mean(first));
    if (!leads) continue;
    for (const rival of rivals) {
      // Two main figures: the pair is created once, from the earlier one.
      if (mains.includes(rival) && rows.indexOf(rival) < rows.indexOf(first)) continue;
      const isAhead = baseline === undefined && mean(first) >= mean(rival);
      const [better, worse] = isAhead ? [first, rival] : [rival, first];
      const told = await toldDifference(better, worse, kept);
      if (told === null) continue;
      const { evaluator, metric } = first.row;
      pairs.push({ better: better.row.subject.label, worse: worse.row.subject.label, evaluator, metric, ...told });
    }
  }
  const tested = pairs.flatMap(({ pValue }) => (pValue === null ? [] : [pValue]));
  const adjusted = holm(tested).values();
  return pairs.map(({ pValue, ...rest }) =>
    pValue === null ? rest : { ...rest, test: { pValue, adjusted: adjusted.next().value! } },
  );
}

const mean = ({ row }: ComparisonDraft): number => row.ours?.mean ?? Number.NEGATIVE_INFINITY;
