import { expect, test } from 'vitest';
import type { Series } from '../../../electron/api/curves.ts';
import { linesOf } from './chart-data.ts';
import { perPosition } from './reference-axis.ts';

const of = (axis: 'step' | 'epoch', stepsPerEpoch: number | null = null, batch: number | null = null) => ({
  axis,
  stepsPerEpoch,
  batch,
});

test.each([
  // On one's own steps, curves by epochs are as long as the file says, else as one's own.
  [of('step'), 'step', null, 1],
  [of('epoch', 20), 'step', 50, 20],
  [of('epoch'), 'step', 50, 50],
  [of('epoch'), 'step', null, null],
  [of('epoch'), 'epoch', null, 1],
  [of('step', 20), 'epoch', null, 1 / 20],
  [of('step'), 'epoch', 50, null],
  [of('step', null, 256), 'image', null, 256],
  [of('epoch', 20, 256), 'image', null, 5120],
  [of('epoch', null, 256), 'image', 50, null],
  [of('step', 20, 256), 'minute', null, null],
] as const)('%o over %s, of a run with %s steps an epoch: %s', (curves, over, own, expected) => {
  expect(perPosition(curves, over, own)).toBe(expected);
});

test('a reference curve is one thin line, without envelope, and smoothed like the others', () => {
  const series: Series = { name: 'loss', steps: [0, 10], mean: [4, 2], min: [3, 1], max: [5, 3], discarded: [] };
  const curve = { label: 'Theirs', colour: '--text-2', dash: [3, 2], series, isReference: true };
  expect(linesOf([curve], false)).toEqual([
    { role: 'reference', curve: 0, points: [{ x: 0, y: 4 }, { x: 10, y: 2 }] }, // prettier-ignore
  ]);
  expect(linesOf([curve], false, 0.5)[0]?.points[1]?.y).toBeCloseTo(8 / 3);
});
