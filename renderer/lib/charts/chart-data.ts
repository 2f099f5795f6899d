/** Converts stored series to chart lines. Pure, so that it can be tested without a canvas. */
import type { Series } from '../../../electron/api/curves.ts';

export const maximumPoints = 800;

export interface Curve {
  readonly label: string;
  /** CSS variable that holds the colour. */
  readonly colour: string;
  readonly dash: readonly number[];
  readonly series: Series;
  /** Drawn as dots joined by a line, such as a probe once per epoch. */
  readonly dots?: boolean;
  /** Of another program or run, for comparison: drawn thin, behind one's own. */
  readonly isReference?: boolean;
}

export interface Mark {
  readonly step: number;
  readonly kind: 'checkpoint' | 'resume' | 'interrupted' | 'log' | 'result';
  readonly text: string;
}

export interface Point {
  readonly x: number;
  readonly y: number | null;
}
export interface Line {
  /** `raw` lies behind a smoothed `mean`. */
  readonly role: 'low' | 'high' | 'raw' | 'mean' | 'discarded' | 'reference';
  readonly curve: number;
  readonly points: readonly Point[];
}

/**
 * At most `limit` buckets. Merging keeps the minimum and maximum, so no spike is lost; null (not finite) propagates.
 */
export function thin(series: Series, limit = maximumPoints): Series {
  const count = series.steps.length;
  if (count <= limit) return series;
  const size = Math.ceil(count / limit);
  const steps: number[] = [];
  const mean: (number | null)[] = [];
  const min: (number | null)[] = [];
  const max: (number | null)[] = [];
  for (let first = 0; first < count; first += size) {
    const last = Math.min(first + size, count);
    steps.push(series.steps[first] ?? 0);
    mean.push(
      merge(series.mean.slice(first, last), (values) => values.reduce((sum, value) => sum + value, 0) / values.length),
    );
    min.push(merge(series.min.slice(first, last), (values) => Math.min(...values)));
    max.push(merge(series.max.slice(first, last), (values) => Math.max(...values)));
  }
  return { ...series, steps, mean, min, max };
}

function merge(values: readonly (number | null)[], join: (known: readonly number[]) => number): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === values.length && known.length > 0 ? join(known) : null;
}

/**
 * Exponential moving average over points: each keeps `weight` of the previous average, with bias correction so that it
 * does not start near 0. A non-finite point is a gap, after which the average restarts.
 */
export function smoothed(values: readonly (number | null)[], weight: number): readonly (number | null)[] {
  let [sum, weights] = [0, 0];
  return values.map((value) => {
    if (value === null) {
      [sum, weights] = [0, 0];
      return null;
    }
    sum = weight * sum + value;
    weights = weight * weights + 1;
    return sum / weights;
  });
}

/** The same curve over another axis: epochs or images in place of steps. */
export function scaled(series: Series, perStep: number): Series {
  const steps = (of: readonly number[]): readonly number[] => of.map((step) => step * perStep);
  const discarded = series.discarded.map((tail) => ({ ...tail, steps: steps(tail.steps) }));
  return { ...series, steps: steps(series.steps), discarded };
}

/**
 * The lines of a chart in drawing order: envelopes below, means above, each discarded tail apart from its curve.
 * `smoothing`: the weight of the average drawn instead of the means, which are then drawn behind it.
 */
export function linesOf(curves: readonly Curve[], logarithmic: boolean, smoothing = 0): readonly Line[] {
  const shown = (value: number | null): number | null => (value === null || (logarithmic && value <= 0) ? null : value);
  return curves.flatMap((curve, index) => {
    const series = thin(curve.series);
    const along = (values: readonly (number | null)[]): readonly Point[] =>
      series.steps.map((x, at) => ({ x, y: shown(values[at] ?? null) }));
    if (curve.isReference === true)
      return [
        {
          role: 'reference',
          curve: index,
          points: along(smoothing > 0 ? smoothed(series.mean, smoothing) : series.mean),
        },
      ];
    const isSmoothed = smoothing > 0 && curve.dots !== true;
    const hasSpread = !isSmoothed && series.min.some((value, at) => value !== series.max[at]);
    return [
      ...series.discarded.map((tail): Line => {
        const thinned = thin({ ...series, steps: tail.steps, mean: tail.values, min: tail.values, max: tail.values });
        return {
          role: 'discarded',
          curve: index,
          points: thinned.steps.map((x, at) => ({ x, y: shown(thinned.mean[at] ?? null) })),
        };
      }),
      ...(hasSpread && curve.dots !== true
        ? [
            { role: 'low', curve: index, points: along(series.min) } as const,
            { role: 'high', curve: index, points: along(series.max) } as const,
          ]
        : []),
      ...(isSmoothed ? [{ role: 'raw', curve: index, points: along(series.mean) } as const] : []),
      { role: 'mean', curve: index, points: along(isSmoothed ? smoothed(series.mean, smoothing) : series.mean) },
    ];
  });
}

/** How a line is drawn, on the screen and in a copy. */
export interface Drawing {
  /** CSS variable that holds the colour. */
  readonly colour: string;
  /** Of the colour, in the line and between the lines of a spread. */
  readonly opacity: number;
  /** Pixels; 0: the line itself is not drawn. */
  readonly width: number;
  readonly dash: readonly number[];
  /** Of a dot at each point, in pixels; 0: no dots. */
  readonly radius: number;
}

export function drawingOf({ role, points }: Line, { colour, dash, dots }: Curve): Drawing {
  const plain = { colour, opacity: 1, width: 1, dash: [], radius: 0 };
  const isSingle = points.length === 1;
  switch (role) {
    case 'low':
    case 'high':
      return { ...plain, opacity: 0.18, width: 0 };
    case 'raw':
      return { ...plain, opacity: 0.3 };
    case 'discarded':
      return { ...plain, colour: '--grey-data', dash: [3, 3] };
    case 'reference':
      return { ...plain, dash, radius: isSingle ? 2 : 0 };
    case 'mean':
      return { ...plain, width: 1.5, dash, radius: dots === true || isSingle ? 2.5 : 0 };
  }
}

/** How a mark is drawn: a dashed line over the whole height, or a tick of so many pixels on the axis. */
export const tickOf = (kind: Mark['kind']): number | null =>
  kind === 'interrupted' || kind === 'resume' ? null : kind === 'checkpoint' ? 5 : 9;

/** Position of the last bucket that starts at or before `step`; -1 when the curve starts later. */
export function bucketAt(steps: readonly number[], step: number): number {
  let low = 0;
  let high = steps.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((steps[middle] ?? Infinity) <= step) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** The point at or before a position, the last one for null; null before the first and beyond the last. */
export function valueAt(
  series: Series,
  step: number | null,
): { readonly step: number; readonly value: number | null } | null {
  const at = step === null ? series.steps.length - 1 : bucketAt(series.steps, step);
  const found = series.steps[at];
  if (found === undefined || (step !== null && step > series.steps.at(-1)!)) return null;
  return { step: found, value: series.mean[at] ?? null };
}

/**
 * Value of a curve at a position: that of its point or, if points were merged, the mean of its bucket. Null before the
 * first and beyond the last position.
 */
export function readingOf(
  series: Series,
  place: number,
): { readonly from: number; readonly to: number; readonly value: number | null } | null {
  const at = bucketAt(series.steps, place);
  const from = series.steps[at];
  const end = series.steps.at(-1);
  if (from === undefined || end === undefined || place > end) return null;
  const merged = series.min[at] !== series.max[at];
  return { from, to: merged ? (series.steps[at + 1] ?? from) : from, value: series.mean[at] ?? null };
}

/** First, last and minimum value, for screen readers. Null if there is no finite point. */
export function summary(series: Series): {
  readonly first: number;
  readonly firstStep: number;
  readonly last: number;
  readonly lastStep: number;
  readonly least: number;
  readonly greatest: number;
} | null {
  const finite = series.steps.flatMap((step, at) => {
    const value = series.mean[at];
    return value === null || value === undefined
      ? []
      : [{ step, value, low: series.min[at] ?? value, high: series.max[at] ?? value }];
  });
  const first = finite[0];
  const last = finite.at(-1);
  if (first === undefined || last === undefined) return null;
  return {
    first: first.value,
    firstStep: first.step,
    last: last.value,
    lastStep: last.step,
    least: Math.min(...finite.map((point) => point.low)),
    greatest: Math.max(...finite.map((point) => point.high)),
  };
}

/** Okabe and Ito's colours in their order, and a dash pattern, so that colour is never the only sign. */
const styles: readonly { readonly colour: string; readonly dash: readonly number[] }[] = [
  { colour: '--series-1', dash: [] },
  { colour: '--series-2', dash: [7, 3] },
  { colour: '--series-3', dash: [2, 2] },
  { colour: '--series-4', dash: [8, 3, 2, 3] },
  { colour: '--series-5', dash: [12, 4] },
  { colour: '--series-6', dash: [4, 4] },
  { colour: '--series-7', dash: [1, 3] },
];
/** Fixed positions, so that a method has the same colour and dash everywhere. Others are derived from their name. */
const places: Readonly<Record<string, number>> = {
  vicreg: 0,
  simclr: 1,
  byol: 2,
  'barlow-twins': 3,
  swav: 4,
  simsiam: 5,
  supervised: 2,
  random: 4,
  pixels: 6,
};
export function styleOf(method: string): { readonly colour: string; readonly dash: readonly number[] } {
  const place = places[method] ?? Array.from(method).reduce((sum, letter) => sum + (letter.codePointAt(0) ?? 0), 0);
  return styles[place % styles.length]!;
}
/** Style by place in a palette. Beyond the seventh a colour comes again, with another dash. */
export function styleAt(place: number): { readonly colour: string; readonly dash: readonly number[] } {
  const { colour } = styles[place % styles.length]!;
  const { dash } = styles[(place + Math.floor(place / styles.length)) % styles.length]!;
  return { colour, dash };
}
