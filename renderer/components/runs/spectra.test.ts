/** Curves of singular values become one spectrum a probe. */
import { expect, test } from 'vitest';
import { spectraOf } from './spectra.ts';

const series = (steps: readonly number[], mean: readonly (number | null)[]) => ({
  name: '',
  steps,
  mean,
  min: mean,
  max: mean,
  discarded: [],
});

test('each probe has its spectrum, in the order of the steps, without what was not finite or is not there yet', () => {
  const ranks = [
    { rank: 2, series: series([10, 20], [0.5, 0.8]) },
    { rank: 4, series: series([10, 20], [0.1, null]) },
    { rank: 8, series: undefined },
  ];
  expect(spectraOf(ranks)).toEqual([
    { step: 10, values: [{ rank: 2, value: 0.5 }, { rank: 4, value: 0.1 }] }, // prettier-ignore
    { step: 20, values: [{ rank: 2, value: 0.8 }] },
  ]);
  expect(spectraOf([])).toEqual([]);
});
