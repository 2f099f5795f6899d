import { readFileSync } from 'node:fs';
import * as v from 'valibot';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { View } from '../../protocol/run.ts';
import { brightness, contrast, flip, gaussianBlur, grayscale, hue, saturation, solarize } from './colour.ts';
import { decode } from './decode.ts';
import type { Pixels } from './rows.ts';
import { drawView, renderView } from './augment.ts';
import { normalizer } from './normalize.ts';
import { frameOf, pixelsOf, type Frame } from './kernels.ts';
import { preprocess } from './preprocess.ts';
import { resample, type Interpolation } from './resample.ts';

interface Picture {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  readonly pixels: string;
}
interface Golden {
  readonly pillow: string;
  readonly sources: Readonly<Record<string, Picture>>;
  readonly cases: readonly {
    readonly name: string;
    readonly source: string;
    readonly arguments: Readonly<Record<string, number | string | null>>;
    readonly expected: Picture;
  }[];
  readonly decodes: readonly { readonly name: string; readonly bytes: string; readonly expected: Picture }[];
  readonly cuts: {
    readonly bytes: string;
    readonly verdicts: readonly { readonly cut: number; readonly reads: boolean }[];
  };
}

const golden = JSON.parse(readFileSync(new URL('../golden/golden.json', import.meta.url), 'utf8')) as Golden;

function load({ width, height, channels, pixels }: Picture): Pixels {
  return { width, height, channels, pixels: new Uint8Array(Buffer.from(pixels, 'base64')) };
}

/** Largest difference of a level, and how many values differ at all. */
function difference(actual: Uint8Array, expected: Uint8Array): { largest: number; count: number } {
  expect(actual.length).toBe(expected.length);
  let largest = 0;
  let count = 0;
  for (let i = 0; i < expected.length; i++) {
    const distance = Math.abs(actual[i]! - expected[i]!);
    if (distance > 0) count++;
    largest = Math.max(largest, distance);
  }
  return { largest, count };
}

/** The order of passes of the version that wrote the file; `resample.test.ts` has the others. */
const resizing = 'pillow-12.1';

const frameOfPicture = ({ pixels, width, height, channels }: Pixels): Frame => frameOf(pixels, width, height, channels);

function apply(name: string, image: Pixels, given: Readonly<Record<string, number | string | null>>): Frame {
  const number = (key: string) => given[key] as number;
  const interpolation = given['interpolation'] as Interpolation;
  if (name === 'crop-resize') {
    const crop = { left: number('left'), top: number('top'), width: number('width'), height: number('height') };
    return resample(image, crop, number('size'), number('size'), { interpolation, resizing });
  }
  if (name === 'evaluation') {
    const fit = given['fit'] === 'squash' ? ({ fit: 'squash' } as const) : {};
    const how = { resize: given['resize'] as number | null, crop: number('crop'), interpolation, ...fit };
    return preprocess(image, how, resizing, 'picture');
  }
  const frame = frameOfPicture(image);
  if (name === 'brightness') brightness(frame, number('factor'));
  else if (name === 'contrast') contrast(frame, number('factor'));
  else if (name === 'saturation') saturation(frame, number('factor'));
  else if (name === 'hue') hue(frame, number('turn'));
  else if (name === 'grayscale') grayscale(frame);
  else if (name === 'solarize') solarize(frame, number('threshold'));
  else if (name === 'blur') gaussianBlur(frame, number('sigma'));
  else throw new Error(`No operation "${name}".`);
  return frame;
}

describe('equal to Pillow, level for level', () => {
  test.each(golden.cases.map((each) => [each.name, each.source, JSON.stringify(each.arguments), each] as const))(
    '%s of %s %s',
    (name, source, _given, each) => {
      const result = pixelsOf(apply(name, load(golden.sources[source]!), each.arguments));
      expect(difference(result, load(each.expected).pixels)).toEqual({ largest: 0, count: 0 });
    },
  );

  test.each(golden.decodes.map((each) => [each.name, each] as const))('decoding %s', async (_name, each) => {
    const expected = load(each.expected);
    const result = await decode({ kind: 'encoded', bytes: Buffer.from(each.bytes, 'base64') }, 3);
    expect([result.width, result.height, result.channels]).toEqual([expected.width, expected.height, 3]);
    expect(difference(result.pixels, expected.pixels)).toEqual({ largest: 0, count: 0 });
  });

  test.each(golden.cuts.verdicts)('a JPEG short by $cut bytes is readable: $reads', async ({ cut, reads }) => {
    const whole = Buffer.from(golden.cuts.bytes, 'base64');
    const bytes = cut > 0 ? whole.subarray(0, -cut) : Buffer.concat([whole, Buffer.from('junk'.repeat(-cut))]);
    const attempt = decode({ kind: 'encoded', bytes }, 3);
    if (reads) expect((await attempt).width).toBe(57);
    else
      await expect(attempt).rejects.toThrow(
        /^(a damaged or truncated JPEG file that cannot be decoded|a JPEG file truncated before its size is stated)$/,
      );
  });
});

const base = v.parse(View, { size: 24, cropArea: [0.08, 1], blur: 0.5, solarize: 0.3 });

describe('drawing a view', () => {
  const key = { seed: 5, epoch: 2, index: 77, number: 1 };
  const image = { width: 500, height: 375 };

  test('depends on nothing but seed, epoch, index and view', () => {
    expect(drawView(base, image, key)).toEqual(drawView(base, image, key));
    for (const other of [{ seed: 6 }, { epoch: 3 }, { index: 78 }, { number: 0 }]) {
      expect(drawView(base, image, { ...key, ...other })).not.toEqual(drawView(base, image, key));
    }
  });

  test('is frozen: a change here would change every run ever recorded', () => {
    expect(drawView(base, image, key)).toMatchInlineSnapshot(`
      {
        "blurSigma": null,
        "crop": {
          "height": 302,
          "left": 260,
          "top": 16,
          "width": 234,
        },
        "flip": false,
        "grayscale": false,
        "jitter": [
          {
            "amount": 1.1829756498336792,
            "operation": "saturation",
          },
          {
            "amount": 0.04942007064819337,
            "operation": "hue",
          },
          {
            "amount": 0.8348121643066406,
            "operation": "brightness",
          },
          {
            "amount": 1.0020500183105467,
            "operation": "contrast",
          },
        ],
        "solarize": false,
      }
    `);
  });

  test('an option does not reshuffle the others', () => {
    const plain = drawView({ ...base, jitter: 0, blur: 0 }, image, key);
    const full = drawView({ ...base, jitter: 1, blur: 1 }, image, key);
    expect(plain.jitter).toEqual([]);
    expect(full.jitter).toHaveLength(4);
    expect({ ...plain, jitter: [], blurSigma: null }).toEqual({ ...full, jitter: [], blurSigma: null });
  });

  test('a crop always lies inside, with an allowed area and ratio where one fits', () => {
    const sizes = fc.integer({ min: 1, max: 3000 });
    fc.assert(
      fc.property(sizes, sizes, fc.integer({ min: 0, max: 1e6 }), (width, height, index) => {
        const { crop } = drawView(base, { width, height }, { ...key, index });
        expect(crop.left >= 0 && crop.top >= 0 && crop.width >= 1 && crop.height >= 1).toBe(true);
        expect(crop.left + crop.width <= width && crop.top + crop.height <= height).toBe(true);
      }),
      { numRuns: 2000 },
    );
    expect(drawView(base, { width: 1, height: 20000 }, key).crop).toMatchObject({ width: 1, height: 1, top: 9999 });
  });

  test('happens as often as the probabilities say', () => {
    const n = 20_000;
    const seen = { flip: 0, jitter: 0, grayscale: 0, blur: 0, solarize: 0, brightnessFirst: 0 };
    let areas = 0;
    for (let index = 0; index < n; index++) {
      const drawn = drawView(base, image, { ...key, index });
      if (drawn.flip) seen.flip++;
      if (drawn.jitter.length > 0) seen.jitter++;
      if (drawn.jitter[0]?.operation === 'brightness') seen.brightnessFirst++;
      if (drawn.grayscale) seen.grayscale++;
      if (drawn.blurSigma !== null) {
        seen.blur++;
        expect(drawn.blurSigma >= 0.1 && drawn.blurSigma <= 2).toBe(true);
      }
      if (drawn.solarize) seen.solarize++;
      areas += (drawn.crop.width * drawn.crop.height) / (500 * 375);
    }
    const close = (count: number, p: number) =>
      expect(Math.abs(count / n - p)).toBeLessThan(4 * Math.sqrt((p * (1 - p)) / n));
    close(seen.flip, 0.5);
    close(seen.jitter, 0.8);
    close(seen.grayscale, 0.2);
    close(seen.blur, 0.5);
    close(seen.solarize, 0.3);
    close(seen.brightnessFirst, 0.2);
    // Large crops seldom fit a 4:3 picture, so they are rarer than U(0.08, 1) has them: 0.4325 in 10^5 draws of
    // torchvision's loop with Python's own generator.
    expect(Math.abs(areas / n - 0.4325)).toBeLessThan(0.006);
  });
});

describe('rendering a view', () => {
  test('flips after the resize and applies the operations in the drawn order', () => {
    const image = load(golden.sources['smooth']!);
    const crop = { left: 5, top: 7, width: 30, height: 21 };
    const quiet = { crop, flip: false, jitter: [], grayscale: false, blurSigma: null, solarize: false };
    const plain = pixelsOf(renderView(image, base, resizing, quiet));
    const flipped = pixelsOf(renderView(image, base, resizing, { ...quiet, flip: true }));
    for (const [x, y] of [
      [0, 0],
      [3, 20],
      [23, 23],
    ] as const) {
      const at = (column: number) => (y * 24 + column) * 3;
      expect(flipped.slice(at(23 - x), at(23 - x) + 3)).toEqual(plain.slice(at(x), at(x) + 3));
    }
    const steps = [
      { operation: 'hue', amount: 0.08 },
      { operation: 'contrast', amount: 1.3 },
    ] as const;
    const all = { ...quiet, jitter: steps, grayscale: true, blurSigma: 1.2, solarize: true };
    const rendered = pixelsOf(renderView(image, base, resizing, all));
    const expected = frameOf(plain, 24, 24, 3);
    hue(expected, 0.08);
    contrast(expected, 1.3);
    grayscale(expected);
    gaussianBlur(expected, 1.2);
    solarize(expected, 128);
    expect(rendered).toEqual(pixelsOf(expected));
  });

  test('changes the colours of the whole image where the jitter comes first', () => {
    const image = load(golden.sources['smooth']!);
    const crop = { left: 5, top: 7, width: 30, height: 21 };
    const steps = [
      { operation: 'contrast', amount: 1.6 },
      { operation: 'saturation', amount: 0.4 },
    ] as const;
    const drawn = { crop, flip: true, jitter: steps, grayscale: false, blurSigma: 0.8, solarize: true };
    const rendered = pixelsOf(renderView(image, { ...base, jitterFirst: true }, resizing, drawn));
    const whole = frameOfPicture(image);
    contrast(whole, 1.6);
    saturation(whole, 0.4);
    const changed = { ...image, pixels: pixelsOf(whole) };
    expect(rendered).toEqual(pixelsOf(renderView(changed, base, resizing, { ...drawn, jitter: [] })));
    // The mean that contrast turns about, and the rounding, are those of the whole image.
    expect(rendered).not.toEqual(pixelsOf(renderView(image, base, resizing, drawn)));
    const grey = { ...drawn, jitter: [], grayscale: true };
    expect(pixelsOf(renderView(image, { ...base, jitterFirst: true }, resizing, grey))).not.toEqual(
      pixelsOf(renderView(image, base, resizing, grey)),
    );
  });

  test('gives the same levels if the flip comes last', () => {
    const image = load(golden.sources['smooth']!);
    const keys = fc.record({ seed: fc.nat(99), epoch: fc.nat(9), index: fc.nat(999), number: fc.nat(1) });
    const view = { ...base, jitter: 1, saturation: 0.8, hue: 0.2, blur: 0.7 };
    fc.assert(
      fc.property(keys, (key) => {
        const drawn = drawView(view, image, key);
        const last = renderView(image, view, resizing, { ...drawn, flip: false });
        flip(last);
        const wanted = pixelsOf(last);
        expect(pixelsOf(renderView(image, view, resizing, { ...drawn, flip: true }))).toEqual(wanted);
      }),
    );
  });

  test('on one channel leaves hue, saturation and grayscale alone', () => {
    const image = load(golden.sources['grey']!);
    const quiet = {
      crop: { left: 0, top: 0, width: 28, height: 28 },
      flip: false,
      jitter: [],
      grayscale: false,
      blurSigma: null,
      solarize: false,
    };
    const view = { ...base, size: 28 };
    const plain = pixelsOf(renderView(image, view, resizing, quiet));
    expect(plain).toEqual(image.pixels);
    const steps = [
      { operation: 'saturation', amount: 0.1 },
      { operation: 'hue', amount: 0.4 },
    ] as const;
    const same = renderView(image, view, resizing, { ...quiet, jitter: steps, grayscale: true });
    expect(pixelsOf(same)).toEqual(plain);
  });
});

describe('normalising', () => {
  test('is (x / 255 - mean) / std, and grey becomes three channels where three are named', () => {
    const target = new Float32Array(9).fill(7);
    const rgb = normalizer({ mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] }, 3);
    rgb.write(frameOf(Uint8Array.of(0, 128, 255), 1, 1, 3), target, 3);
    expect([...target.slice(0, 3)]).toEqual([7, 7, 7]);
    expect(target[3]).toBeCloseTo(-0.485 / 0.229, 5);
    expect(target[4]).toBeCloseTo((128 / 255 - 0.456) / 0.224, 5);
    expect(target[5]).toBeCloseTo((1 - 0.406) / 0.225, 5);
    const grey = normalizer({ mean: [0, 0.5, 1], std: [1, 1, 1] }, 1);
    const triple = new Float32Array(6);
    grey.write(frameOf(Uint8Array.of(255, 0), 2, 1, 1), triple, 0);
    expect([...triple]).toEqual([1, 0.5, 0, 0, -0.5, -1]);
  });

  test('refuses statistics that do not fit the images', () => {
    expect(() => normalizer({ mean: [0.5], std: [0.2] }, 3)).toThrow(
      '1 means and 1 standard deviations, but the images have 3',
    );
    expect(() => normalizer({ mean: [0.5], std: [0] }, 1)).toThrow('is 0; it must be above 0');
  });
});

describe('preprocessing', () => {
  test('refuses a picture smaller than the crop, with its name', () => {
    const image = load(golden.sources['grey']!);
    const how = { resize: null, crop: 32, interpolation: 'bilinear' } as const;
    expect(() => preprocess(image, how, resizing, 'test image 3')).toThrow(
      'test image 3 is 28 x 28 pixels, smaller than the crop of 32.',
    );
  });
});
