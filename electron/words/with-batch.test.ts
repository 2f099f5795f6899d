/** Another batch: as many images are seen, and the rate is in proportion to it. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { withBatchOf } from './with-batch.ts';

const scaling = { grow: ['rate'], shrink: ['steps', 'drops', 'warmup'] };
const paper = { batch: 16, rate: 0.1, steps: 24_000, drops: [18_000, 22_000], warmup: 1000, warmupFrom: 0.333 };

test('detectron2’s example: an eighth of the batch is an eighth of the rate and eight times the steps', () => {
  expect(withBatchOf(paper, 2, scaling)).toEqual({
    batch: 2,
    rate: 0.0125,
    steps: 192_000,
    drops: [144_000, 176_000],
    warmup: 8000,
    warmupFrom: 0.333,
  });
});

test('a smaller batch and back again is where it began', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 16 }), (batch) => {
      expect(withBatchOf(withBatchOf(paper, batch, scaling), 16, scaling)).toEqual(paper);
    }),
  );
});

test('what is no batch leaves the rest as it is', () => {
  for (const batch of [0, -1, Number.NaN]) expect(withBatchOf(paper, batch, scaling)).toEqual({ ...paper, batch });
});
