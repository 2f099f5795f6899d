/** Curves. A curve consists of each attempt's points up to where a later one took over; the rest is kept separately. */
import type { Series } from '../../api/curves.ts';
import type { ReadableDatabase } from './open.ts';
import { statement } from './statement.ts';

interface Segment {
  readonly attempt: number;
  /** Last step of the attempt that belongs to the curve: where the earliest later attempt took over. */
  readonly keptTo: number;
}

const forever = Number.MAX_SAFE_INTEGER;

function segments(database: ReadableDatabase, run: string): readonly Segment[] {
  const attempts = statement<{ readonly attempt: number; readonly fromStep: number; readonly began: number }>(
    database,
    `SELECT attempt, from_step AS fromStep,
       EXISTS (SELECT 1 FROM hellos h WHERE h.run_id = a.run_id AND h.attempt = a.attempt) AS began
     FROM attempts a WHERE run_id = ? ORDER BY attempt`,
  ).all(run);
  return attempts.map(({ attempt }, index) => ({
    attempt,
    keptTo: Math.min(
      forever,
      ...attempts.slice(index + 1).flatMap(({ began, fromStep }) => (began === 1 ? [fromStep] : [])),
    ),
  }));
}

export function metricNames(database: ReadableDatabase, run: string): readonly string[] {
  // Skips from name to name by the key: DISTINCT would scan every point of the run.
  return statement<{ readonly name: string }>(
    database,
    `WITH RECURSIVE names (name) AS (
       SELECT min(name) FROM metrics WHERE run_id = @run
       UNION ALL
       SELECT (SELECT min(name) FROM metrics WHERE run_id = @run AND name > names.name) FROM names WHERE names.name IS NOT NULL
     )
     SELECT name FROM names WHERE name IS NOT NULL`,
  )
    .all({ run })
    .map((row) => row.name);
}

export function lastMetric(database: ReadableDatabase, run: string, name: string): number | null {
  for (const { attempt, keptTo } of segments(database, run).toReversed()) {
    const row = statement<{ readonly value: number | null }>(
      database,
      `SELECT value FROM metrics WHERE run_id = ? AND name = ? AND attempt = ? AND step <= ? ORDER BY step DESC LIMIT 1`,
    ).get(run, name, attempt, keptTo);
    if (row !== undefined) return row.value;
  }
  return null;
}

/** Null if there is no point, or one is not finite. */
export function meanMetric(database: ReadableDatabase, run: string, name: string, fromStep: number): number | null {
  let [sum, count] = [0, 0];
  for (const { attempt, keptTo } of segments(database, run)) {
    const part = aggregate(database, { run, name, attempt, low: fromStep, high: keptTo });
    if (part.missing > 0) return null;
    sum += part.sum ?? 0;
    count += part.count;
  }
  return count === 0 ? null : sum / count;
}

interface Span {
  readonly run: string;
  readonly name: string;
  readonly attempt: number;
  /** Both included. */
  readonly low: number;
  readonly high: number;
}

interface Bucket {
  readonly first: number | null;
  readonly sum: number | null;
  readonly low: number | null;
  readonly high: number | null;
  readonly count: number;
  /** Number of non-finite points. */
  readonly missing: number;
}

/**
 * One walk along the primary key. Grouping all points in one statement would sort them first, which takes four times as
 * long.
 */
function aggregate(database: ReadableDatabase, span: Span): Bucket {
  return statement<Bucket>(
    database,
    `SELECT min(step) AS first, sum(value) AS sum, min(value) AS low, max(value) AS high, count(*) AS count,
       count(*) - count(value) AS missing
     FROM metrics WHERE run_id = @run AND name = @name AND attempt = @attempt AND step BETWEEN @low AND @high`,
  ).get(span) as Bucket;
}

function spanOf(database: ReadableDatabase, span: Span): { readonly first: number; readonly last: number } | null {
  const where = 'run_id = @run AND name = @name AND attempt = @attempt AND step BETWEEN @low AND @high';
  const found = statement<{ readonly first: number | null; readonly last: number | null }>(
    database,
    `SELECT (SELECT min(step) FROM metrics WHERE ${where}) AS first, (SELECT max(step) FROM metrics WHERE ${where}) AS last`,
  ).get(span);
  return found === undefined || found.first === null || found.last === null
    ? null
    : { first: found.first, last: found.last };
}

interface Point {
  readonly step: number;
  readonly value: number | null;
}

function pointsOf(database: ReadableDatabase, span: Span, limit: number): readonly Point[] {
  return statement<Point>(
    database,
    `SELECT step, value FROM metrics
     WHERE run_id = @run AND name = @name AND attempt = @attempt AND step BETWEEN @low AND @high
     ORDER BY step LIMIT @limit`,
  ).all({ ...span, limit });
}

export function series(database: ReadableDatabase, run: string, name: string, points: number): Series {
  const limit = Math.max(1, Math.floor(points));
  const parts = segments(database, run);
  const kept = parts.map(({ attempt, keptTo }) => ({ run, name, attempt, low: 0, high: keptTo }));
  const tails = parts
    .filter(({ keptTo }) => keptTo < forever)
    .map(({ attempt, keptTo }) => ({ run, name, attempt, low: keptTo + 1, high: forever }));
  const curve = downsample(database, kept, limit);
  return {
    name,
    steps: curve.map((bucket) => bucket.step),
    mean: curve.map((bucket) => bucket.mean),
    min: curve.map((bucket) => bucket.min),
    max: curve.map((bucket) => bucket.max),
    discarded: tails.flatMap((tail) => {
      const drawn = downsample(database, [tail], limit);
      if (drawn.length === 0) return [];
      const [steps, values] = [drawn.map((bucket) => bucket.step), drawn.map((bucket) => bucket.mean)];
      return [{ attempt: tail.attempt, steps, values }];
    }),
  };
}

interface Drawn {
  readonly step: number;
  readonly mean: number | null;
  readonly min: number | null;
  readonly max: number | null;
}

/** At most `limit` buckets of equal width in steps; single points if there are no more than that. */
function downsample(database: ReadableDatabase, spans: readonly Span[], limit: number): readonly Drawn[] {
  const raw: Point[] = [];
  for (const span of spans) {
    if (raw.length <= limit) raw.push(...pointsOf(database, span, limit + 1 - raw.length));
  }
  if (raw.length <= limit)
    return raw
      .toSorted((left, right) => left.step - right.step)
      .map(({ step, value }) => ({ step, mean: value, min: value, max: value }));

  const filled = spans.flatMap((span) => {
    const ends = spanOf(database, span);
    return ends === null ? [] : [{ span, ...ends }];
  });
  const origin = Math.min(...filled.map((part) => part.first));
  const width = Math.ceil((Math.max(...filled.map((part) => part.last)) - origin + 1) / limit);
  const buckets = new Map<number, Bucket>();
  for (const { span, first, last } of filled) {
    for (let index = Math.floor((first - origin) / width); origin + index * width <= last; index += 1) {
      const low = Math.max(span.low, origin + index * width);
      const high = Math.min(span.high, origin + (index + 1) * width - 1);
      const bucket = aggregate(database, { ...span, low, high });
      if (bucket.count > 0) buckets.set(index, joined(buckets.get(index), bucket));
    }
  }
  return [...buckets.entries()].sort(([left], [right]) => left - right).map(([, bucket]) => drawn(bucket));
}

/** If a resume falls inside a bucket, two attempts share it. */
function joined(left: Bucket | undefined, right: Bucket): Bucket {
  if (left === undefined) return right;
  const least = (a: number | null, b: number | null) => (a === null || (b !== null && b < a) ? b : a);
  const most = (a: number | null, b: number | null) => (a === null || (b !== null && b > a) ? b : a);
  return {
    first: least(left.first, right.first),
    sum: left.sum === null || right.sum === null ? null : left.sum + right.sum,
    low: least(left.low, right.low),
    high: most(left.high, right.high),
    count: left.count + right.count,
    missing: left.missing + right.missing,
  };
}

function drawn(bucket: Bucket): Drawn {
  const step = bucket.first ?? 0;
  if (bucket.missing > 0 || bucket.sum === null) return { step, mean: null, min: null, max: null };
  return { step, mean: bucket.sum / bucket.count, min: bucket.low, max: bucket.high };
}
