/**
 * Per-image scores of runs, read from their folders, and the spread of their figures over other samples of images. That of a
 * figure of detections was found when it was measured.
 */
import { FaultError } from '../../../trainer/durable/fault-error.ts';
import type { Result, Spread } from '../../../trainer/protocol/results.ts';
import type { ComparisonInput, Kept } from './comparison-input.ts';
import type { Resampled } from './statistics/bootstrap.ts';
import { bootstrapPrecision, type Ranking } from './statistics/precision-bootstrap.ts';

/** The same resampling for every figure and pair of a report: one fixed seed. */
export const resamplingSeed = 1;

/** Figures whose spread is resampled from their own images, by result. */
export type Resamplings = ReadonlyMap<Result, Resampled>;

/** Key of a result's file: equal files give equal resamplings. */
export function identityOf(run: string, { perImage, ranking, n, value, which }: Result): string {
  return JSON.stringify([run, ranking ?? perImage ?? null, n, value, which]);
}

/** Null if no file was kept, or it is missing. */
export async function readRanking(
  run: string,
  { ranking: file, n: images }: Result,
  read: ComparisonInput['perImage'],
): Promise<Ranking | null> {
  const bytes = file === undefined ? null : await read(run, file);
  if (bytes === null) return null;
  // Four bytes of score and one of truth, for each class of each image.
  const classes = bytes.length / (5 * images);
  if (!Number.isInteger(classes) || classes === 0)
    throw new FaultError(
      'unreadable-file',
      `${file} of run ${run} has ${bytes.length} bytes, which are not scores of ${images} images. Evaluate again, or remove the file.`,
      { run, file: file ?? '' },
    );
  const own = Uint8Array.from(bytes);
  const values = images * classes;
  return {
    images,
    classes,
    scores: new Float32Array(own.buffer, 0, values),
    presence: new Int8Array(own.buffer, 4 * values, values),
  };
}

/** @throws if an interval is asked for at a confidence at which none was kept */
function keptSpread(mean: number, { bounds, resamples }: Spread): Resampled {
  return {
    mean,
    interval: (confidence) => {
      const found = bounds.find((one) => one.confidence === confidence);
      if (found === undefined) throw new Error(`No interval of a figure of detections was kept at ${confidence}.`);
      return { low: found.low, high: found.high, resamples };
    },
  };
}

export async function resampleRankings(
  { results, perImage, memoize }: Pick<ComparisonInput, 'results'> & Kept,
  runs: ReadonlySet<string>,
): Promise<Resamplings> {
  const found = new Map<Result, Resampled>();
  for (const { run, result } of results) {
    if (!runs.has(run)) continue;
    if (result.spread !== undefined && result.value !== null)
      found.set(result, keptSpread(result.value, result.spread));
    if (result.ranking === undefined) continue;
    const resampled = await memoize(identityOf(run, result), async () => {
      const ranking = await readRanking(run, result, perImage);
      return ranking && bootstrapPrecision([[ranking]], [], resamplingSeed);
    });
    if (resampled) found.set(result, resampled);
  }
  return found;
}
