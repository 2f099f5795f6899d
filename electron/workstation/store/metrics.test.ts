import fc from 'fast-check';
import { expect, test } from 'vitest';
import { attemptOf, hello, insertPretrain, metrics, openQueries } from './testing/store-fixture.ts';

// To SQLite -0 and 0 are one value, and either may come back.
const finiteValue = fc.double({ min: -1e6, max: 1e6, noNaN: true }).map((value) => value + 0);

test('property: a downsampled curve keeps the least and the greatest value, every step range and the mean', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.integer({ min: 1, max: 5000 }), { minLength: 1, maxLength: 300 }),
      fc.array(finiteValue, { minLength: 300, maxLength: 300 }),
      fc.integer({ min: 1, max: 80 }),
      fc.option(fc.integer({ min: 1, max: 5000 })),
      (steps, values, points, resumedFrom) => {
        const { database, queries } = openQueries();
        insertPretrain(queries, 'run-1');
        const all = steps.toSorted((a, b) => a - b).map((step, index) => [step, values[index] ?? 0] as const);
        queries.apply(attemptOf('run-1', 1, [hello(0), metrics('loss', all)]));
        const later =
          resumedFrom === null
            ? []
            : all.filter(([step]) => step > resumedFrom).map(([step, value]) => [step, value / 2 + 0] as const);
        if (resumedFrom !== null) queries.apply(attemptOf('run-1', 2, [hello(resumedFrom), metrics('loss', later)]));
        const kept = resumedFrom === null ? all : [...all.filter(([step]) => step <= resumedFrom), ...later];
        const tail = resumedFrom === null ? [] : all.filter(([step]) => step > resumedFrom);

        const series = queries.series('run-1', 'loss', points);
        const keptValues = kept.map(([, value]) => value);
        expect(series.steps.length).toBeLessThanOrEqual(points);
        expect(series.steps).toEqual(series.steps.toSorted((a, b) => a - b));
        if (kept.length > 0) {
          expect(Math.min(...series.min.map(Number))).toBe(Math.min(...keptValues));
          expect(Math.max(...series.max.map(Number))).toBe(Math.max(...keptValues));
          expect(series.steps[0]).toBe(kept[0]?.[0]);
        } else expect(series.steps).toEqual([]);
        // Each bucket is the mean of its own points.
        for (const [index, step] of series.steps.entries()) {
          const next = series.steps[index + 1] ?? Infinity;
          const own = kept.filter(([at]) => at >= step && at < next).map(([, value]) => value);
          const scale = Math.max(1, ...own.map(Math.abs));
          expect(
            Math.abs((series.mean[index] ?? Number.NaN) - own.reduce((sum, value) => sum + value, 0) / own.length),
          ).toBeLessThan(1e-9 * scale);
        }
        expect(series.discarded.length).toBe(tail.length > 0 ? 1 : 0);
        // The curve is that of the view.
        const fromView = database
          .prepare('SELECT count(*) AS n, min(value) AS low, max(value) AS high FROM kept_metrics')
          .get();
        expect(fromView).toEqual({
          n: kept.length,
          low: kept.length > 0 ? Math.min(...keptValues) : null,
          high: kept.length > 0 ? Math.max(...keptValues) : null,
        });
        database.close();
      },
    ),
    { numRuns: 80 },
  );
});

test('a bucket with a point that is not finite is null, its neighbours are not', () => {
  const { queries } = openQueries();
  insertPretrain(queries, 'run-1');
  const points = Array.from({ length: 40 }, (_, index) => [index + 1, index === 25 ? null : index] as const);
  queries.apply(attemptOf('run-1', 1, [hello(0), metrics('loss', points)]));
  const series = queries.series('run-1', 'loss', 4);
  expect(series.steps).toEqual([1, 11, 21, 31]);
  expect(series.mean).toEqual([4.5, 14.5, null, 34.5]);
  expect(series.min).toEqual([0, 10, null, 30]);
  expect(series.max).toEqual([9, 19, null, 39]);
  expect(queries.meanMetric('run-1', 'loss', 0)).toBeNull();
  expect(queries.meanMetric('run-1', 'loss', 30)).toBe(34);
  expect(queries.metricNames('run-1')).toEqual(['loss']);
});

test('names come in order, a metric that is not there is an empty curve', () => {
  const { queries } = openQueries();
  insertPretrain(queries, 'run-1');
  queries.apply(attemptOf('run-1', 1, [hello(0), metrics('variance', [[1, 1]]), metrics('loss', [[1, 1]])]));
  expect(queries.metricNames('run-1')).toEqual(['loss', 'variance']);
  expect(queries.series('run-1', 'nothing', 10)).toEqual({
    name: 'nothing',
    steps: [],
    mean: [],
    min: [],
    max: [],
    discarded: [],
  });
  expect(queries.lastMetric('run-1', 'nothing')).toBeNull();
});
