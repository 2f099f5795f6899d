/**
 * The kernels work on 16 bytes at a time and may touch bytes beyond their arguments: for any size, each pixel must come
 * out as it would alone. `augment.test.ts` compares them with Pillow.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { newestResizing } from '../../protocol/run.ts';
import { keyed } from '../../random.ts';
import { brightness, contrast, flip, gaussianBlur, grayscale, hue, saturation, solarize } from './colour.ts';
import { frameOf, pixelsOf, type Frame } from './kernels.ts';
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
  const whole = { left: 0, top: 0, width, height };
  const how = { interpolation: by, resizing: newestResizing };
  return pixelsOf(resample({ pixels, width, channels }, whole, toWidth, toHeight, how));
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

/** A picture after an operation. */
function changed(
  pixels: Uint8Array,
  [width, height, channels]: readonly [number, number, number],
  change: (frame: Frame) => void,
): Uint8Array {
  const frame = frameOf(pixels, width, height, channels);
  change(frame);
  return pixelsOf(frame);
}

describe('blurring', () => {
  it('treats each channel as it would alone, and turned pictures alike', () => {
    fc.assert(
      fc.property(seed, size, size, fc.double({ min: 0.1, max: 3, noNaN: true }), (number, width, height, sigma) => {
        const blur = (frame: Frame) => gaussianBlur(frame, sigma);
        const pixels = noise(number, width * height * 3);
        const result = changed(pixels, [width, height, 3], blur);
        for (const which of [0, 1, 2])
          expect(channel(result, which)).toEqual(changed(channel(pixels, which), [width, height, 1], blur));
        // One row is one column.
        const row = noise(number, width);
        expect(changed(row, [width, 1, 1], blur)).toEqual(changed(row, [1, width, 1], blur));
      }),
    );
  });
});

describe('colour', () => {
  it.each([
    ['brightness', brightness],
    ['saturation', saturation],
    ['hue', (frame: Frame, amount: number) => hue(frame, amount - 1)],
    ['grayscale', (frame: Frame) => grayscale(frame)],
    ['solarize', (frame: Frame, amount: number) => solarize(frame, Math.round(amount * 128))],
  ])('%s treats each pixel as it would alone', (_name, change) => {
    fc.assert(
      fc.property(seed, size, fc.double({ min: 0.5, max: 1.5, noNaN: true }), (number, count, amount) => {
        const pixels = noise(number, count * 3);
        const together = changed(pixels, [count, 1, 3], (frame) => change(frame, amount));
        for (let at = 0; at < pixels.length; at += 3) {
          const alone = changed(pixels.slice(at, at + 3), [1, 1, 3], (frame) => change(frame, amount));
          expect(together.slice(at, at + 3)).toEqual(alone);
        }
      }),
    );
  });

  it.each([
    [-1, [255, 128, 127, 0]],
    [127.5, [0, 127, 127, 0]],
    [255, [0, 127, 128, 0]],
    [256, [0, 127, 128, 255]],
  ])('solarize at %d', (threshold, expected) => {
    const given = Uint8Array.of(0, 127, 128, 255);
    expect([...changed(given, [4, 1, 1], (frame) => solarize(frame, threshold))]).toEqual(expected);
  });

  it.each([1, 3])('contrast leaves a picture of one level alone, of %i channels', (channels) => {
    fc.assert(
      fc.property(size, fc.nat(255), fc.double({ min: 0, max: 2, noNaN: true }), (count, level, amount) => {
        const pixels = new Uint8Array(count * channels).fill(level);
        expect(changed(pixels, [count, 1, channels], (frame) => contrast(frame, amount))).toEqual(pixels);
      }),
    );
  });
});

describe('flipping', () => {
  it.each([1, 3])('mirrors every row, of %i channels', (channels) => {
    fc.assert(
      fc.property(seed, size, size, (number, width, height) => {
        const pixels = noise(number, width * height * channels);
        const result = changed(pixels, [width, height, channels], flip);
        for (let y = 0; y < height; y++)
          for (let x = 0; x < width; x++) {
            const from = (y * width + x) * channels;
            const to = (y * width + width - 1 - x) * channels;
            expect(result.subarray(to, to + channels)).toEqual(pixels.subarray(from, from + channels));
          }
      }),
      { numRuns: 20 },
    );
  });
});
