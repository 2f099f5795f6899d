/** Words and bags of feature maps, against plain loops. */
import * as tf from '@tensorflow/tfjs';
import * as v from 'valibot';
import { beforeAll, describe, expect, it } from 'vitest';
import { openEngine } from '../../engine/steps/open.ts';
import { Execution } from '../../protocol/run.ts';
import { bagsOf, divergence, entropyOf, toldPlaces, wordsOf } from './bag-of-words.ts';
import { deviation, formula } from '../testing/golden.ts';

beforeAll(async () => {
  await openEngine(v.parse(Execution, { engine: 'eager', threads: 2 }));
});

const [images, channels, words] = [3, 4, 7];
const range = (length: number): readonly number[] => Array.from({ length }, (_, place) => place);
const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

/** A map given by a formula, and its value at any position. */
function mapOf(height: number, width: number) {
  const values = formula('map', [images, height, width, channels], 1);
  return {
    tensor: () => tf.tensor(values, [images, height, width, channels]),
    at: (image: number, row: number, column: number, channel: number): number =>
      values[((image * height + row) * width + column) * channels + channel]!,
  };
}

/** Rows or columns described by words: all, or all but the first and last if a window of 3 fits. */
const toldOf = (length: number, isCut: boolean): readonly number[] =>
  range(length).slice(isCut ? 1 : 0, isCut ? -1 : undefined);

const sizes = [
  { height: 7, width: 6 },
  { height: 5, width: 5 },
  { height: 5, width: 4 },
  { height: 4, width: 4 },
  { height: 2, width: 2 },
  { height: 1, width: 1 },
];

describe.each(sizes)('a map of $height x $width', ({ height, width }) => {
  const map = mapOf(height, width);
  const isCut = Math.min(height, width) >= 5;
  const [rows, columns] = [toldOf(height, isCut), toldOf(width, isCut)];
  const places = rows.flatMap((row) => columns.map((column) => [row, column] as const));

  it('has bags that the loops give', () => {
    const vocabulary = formula('vocabulary', [words, channels], 1);
    const distances = range(images).map((image) =>
      places.map(([row, column]) =>
        range(words).map((word) =>
          sum(
            range(channels).map(
              (channel) => (map.at(image, row, column, channel) - vocabulary[word * channels + channel]!) ** 2,
            ),
          ),
        ),
      ),
    );
    const nearest = distances.flat().map((ofPlace) => Math.min(...ofPlace));
    const mean = sum(nearest) / nearest.length;
    const wanted = distances.flatMap((ofImage) => {
      const shares = ofImage.map((ofPlace) => {
        const weights = ofPlace.map((distance) => Math.exp((-4 * distance) / mean));
        return weights.map((weight) => weight / sum(weights));
      });
      const largest = range(words).map((word) => Math.max(...shares.map((ofPlace) => ofPlace[word]!)));
      return largest.map((share) => share / sum(largest));
    });
    const found = tf.tidy(() =>
      bagsOf(toldPlaces(map.tensor()), tf.tensor(vocabulary, [words, channels]), 4).dataSync(),
    );
    expect(deviation(found, wanted)).toBeLessThan(1e-5);
  });

  it('uses as a word the mean over a randomly chosen window', () => {
    const [high, wide] = [Math.min(3, rows.length), Math.min(3, columns.length)];
    const windows = range(rows.length - high + 1).flatMap((row) =>
      range(columns.length - wide + 1).map((column) => [row, column] as const),
    );
    // The first window, one between and the last.
    const draws = [0, 0.6, 1 - 2 ** -24];
    const wanted = draws.flatMap((draw, image) => {
      const [top, left] = windows[Math.floor(draw * windows.length)]!;
      return range(channels).map((channel) => {
        const values = rows
          .slice(top, top + high)
          .flatMap((row) => columns.slice(left, left + wide).map((column) => map.at(image, row, column, channel)));
        return sum(values) / values.length;
      });
    });
    const found = tf.tidy(() => wordsOf(map.tensor(), tf.tensor1d(draws)).dataSync());
    expect(deviation(found, wanted)).toBeLessThan(1e-5);
  });
});

it('gives uniform bags, not NaN, if every position equals a word', () => {
  const found = tf.tidy(() => bagsOf(tf.zeros([2, 3, channels]), tf.zeros([words, channels]), 15).dataSync());
  for (const share of found) expect(share).toBeCloseTo(1 / words, 6);
});

it('computes the entropy of bags, and zero divergence from the scores that produce them', () => {
  const bags = (): tf.Tensor => tf.tensor([0, 1, 0, 0, 0.25, 0.25, 0.25, 0.25], [2, 4]);
  expect(tf.tidy(() => entropyOf(bags()).dataSync()[0])).toBeCloseTo(Math.log(4) / 2, 6);
  const scores = (): tf.Tensor => tf.log(tf.maximum(bags(), 1e-9)).reshape([2, 1, 4]);
  expect(tf.tidy(() => divergence(bags(), scores()).dataSync()[0])).toBeCloseTo(0, 6);
});
