/** Bootstrap over images of a figure of detections, and of the difference of two, from matches made once. */
import { setImmediate as breathe } from 'node:timers/promises';
import { keyed } from '../../random.ts';
import { meanOf } from './figure.ts';
import { type Counted, countedOf, type Matches } from './match-table.ts';
import { type Curve, curveOf } from './precision-recall.ts';

/** A figure that is a mean, over classes and thresholds, of an average precision. */
export interface AveragePrecision {
  readonly average: (curve: Curve) => number;
  /** Positions in `Matches.thresholds`. */
  readonly thresholds: readonly number[];
  /** Position in `Matches.areas`. */
  readonly area: number;
  /** Detections of a class per image that count; all of them without it. */
  readonly maximum?: number;
}

/** The classes of a figure under one threshold, without the false detections below the last right one, which change nothing. */
function ranked(matches: Matches, { thresholds, area, maximum }: AveragePrecision): readonly (readonly Counted[])[] {
  return thresholds.map((threshold) =>
    matches.classes.map((_, label) => {
      const counted = countedOf(matches, label, {
        threshold,
        area,
        ...(maximum === undefined ? {} : { maximum }),
      });
      const end = counted.isRight.lastIndexOf(1) + 1;
      return {
        ...counted,
        score: counted.score.subarray(0, end),
        image: counted.image.subarray(0, end),
        isRight: counted.isRight.subarray(0, end),
      };
    }),
  );
}

/** A class's average precision with every image taken `times[image]` times; null if no object of it was drawn. */
function weighted(counted: Counted, times: Uint16Array, average: (curve: Curve) => number): number | null {
  const { image, isRight, objects } = counted;
  let positives = 0;
  for (let at = 0; at < objects.image.length; at++) positives += objects.count[at]! * times[objects.image[at]!]!;
  return positives === 0 ? null : average(curveOf({ isRight, positives }, { times, image }));
}

export interface Resampled {
  readonly value: number;
  /**
   * Mean of the resamples minus the value. An image that is drawn twice finds its objects twice in a row, which the envelope of
   * a precision rewards: where classes have few objects, an interval may lie above its own figure. Differences suffer less.
   */
  readonly bias: number;
  /** Percentile interval at a confidence from 0 to 1, by linear interpolation between order statistics. */
  readonly interval: (confidence: number) => { readonly low: number; readonly high: number };
}

function percentile(sorted: Float64Array, probability: number): number {
  const position = probability * (sorted.length - 1);
  const below = Math.floor(position);
  const low = sorted[below]!;
  return low + (sorted[Math.min(below + 1, sorted.length - 1)]! - low) * (position - below);
}

export interface Resampling {
  readonly seed: number;
  readonly resamples: number;
  /** Told how far it is, 0 to 1, and awaited. */
  readonly progress?: (fraction: number) => Promise<void>;
}

/**
 * Resamples the images of `own`, and with the same draws those of `theirs`, whose figure is taken off.
 * @returns null if no class has objects
 * @throws RangeError if the two are not of the same images
 */
export async function resampleFigure(
  own: Matches,
  theirs: Matches | null,
  figure: AveragePrecision,
  { seed, resamples, progress = () => breathe() }: Resampling,
): Promise<Resampled | null> {
  const images = own.images.length;
  if (theirs && (theirs.images.length !== images || theirs.images.some((id, at) => id !== own.images[at])))
    throw new RangeError(`Cannot pair ${images} images with ${theirs.images.length}: not the same set.`);
  const sides = [own, ...(theirs ? [theirs] : [])].map((matches) => ranked(matches, figure));
  const times = new Uint16Array(images);
  const valueOf = (): number | null => {
    const [first = null, second = 0] = sides.map((byThreshold) =>
      meanOf(byThreshold.flatMap((classes) => classes.map((counted) => weighted(counted, times, figure.average)))),
    );
    return first === null || second === null ? null : first - second;
  };
  const value = images === 0 ? null : (times.fill(1), valueOf());
  if (value === null) return null;
  const values: number[] = [];
  for (let sample = 0; sample < resamples; sample++) {
    if (sample % 10 === 0) await progress(sample / resamples);
    const next = keyed(seed, 'detection-bootstrap', sample);
    times.fill(0);
    for (let drawn = 0; drawn < images; drawn++) times[next.integer(images)]!++;
    // A sample without any object has no figure.
    const drawn = valueOf();
    if (drawn !== null) values.push(drawn);
  }
  const sorted = Float64Array.from(values).sort();
  return {
    value,
    bias: sorted.reduce((sum, each) => sum + each, 0) / sorted.length - value,
    interval: (confidence) => ({
      low: percentile(sorted, (1 - confidence) / 2),
      high: percentile(sorted, 1 - (1 - confidence) / 2),
    }),
  };
}
