/** What each sample is taken for: the guess behind the accuracy, its share, and the file that keeps both. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { packPredictions, unpackPredictions } from '../../durable/predictions-file.ts';
import { noClass, wholeShare } from '../../protocol/predictions.ts';
import { guessesOf } from './guesses.ts';
import { topKCorrect } from './top-k.ts';

const odd = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, -0];

test('a guess is the true class just where the sample counts as right, whatever the scores', () => {
  const score = fc.oneof({ weight: 3, arbitrary: fc.integer({ min: -3, max: 3 }) }, fc.constantFrom(...odd));
  const samples = fc.integer({ min: 1, max: 6 }).chain((classes) =>
    fc.record({
      classes: fc.constant(classes),
      rows: fc.array(fc.tuple(fc.array(score, { minLength: classes, maxLength: classes }), fc.nat(classes - 1)), {
        minLength: 1,
      }),
    }),
  );
  fc.assert(
    fc.property(samples, ({ classes, rows }) => {
      const scores = Float32Array.from(rows.flatMap(([row]) => row));
      const labels = Int32Array.from(rows.map(([, label]) => label));
      const { guesses, shares } = guessesOf(scores, classes, 'logits');
      const right = Uint8Array.from(guesses, (guess, at) => Number(guess === labels[at]));
      expect(right).toEqual(topKCorrect(scores, labels, classes, 1));
      guesses.forEach((guess, at) => {
        // The highest of so many probabilities is no less than their mean.
        if (guess !== noClass) expect(shares[at]! / wholeShare).toBeGreaterThan(1 / classes - 1e-4);
        else expect(shares[at]).toBe(0);
      });
    }),
  );
});

test('the share of a guess is its probability, or its part of the votes', () => {
  const logits = Float32Array.of(Math.log(7), Math.log(2), Math.log(1), 1000, 0, 0);
  const ofLogits = guessesOf(logits, 3, 'logits');
  expect([...ofLogits.guesses]).toEqual([0, 0]);
  expect([...ofLogits.shares].map((share) => share / wholeShare)).toEqual([expect.closeTo(0.7, 4), 1]);
  const votes = guessesOf(Float32Array.of(Number.NEGATIVE_INFINITY, 3, 1), 3, 'votes');
  expect([votes.guesses[0], votes.shares[0]! / wholeShare]).toEqual([1, expect.closeTo(0.75, 4)]);
});

test('the file says what was put into it, in six bytes an image, and refuses what is none', () => {
  const number = fc.nat(wholeShare);
  const predictions = fc.array(fc.string(), { minLength: 1, maxLength: 20 }).chain((names) => {
    const label = fc.nat(names.length - 1);
    return fc.array(fc.tuple(label, fc.oneof(label, fc.constant(noClass)), number), { maxLength: 50 }).map((rows) => ({
      names,
      labels: Uint16Array.from(rows, ([one]) => one),
      guesses: Uint16Array.from(rows, ([, one]) => one),
      shares: Uint16Array.from(rows, ([, , one]) => one),
    }));
  });
  fc.assert(
    fc.property(predictions, (given) => {
      const bytes = Buffer.concat(packPredictions(given));
      expect(unpackPredictions(bytes)).toEqual(given);
      expect(bytes.length).toBe(
        Buffer.byteLength(`${JSON.stringify({ names: given.names })}\n`) + 6 * given.labels.length,
      );
      if (given.labels.length > 0)
        expect(() => unpackPredictions(bytes.subarray(0, bytes.length - 1))).toThrow('whole number');
    }),
  );
  const foreign = Buffer.concat(
    packPredictions({ names: ['a'], labels: Uint16Array.of(1), guesses: Uint16Array.of(0), shares: Uint16Array.of(0) }),
  );
  expect(() => unpackPredictions(foreign)).toThrow('none of the 1 that have names');
  expect(() => unpackPredictions(new Uint8Array(12))).toThrow('names of its classes');
});
