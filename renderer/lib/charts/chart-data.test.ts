import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Series } from '../../../electron/api/curves.ts';
import {
  bucketAt,
  linesOf,
  readingOf,
  maximumPoints,
  scaled,
  smoothed,
  styleAt,
  styleOf,
  summary,
  thin,
  valueAt,
  type Curve,
} from './chart-data.ts';

const series = (values: readonly (number | null)[], more: Partial<Series> = {}): Series => ({
  name: 'loss',
  steps: values.map((_value, at) => at * 10),
  mean: values,
  min: values,
  max: values,
  discarded: [],
  ...more,
});
const curve = (of: Series): Curve => ({ label: 'loss', colour: '--series-1', dash: [], series: of });

test('thinning keeps the extremes and never draws more than the limit', () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ noNaN: true, min: -1e6, max: 1e6 }), { minLength: 1, maxLength: 4000 }),
      fc.integer({ min: 1, max: 900 }),
      (values, limit) => {
        const thinned = thin(series(values), limit);
        expect(thinned.steps.length).toBeLessThanOrEqual(limit);
        expect(Math.min(...thinned.min.map((value) => value ?? NaN))).toBe(Math.min(...values));
        expect(Math.max(...thinned.max.map((value) => value ?? NaN))).toBe(Math.max(...values));
        expect(thinned.steps[0]).toBe(0);
      },
    ),
  );
});

test('a value that is not finite stays a gap and is never averaged away', () => {
  const thinned = thin(series([1, null, 3, 4]), 2);
  expect(thinned.mean).toEqual([null, 3.5]);
  expect(linesOf([curve(series([1, null, 3]))], false).at(-1)?.points).toEqual([
    { x: 0, y: 1 },
    { x: 10, y: null },
    { x: 20, y: 3 },
  ]);
});

test('a discarded tail is a separate line, under the curve and not joined to it', () => {
  const lines = linesOf(
    [curve(series([5, 4, 3], { discarded: [{ attempt: 1, steps: [20, 30], values: [3.5, 3.2] }] }))],
    false,
  );
  expect(lines.map((line) => line.role)).toEqual(['discarded', 'mean']);
  expect(lines[0]?.points).toEqual([
    { x: 20, y: 3.5 },
    { x: 30, y: 3.2 },
  ]);
});

test('an envelope is drawn only if there is a spread, low before high', () => {
  const spread = series([2, 3], { min: [1, 3], max: [3, 3] });
  expect(linesOf([curve(spread)], false).map((line) => line.role)).toEqual(['low', 'high', 'mean']);
  expect(linesOf([{ ...curve(spread), dots: true }], false).map((line) => line.role)).toEqual(['mean']);
});

test('smoothing is a weighted mean of the points so far, with the raw curve behind it and gaps kept', () => {
  expect(smoothed([4, 4, 4], 0.9).map((value) => value!.toFixed(12))).toEqual(Array(3).fill((4).toFixed(12)));
  expect(smoothed([0, 3], 0.5)).toEqual([0, 2]);
  expect(smoothed([8, null, 2, 2], 0.5)).toEqual([8, null, 2, 2]);
  fc.assert(
    fc.property(
      fc.array(fc.double({ noNaN: true, min: -1e6, max: 1e6 }), { minLength: 1, maxLength: 50 }),
      fc.double({ min: 0, max: 0.99, noNaN: true }),
      (values, weight) => {
        const [least, most] = [Math.min(...values), Math.max(...values)];
        for (const value of smoothed(values, weight)) {
          expect(value).toBeGreaterThanOrEqual(least - 1e-6);
          expect(value).toBeLessThanOrEqual(most + 1e-6);
        }
      },
    ),
  );
  const lines = linesOf([curve(series([2, 4], { min: [1, 3], max: [3, 5] }))], false, 0.5);
  expect(lines.map((line) => line.role)).toEqual(['raw', 'mean']);
  expect(lines[0]?.points.map((point) => point.y)).toEqual([2, 4]);
});

test('another axis moves every point, also those that were discarded', () => {
  const over = scaled(series([5, 4, 3], { discarded: [{ attempt: 1, steps: [20], values: [3.5] }] }), 0.5);
  expect(over.steps).toEqual([0, 5, 10]);
  expect(over.discarded[0]?.steps).toEqual([10]);
});

test('a logarithmic axis has no place for zero and below', () => {
  expect(linesOf([curve(series([1, 0, -2, 4]))], true)[0]?.points.map((point) => point.y)).toEqual([1, null, null, 4]);
});

test('long series are drawn with at most 800 points', () => {
  const long = series(Array.from({ length: 100_000 }, (_value, at) => Math.sin(at)));
  for (const line of linesOf([curve(long)], false)) expect(line.points.length).toBeLessThanOrEqual(maximumPoints);
});

test('the crosshair reads the bucket that the step lies in', () => {
  const found = series([5, 4, 3]);
  expect([-1, 0, 9, 10, 25].map((step) => bucketAt(found.steps, step))).toEqual([-1, 0, 0, 1, 2]);
  expect(valueAt(found, 14)).toEqual({ step: 10, value: 4 });
  expect(valueAt(found, null)).toEqual({ step: 20, value: 3 });
  expect(valueAt(series([]), 3)).toBeNull();
});

test('a reading at any place is a point or the mean of what was merged; beyond the curve there is none', () => {
  const found = series([5, 4, 3]);
  expect(readingOf(found, 14)).toEqual({ from: 10, to: 10, value: 4 });
  expect([readingOf(found, -1), readingOf(found, 21)]).toEqual([null, null]);
  expect(readingOf(series([5, null, 3]), 10)).toEqual({ from: 10, to: 10, value: null });
  const merged = thin(series([1, 3, 5, 7, 9, 11]), 3);
  expect(readingOf(merged, 29)).toEqual({ from: 20, to: 40, value: 6 });
});

test('the summary describes the curve for screen readers', () => {
  expect(summary(series([5, null, 2, 3]))).toEqual({
    first: 5,
    firstStep: 0,
    last: 3,
    lastStep: 30,
    least: 2,
    greatest: 5,
  });
  expect(summary(series([null]))).toBeNull();
});

test('every place in a palette has a style of its own', () => {
  const looks = Array.from({ length: 49 }, (_, place) => JSON.stringify(styleAt(place)));
  expect(new Set(looks).size).toBe(49);
});

test('a method has the same style every time, and the listed ones differ', () => {
  expect(styleOf('new-method')).toEqual(styleOf('new-method'));
  const colours = ['vicreg', 'simclr', 'byol', 'barlow-twins', 'swav', 'simsiam'].map(
    (method) => styleOf(method).colour,
  );
  expect(new Set(colours).size).toBe(colours.length);
});
