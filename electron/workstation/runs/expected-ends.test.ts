/** The queue played through by estimates, and runs put back where they stood. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { expectedEnds, type WaitingRun } from './expected-ends.ts';
import { withPutBack } from './queue-order.ts';

const waiting = (id: string, seconds: number | null, more: Partial<WaitingRun> = {}): WaitingRun => ({
  id,
  seconds,
  after: null,
  isHeldBack: false,
  ...more,
});
const ends = (queue: readonly WaitingRun[], freeAt: number | null, run: string | null = null) =>
  Object.fromEntries(expectedEnds(queue, { run, freeAt }));

test('each run begins when the one before it is done', () => {
  expect(ends([waiting('a', 10), waiting('b', 5)], 1000)).toEqual({ a: 11_000, b: 16_000 });
});

test('a run that waits for another is passed over until that is done', () => {
  const queue = [waiting('evaluation', 5, { after: 'b' }), waiting('a', 10), waiting('b', 20)];
  expect(ends(queue, 0)).toEqual({ a: 10_000, b: 30_000, evaluation: 35_000 });
  expect(ends([waiting('evaluation', 5, { after: 'current' })], 0, 'current')).toEqual({ evaluation: 5000 });
});

test('without an estimate no end is told, neither of the run nor of those behind it', () => {
  expect(ends([waiting('a', 10), waiting('b', null), waiting('c', 5)], 0)).toEqual({ a: 10_000, b: null, c: null });
  expect(ends([waiting('a', 10)], null)).toEqual({ a: null });
});

test('what is held back, or waits for it, has no end and delays nobody', () => {
  const held = { isHeldBack: true };
  const queue = [
    waiting('a', 10, held),
    waiting('of a', 1, { after: 'a' }),
    waiting('of no one', 1, { after: 'gone' }),
  ];
  expect(ends([...queue, waiting('b', 5)], 0)).toEqual({ a: null, 'of a': null, 'of no one': null, b: 5000 });
});

test('runs that are put back stand where they stood, whatever became of the others', () => {
  expect(withPutBack(['a', 'd'], ['b', 'c'], ['a', 'b', 'c', 'd'])).toEqual(['a', 'b', 'c', 'd']);
  expect(withPutBack(['d', 'e'], ['b'], ['a', 'b', 'c', 'd'])).toEqual(['b', 'd', 'e']);
  expect(withPutBack(['d', 'a'], ['b'], ['a', 'b', 'c', 'd'])).toEqual(['d', 'a', 'b']);
  const some = fc.uniqueArray(fc.integer({ min: 0, max: 30 }).map(String), { maxLength: 12 });
  fc.assert(
    fc.property(some, fc.func(fc.boolean()), (former, isTaken) => {
      const taken = former.filter((run) => isTaken(run));
      const left = former.filter((run) => !taken.includes(run));
      expect(withPutBack(left, taken, former)).toEqual(former);
    }),
  );
});
