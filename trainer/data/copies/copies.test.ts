import fc from 'fast-check';
import sharp, { type Sharp } from 'sharp';
import { describe, expect, test } from 'vitest';
import { renderScene } from '../sample/sample-scene.ts';
import type { Pixels } from '../pixels/rows.ts';
import { decode } from '../pixels/decode.ts';
import { CopySearch, type ComparedPicture } from './copies.ts';
import { createHammingIndex, radius } from './hamming-index.ts';
import { mirrored, product, signatureOf, valueCount, wordCount, type Signature } from './signature.ts';

const scene = (index: number, size = 96): Pixels => ({
  pixels: renderScene(7, 'train', index, index % 10, size).pixels,
  width: size,
  height: size,
  channels: 3,
});
const sharpOf = ({ pixels, width, height }: Pixels) => sharp(pixels, { raw: { width, height, channels: 3 } });
const decoded = async (file: Promise<Buffer>) => decode({ kind: 'encoded', bytes: await file }, 3);
const likeness = (one: Signature, other: Signature) =>
  product(one.values, other.values, 0) /
  Math.sqrt(product(one.values, one.values, 0) * product(other.values, other.values, 0));

const pauses = { due: () => false, pause: () => Promise.resolve() };
let contents = 0;
const picture = (split: string, name: string, signature: Signature | null): ComparedPicture => ({
  split,
  name,
  label: 0,
  width: 96,
  height: 96,
  content: contents++,
  signature,
});

describe('a signature', () => {
  test('of a mirrored picture is the mirrored signature', () => {
    for (const index of [0, 1, 2, 3]) {
      const { pixels, width, height } = scene(index);
      const turned = new Uint8Array(pixels.length);
      for (let at = 0; at < width * height; at++) {
        const to = at - (at % width) + (width - 1 - (at % width));
        turned.set(pixels.subarray(3 * at, 3 * at + 3), 3 * to);
      }
      const own = signatureOf({ pixels: turned, width, height, channels: 3 })!;
      expect(likeness(own, mirrored(signatureOf(scene(index))!))).toBeGreaterThan(0.9999);
      expect(mirrored(mirrored(own))).toEqual(own);
    }
  });

  test.each<readonly [string, (image: Sharp) => Sharp]>([
    ['JPEG of quality 30', (image) => image.jpeg({ quality: 30 })],
    ['WebP of quality 50', (image) => image.webp({ quality: 50 })],
    ['half the size', (image) => image.resize(48, 48).jpeg({ quality: 75 })],
    ['twice the size', (image) => image.resize(192, 192).jpeg({ quality: 90 })],
    ['without colour', (image) => image.greyscale().png()],
  ])('hardly changes: %s', async (_, change) => {
    for (let index = 0; index < 20; index++) {
      const copy = await decoded(change(sharpOf(scene(index))).toBuffer());
      expect(likeness(signatureOf(scene(index))!, signatureOf(copy)!)).toBeGreaterThan(0.95);
    }
  });

  test('is not made of an even colour, with the noise of JPEG, or of an even ramp', async () => {
    const size = { width: 64, height: 64, channels: 3 };
    const even = new Uint8Array(64 * 64 * 3).fill(90);
    expect(signatureOf({ ...size, pixels: even })).toBeNull();
    const noisy = even.map((value, at) => value + ((at * 7919) % 5));
    const saved = await decoded(
      sharpOf({ ...size, pixels: noisy })
        .jpeg({ quality: 50 })
        .toBuffer(),
    );
    expect(signatureOf(saved)).toBeNull();
    const ramp = even.map((_, at) => Math.floor(at / 3) % 64);
    expect(signatureOf({ ...size, pixels: ramp })).toBeNull();
  });
});

test('the index finds what a comparison with every hash finds', () => {
  const word = fc.integer({ min: 0, max: 0xffff });
  const near = fc.tuple(
    fc.tuple(word, word, word, word),
    fc.array(fc.array(fc.nat({ max: 63 }), { maxLength: 12 }), { minLength: 1, maxLength: 40 }),
  );
  fc.assert(
    fc.property(near, ([first, flips]) => {
      const hashes = new Uint16Array(flips.length * wordCount);
      for (const [at, bits] of flips.entries()) {
        hashes.set(first, at * wordCount);
        for (const bit of bits) hashes[at * wordCount + (bit >> 4)]! ^= 1 << (bit & 15);
      }
      const away = (at: number) =>
        first.reduce((sum, own, place) => {
          const differing = (own ^ hashes[at * wordCount + place]!).toString(2);
          return sum + differing.replaceAll('0', '').length;
        }, 0);
      const expected = flips.flatMap((_, at) => (away(at) <= radius ? [at] : []));
      const found = [...createHammingIndex(hashes, flips.length).near(Uint16Array.from(first))];
      expect(found.sort((one, other) => one - other)).toEqual(expected);
    }),
  );
});

describe('a search', () => {
  test('within training pictures there is none; within evaluation pictures each pair is named once', async () => {
    const search = new CopySearch();
    const [one, other] = [signatureOf(scene(1))!, signatureOf(scene(2))!];
    for (const [split, name, signature] of [
      ['train', 'train 0', one],
      ['train', 'train 1', one],
      ['test', 'test 0', other],
      ['test', 'test 1', other],
    ] as const)
      search.add(picture(split, name, signature));
    const { pairs, near } = (await search.find(['cat'], pauses))!;
    expect(pairs.map((pair) => [pair.picture.file, pair.copyOf.file])).toEqual([['test 1', 'test 0']]);
    expect(near).toMatchObject({ count: 1, leaked: 0, plain: 0 });
  });

  test('does not report a pair that is no closer than the crowd around it', async () => {
    /** Signatures at about one distance from each other: the first with one more value each. */
    const around = (at: number): Signature => {
      const { values } = signatureOf(scene(1))!;
      const own = values.slice();
      own[valueCount - 1 - at] = 12;
      return { values: own, hash: signatureOf(scene(1))!.hash };
    };
    const search = new CopySearch();
    for (let at = 0; at < 20; at++) search.add(picture('train', `train ${at}`, around(at)));
    search.add(picture('test', 'test 0', around(20)));
    search.add(picture('train', 'other', signatureOf(scene(3))));
    search.add(picture('test', 'copy of other', signatureOf(scene(3))));
    const { pairs } = (await search.find(['cat'], pauses))!;
    expect(pairs.map((pair) => [pair.picture.file, pair.copyOf.file])).toEqual([['copy of other', 'other']]);
  });

  test('gives way to commands: a cancel ends it', async () => {
    const search = new CopySearch();
    for (let at = 0; at < 4; at++) search.add(picture('test', `test ${at}`, signatureOf(scene(at))));
    const cancelled = { due: () => true, pause: () => Promise.reject(new Error('cancelled')) };
    await expect(search.find([], cancelled)).rejects.toThrow('cancelled');
  });
});
