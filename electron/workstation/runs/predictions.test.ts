/** What an evaluation took its images for is counted and listed as it is in the file; a damaged file is named. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { packPredictions } from '../../../trainer/durable/predictions-file.ts';
import { sealedLine } from '../../../trainer/durable/sealed-line.ts';
import { leftOutFile } from '../../../trainer/protocol/left-out.ts';
import { noClass, wholeShare, type Predictions } from '../../../trainer/protocol/predictions.ts';
import type { Store } from '../store/store.ts';
import type { Pictures } from '../data/pictures.ts';
import { classesOf, createPredictionReading, imagesOf, type PredictionReading } from './predictions.ts';

interface Golden {
  readonly knn: readonly { readonly guesses: readonly number[]; readonly confusion: readonly (readonly number[])[] }[];
}
const golden = JSON.parse(
  readFileSync(new URL('../../../trainer/nn/golden/classifiers.json', import.meta.url), 'utf8'),
) as Golden;

const file = 'results/knn-top1-only.predictions.bin.gz';
const tested = { dataset: 'idx', path: '/data', split: 'test', fingerprint: 'f0' };
let folder = '';
let asked: unknown[] = [];
let reading: PredictionReading;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'predictions-'));
  mkdirSync(join(folder, 'results'));
  asked = [];
  const result = { which: 'only', n: 4, predictions: file };
  const store = {
    run: () => Promise.resolve({ folder, config: { kind: 'evaluate', test: { ...tested, exclude: ['b.png'] } } }),
    results: () => Promise.resolve([{ result }]),
  } as unknown as Store;
  const pictures = {
    range: (...given: unknown[]) => {
      asked.push(given);
      return Promise.resolve({ total: 0, pictures: [] });
    },
  } as unknown as Pictures;
  reading = createPredictionReading(store, pictures);
});
afterEach(() => rmSync(folder, { recursive: true }));

const shareOf = (share: number): number => Math.round(share * wholeShare);
const small: Predictions = {
  names: ['cat', 'dog', 'owl'],
  labels: Uint16Array.of(0, 0, 1, 1),
  guesses: Uint16Array.of(1, 1, 1, noClass),
  shares: Uint16Array.of(shareOf(0.6), shareOf(0.9), shareOf(0.5), 0),
};
const write = (bytes: Uint8Array): void => writeFileSync(join(folder, file), bytes);
const packed = (predictions: Predictions): Uint8Array => gzipSync(Buffer.concat(packPredictions(predictions)));

test.each(golden.knn)('confusions are those of scikit-learn', ({ guesses, confusion }) => {
  const count = guesses.length;
  const { classes, confusions, images, right } = classesOf({
    names: confusion.map((_, label) => String(label)),
    labels: Uint16Array.from({ length: count }, (_, at) => at % confusion.length),
    guesses: Uint16Array.from(guesses),
    shares: new Uint16Array(count),
  });
  const matrix = confusion.map((row) => row.map(() => 0));
  classes.forEach((one, label) => (matrix[label]![label] = one.right));
  for (const { label, guess, images: confused } of confusions) matrix[label]![guess] = confused;
  expect(matrix).toEqual(confusion);
  expect([images, right]).toEqual([count, confusion.reduce((sum, row, label) => sum + row[label]!, 0)]);
  expect(classes.map(({ taken }) => taken)).toEqual(
    confusion.map((_, guess) => confusion.reduce((sum, row) => sum + row[guess]!, 0)),
  );
});

test('the images of a class add up, whatever they were taken for, and every wrong one is listed once', () => {
  const label = fc.nat(4);
  const rows = fc.array(fc.tuple(label, fc.oneof(label, fc.constant(noClass)), fc.nat(wholeShare)));
  fc.assert(
    fc.property(rows, (given) => {
      const predictions: Predictions = {
        names: ['a', 'b', 'c', 'd', 'e'],
        labels: Uint16Array.from(given, ([one]) => one),
        guesses: Uint16Array.from(given, ([, one]) => one),
        shares: Uint16Array.from(given, ([, , one]) => one),
      };
      const { classes, confusions, takenForNone, right } = classesOf(predictions);
      const confused = confusions.reduce((sum, { images }) => sum + images, 0);
      expect(right + confused + takenForNone).toBe(given.length);
      for (const [at, { images }] of classes.entries()) {
        const wrong = imagesOf(predictions, { which: 'only', label: at, guess: null }, 0, given.length);
        expect(images - classes[at]!.right).toBe(wrong.total);
        const shares = wrong.images.map(({ share }) => share);
        expect(shares).toEqual(shares.toSorted((one, other) => other - one));
      }
      for (const { label: of, guess, images } of confusions)
        expect(imagesOf(predictions, { which: 'only', label: of, guess }, 0, 0).total).toBe(images);
    }),
  );
});

test('classes have their interval, and images come surest first from a place on', async () => {
  write(packed(small));
  const { classes, takenForNone } = await reading.classes('one', 'only');
  // scipy.stats.binomtest(k, n).proportion_ci(0.95, 'wilson'), of 0 of 2 and of 1 of 2.
  expect(classes.map(({ interval }) => interval && [interval.low, interval.high])).toEqual([
    [0, expect.closeTo(65.76198, 4)],
    [expect.closeTo(9.45312, 4), expect.closeTo(90.54688, 4)],
    null,
  ]);
  expect(takenForNone).toBe(1);
  const ofCats = await reading.images('one', { which: 'only', label: 0, guess: null }, 0, 1);
  expect(ofCats).toEqual({
    total: 2,
    images: [{ place: 1, label: 0, guess: 1, share: expect.closeTo(0.9, 4) as number }],
  });
  const second = await reading.images('one', { which: 'only', label: null, guess: null }, 1, 9);
  expect(second.images.map(({ place, guess }) => [place, guess])).toEqual([[0, 1], [3, null]]); // prettier-ignore
});

test('pictures are asked for by their places among those that were tested', async () => {
  const image = { kind: 'image', foundBy: 'run', contents: 'f0', split: 'test', reason: 'torn', sha256: null };
  const lines = [
    { ...image, file: 'a.png', step: null },
    { ...image, file: 'train.png', split: 'train', step: null },
    { ...image, file: 'later.png', step: 9 },
  ];
  writeFileSync(join(folder, leftOutFile), lines.map((line) => `${sealedLine(line)}\n`).join(''));
  await reading.pictures('one', [3, 1]);
  const among = { kind: 'tested', places: [3, 1], without: ['a.png', 'b.png'] };
  expect(asked).toEqual([['f0', { split: 'test', class: null, objects: null, among }, 0, 2]]);
});

test('a file that is gone, torn or of other images is named with what to do; the results stay', async () => {
  const asking = () => reading.classes('one', 'only');
  await expect(asking()).rejects.toThrow(`${file} is gone`);
  const whole = packed(small);
  for (let length = 0; length < whole.length; length++) {
    write(whole.subarray(0, length));
    await expect(asking(), `${length} bytes`).rejects.toThrow(new RegExp(`${file}.*Evaluate again`));
  }
  write(packed({ ...small, labels: new Uint16Array(2), guesses: new Uint16Array(2), shares: new Uint16Array(2) }));
  await expect(asking()).rejects.toThrow('it has 2 images, and 4 were tested');
  write(gzipSync('no predictions'));
  await expect(asking()).rejects.toThrow('the names of its classes are missing');
  write(whole);
  expect((await asking()).images).toBe(4);
  await expect(reading.classes('one', 'best')).rejects.toThrow('Evaluate again');
});
