/**
 * The kernels work on 16 bytes at a time and may touch bytes beyond their arguments: whatever the size, each pixel comes out
 * as it does alone. That they compute what Pillow does, `augment.test.ts` holds.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { keyed } from '../random.ts';
import { brightness, contrast, gaussianBlur, hue, saturation } from './colour.ts';
import { resample } from './resample.ts';

const noise = (seed: number, length: number): Uint8Array => {
  const stream = keyed(seed, 'kernels');
  return Uint8Array.from({ length }, () => stream.word() >>> 24);
};
const channel = (pixels: Uint8Array, which: number): Uint8Array =>
  pixels.filter((_value, place) => place % 3 === which);

/** One column of a picture of one channel. */
const column = (pixels: Uint8Array, width: number, x: number): Uint8Array =>
  pixels.filter((_value, place) => place % width === x);

const size = fc.integer({ min: 1, max: 70 });
const seed = fc.nat(1000);
const interpolation = fc.constantFrom('bilinear' as const, 'bicubic' as const);

function resized(
  pixels: Uint8Array,
  [width, height]: readonly [number, number],
  [toWidth, toHeight]: readonly [number, number],
  channels: number,
  by: 'bilinear' | 'bicubic',
): Uint8Array {
  const target = new Uint8Array(toWidth * toHeight * channels);
  const whole = { left: 0, top: 0, width, height };
  resample({ pixels, width, channels }, whole, toWidth, toHeight, by, target);
  return target;
}

describe('resizing', () => {
  it('treats each channel as it would alone', () => {
    fc.assert(
      fc.property(seed, size, size, size, size, interpolation, (number, width, height, toWidth, toHeight, by) => {
        const pixels = noise(number, width * height * 3);
        const result = resized(pixels, [width, height], [toWidth, toHeight], 3, by);
        for (const which of [0, 1, 2])
          expect(channel(result, which)).toEqual(
            resized(channel(pixels, which), [width, height], [toWidth, toHeight], 1, by),
          );
      }),
    );
  });

  it('treats each column as it would alone', () => {
    fc.assert(
      fc.property(seed, size, size, size, interpolation, (number, width, height, toHeight, by) => {
        const pixels = noise(number, width * height);
        const result = resized(pixels, [width, height], [width, toHeight], 1, by);
        for (let x = 0; x < width; x++)
          expect(column(result, width, x)).toEqual(
            resized(column(pixels, width, x), [1, height], [1, toHeight], 1, by),
          );
      }),
    );
  });

  it('passes pictures larger than a band of its memory', () => {
    const [width, height] = [1200, 1100];
    const pixels = noise(1, width * height * 3);
    const result = resized(pixels, [width, height], [40, 30], 3, 'bicubic');
    for (const which of [0, 1, 2])
      expect(channel(result, which)).toEqual(resized(channel(pixels, which), [width, height], [40, 30], 1, 'bicubic'));
  });
});

describe('blurring', () => {
  it('treats each channel as it would alone, and turned pictures alike', () => {
    fc.assert(
      fc.property(seed, size, size, fc.double({ min: 0.1, max: 3, noNaN: true }), (number, width, height, sigma) => {
        const pixels = noise(number, width * height * 3);
        const result = pixels.slice();
        gaussianBlur(result, width, height, 3, sigma);
        for (const which of [0, 1, 2]) {
          const alone = channel(pixels, which);
          gaussianBlur(alone, width, height, 1, sigma);
          expect(channel(result, which)).toEqual(alone);
        }
        // One row is one column.
        const row = noise(number, width);
        const upright = row.slice();
        gaussianBlur(row, width, 1, 1, sigma);
        gaussianBlur(upright, 1, width, 1, sigma);
        expect(row).toEqual(upright);
      }),
    );
  });
});

describe('colour', () => {
  it.each([
    ['brightness', (pixels: Uint8Array, amount: number) => brightness(pixels, amount)],
    ['saturation', (pixels: Uint8Array, amount: number) => saturation(pixels, amount)],
    ['hue', (pixels: Uint8Array, amount: number) => hue(pixels, amount - 1)],
  ])('%s treats each pixel as it would alone', (_name, change) => {
    fc.assert(
      fc.property(seed, size, fc.double({ min: 0.5, max: 1.5, noNaN: true }), (number, count, amount) => {
        const pixels = noise(number, count * 3);
        const together = pixels.slice();
        change(together, amount);
        for (let at = 0; at < pixels.length; at += 3) {
          const alone = pixels.slice(at, at + 3);
          change(alone, amount);
          expect(together.slice(at, at + 3)).toEqual(alone);
        }
      }),
    );
  });

  it('contrast leaves a picture of one level alone', () => {
    fc.assert(
      fc.property(size, fc.nat(255), fc.double({ min: 0, max: 2, noNaN: true }), (count, level, amount) => {
        const pixels = new Uint8Array(count).fill(level);
        contrast(pixels, 1, amount);
        expect(pixels).toEqual(new Uint8Array(count).fill(level));
      }),
    );
  });
});
