/** Resizing in the order of passes of each version of Pillow, level for level; the order is all that differs. */
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { resizingOf, type Resizing } from '../../protocol/run.ts';
import { keyed } from '../../random.ts';
import { pixelsOf } from './kernels.ts';
import { resample, type Interpolation } from './resample.ts';

interface Golden {
  readonly cases: readonly {
    readonly width: number;
    readonly height: number;
    readonly channels: number;
    readonly to: readonly [width: number, height: number];
    readonly interpolation: Interpolation;
    readonly pixels: string;
  }[];
  /** By version, a picture a case. */
  readonly expected: Readonly<Record<string, readonly string[]>>;
}

/** What `golden/resize.py` writes. */
const golden = JSON.parse(readFileSync(new URL('../golden/resize.json', import.meta.url), 'utf8')) as Golden;

const versions = [
  ['12.1.1', 'pillow-12.1'],
  ['12.3.0', 'pillow-12.2'],
  ['13.0.0', 'pillow-13'],
] as const satisfies readonly (readonly [string, Resizing])[];

const bytesOf = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'base64'));

describe.each(versions)('as Pillow %s resizes', (version, resizing) => {
  test.each(golden.cases.map((each, at) => [each.width, each.height, ...each.to, each.channels, each, at] as const))(
    '%i × %i to %i × %i, channels %i',
    (width, height, toWidth, toHeight, channels, { interpolation, pixels }, at) => {
      const source = { pixels: bytesOf(pixels), width, channels };
      const whole = { left: 0, top: 0, width, height };
      const frame = resample(source, whole, toWidth, toHeight, { interpolation, resizing });
      expect(pixelsOf(frame)).toEqual(bytesOf(golden.expected[version]![at]!));
    },
  );
});

test('a configuration without a version has the order of its time', () => {
  expect(resizingOf({})).toBe('pillow-12.1');
  expect(resizingOf({ resizing: 'pillow-13' })).toBe('pillow-13');
});

interface Picture {
  readonly pixels: Uint8Array;
  readonly width: number;
  readonly height: number;
}

function noise(seed: number, width: number, height: number): Picture {
  const stream = keyed(seed, 'resample');
  return { width, height, pixels: Uint8Array.from({ length: width * height }, () => stream.word() >>> 24) };
}

const transposed = ({ pixels, width, height }: Picture): Picture => ({
  width: height,
  height: width,
  pixels: pixels.map((_, at) => pixels[(at % height) * width + Math.floor(at / height)]!),
});

/** Height first is width first of the picture on its side, whatever window of the result is made. */
function expectOnItsSide(
  picture: Picture,
  [width, height]: readonly [number, number],
  interpolation: Interpolation,
  window = { left: 0, top: 0, width, height },
): void {
  const whole = { left: 0, top: 0, width: picture.width, height: picture.height };
  const source = { ...picture, channels: 1 };
  const tall = pixelsOf(resample(source, whole, width, height, { interpolation, resizing: 'pillow-13' }, window));
  const side = { left: window.top, top: window.left, width: window.height, height: window.width };
  const turned = { ...transposed(picture), channels: 1 };
  const wholeTurned = { left: 0, top: 0, width: turned.width, height: turned.height };
  const wide = resample(turned, wholeTurned, height, width, { interpolation, resizing: 'pillow-12.1' }, side);
  expect(tall).toEqual(transposed({ pixels: pixelsOf(wide), width: side.width, height: side.height }).pixels);
}

describe('height first', () => {
  const size = fc.integer({ min: 1, max: 40 });
  const interpolation = fc.constantFrom('bilinear' as const, 'bicubic' as const);

  it('is width first of the picture on its side, in every window', () => {
    fc.assert(
      fc.property(
        ...[fc.nat(1000), size, size, size, size, interpolation, fc.nat(), fc.nat()],
        (seed, toWidth, toHeight, narrower, more, by, left, top) => {
          const picture = noise(seed, toWidth + narrower, toHeight + 2 * narrower + more);
          const window = { left: left % toWidth, top: top % toHeight };
          const rest = { width: toWidth - window.left, height: toHeight - window.top };
          expectOnItsSide(picture, [toWidth, toHeight], by, { ...window, ...rest });
        },
      ),
    );
  });

  it('passes pictures larger than a band of its memory', () => {
    expectOnItsSide(noise(1, 700, 5000), [600, 64], 'bicubic');
    // A single row of the result reads more than a band.
    expectOnItsSide(noise(2, 900, 3000), [800, 2], 'bilinear');
  });
});
