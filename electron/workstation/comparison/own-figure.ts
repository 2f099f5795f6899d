/** Our figure of a row: which values it is made of, over which units of replication, and how far it may lie from their mean. */
import type { Metric } from '../../../trainer/protocol/catalogue.ts';
import type { Interval, OwnFigure, Which } from '../../api/comparison.ts';
import type { Resamplings } from './rankings.ts';
import {
  disagreeing,
  replicationOf,
  variedIn,
  type Measurement,
  type Replicating,
  type Replication,
} from './replication.ts';
import { resampledTogether, type Resampled } from './statistics/bootstrap.ts';
import { clampPercent, seedInterval, wilson } from './statistics/intervals.ts';
import { summarize } from './statistics/summary.ts';

export interface Figured {
  readonly ours: OwnFigure;
  readonly replication: Replication;
  /** One a unit: the values behind mean, interval and verdict. Empty where there is no mean. */
  readonly figures: readonly number[];
  /** Over the images of the units. */
  readonly resampled: Resampled | null;
}

function intervalOf(
  figures: readonly number[],
  images: number,
  unit: Metric['unit'],
  resampled: Resampled | null,
): Interval | null {
  const seeds = seedInterval(figures, 0.95);
  if (seeds !== null) {
    return { ...(unit === 'number' ? seeds : clampPercent(seeds)), confidence: 0.95, method: 't-seeds' };
  }
  // An AP over images has no binomial spread: without resampling it has no interval.
  if (resampled !== null) return { ...resampled.interval(0.95), confidence: 0.95, method: 'bootstrap' };
  if (figures.length === 0 || unit !== 'share' || images === 0) return null;
  return { ...wilson(summarize(figures).mean, images, 0.95), confidence: 0.95, method: 'wilson' };
}

function resampledOver({ units }: Replication, resamplings: Resamplings): Resampled | null {
  const found = units.flatMap(({ measurements }) => measurements.map(({ result }) => resamplings.get(result)));
  const known = found.filter((one) => one !== undefined);
  return known.length === 0 || known.length < found.length ? null : resampledTogether(known);
}

export interface FigureRequest extends Replicating {
  readonly resamplings: Resamplings;
  readonly computedBy: (run: string) => Promise<string | null>;
  readonly unit: Metric['unit'];
  readonly which: Which;
}

/** @param measurements of both epochs of a head, in the order in which they are listed */
export async function ownFigure(measurements: readonly Measurement[], request: FigureRequest): Promise<Figured> {
  const { resamplings, computedBy, unit, which } = request;
  const replication = replicationOf(
    measurements.filter(({ result }) => result.which === which),
    request,
  );
  const { units } = replication;
  const wrong = await disagreeing(replication, request, computedBy);
  const values = units.map(({ value }) => value);
  const known = values.filter((value) => value !== null);
  // One diverged seed makes the mean unknown: excluding it would bias the mean.
  const figures = known.length < values.length || wrong.length > 0 ? [] : known;
  const images = units[0]?.measurements[0]?.result.n ?? 0;
  const resampled = resampledOver(replication, resamplings);
  const { mean, sd } = figures.length === 0 ? { mean: null, sd: null } : summarize(figures);
  const numbers = new Map(
    replicationOf(measurements, request).units.flatMap((one, at) =>
      one.measurements.map(({ run }) => [run.id, at + 1]),
    ),
  );
  const ours: OwnFigure = {
    mean,
    which,
    n: units.length,
    unit: replication.unit,
    varied: variedIn(replication, request),
    sd,
    images,
    interval: intervalOf(figures, images, unit, resampled),
    values: measurements.map(({ run, seed, result }) => ({
      run: run.id,
      unit: numbers.get(run.id)!,
      seed,
      evaluationSeed: run.config.kind === 'evaluate' ? run.config.seed : null,
      value: result.value,
      which: result.which,
    })),
    disagreeing: wrong,
  };
  return { ours, replication, figures, resampled };
}
