/** Views that are the centre of an image, or patches of one picture of it. */
import * as v from 'valibot';
import { expect, test } from 'vitest';
import { PretrainConfig, View } from '../../protocol/run.ts';
import { augment, drawView, renderView } from './augment.ts';
import { pixelsOf } from './kernels.ts';
import { preprocess } from './preprocess.ts';
import type { Pixels } from './rows.ts';

const resizing = 'pillow-13';

function noise(width: number, height: number, seed = 1): Pixels {
  let state = seed;
  const pixels = Uint8Array.from({ length: 3 * width * height }, () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return state >>> 24;
  });
  return { pixels, width, height, channels: 3 };
}

/** A part of a picture, copied row by row. */
function cut(pixels: Uint8Array, side: number, box: { left: number; top: number; width: number; height: number }) {
  const line = 3 * box.width;
  const part = new Uint8Array(line * box.height);
  for (let y = 0; y < box.height; y++) {
    const from = 3 * ((box.top + y) * side + box.left);
    part.set(pixels.subarray(from, from + line), y * line);
  }
  return part;
}

const key = { seed: 5, epoch: 2, index: 77 };
const all = { flip: 0.5, jitter: 0.8, brightness: 0.4, contrast: 0.4, saturation: 0.4, hue: 0.1, grayscale: 0.2 };
const patch = { ...all, size: 96, cropArea: [0.6, 1], patchOf: 256, patchJitter: 24, interpolation: 'bilinear' };
const crop = { ...all, size: 160, cropArea: [0.08, 0.6], interpolation: 'bilinear' };
const centre = { size: 224, cropArea: [0.08, 1], resize: 256, flip: 0, jitter: 0, interpolation: 'bilinear' };
/** OBoW's views: the teacher's, two crops, five patches. */
const views = [centre, crop, crop, patch, patch, patch, patch, patch].map((view) => v.parse(View, view));

test('the centre is what evaluation shows', () => {
  for (const [width, height] of [
    [500, 375],
    [257, 400],
    [224, 224],
  ] as const) {
    const image = noise(width, height);
    const shown = pixelsOf(augment(image, views, resizing, { ...key, number: 0 }).frame);
    const how = { resize: 256, crop: 224, interpolation: 'bilinear' } as const;
    expect(shown).toEqual(pixelsOf(preprocess(image, how, resizing, 'noise')));
  }
});

test('patches that follow each other are different places of one picture, near those of a 3 x 3 grid', () => {
  const image = noise(320, 280);
  for (let index = 0; index < 40; index++) {
    const drawn = [3, 4, 5, 6, 7].map(
      (number) => augment(image, views, resizing, { ...key, index, number }).parameters,
    );
    const { part: _, ...picture } = drawn[0]!;
    const places = drawn.map(({ part, ...own }) => {
      expect(own).toEqual(picture);
      const { left, top, width, height } = part!.box;
      expect([width, height, part!.width, part!.height]).toEqual([96, 96, 256, 256]);
      // (256 - 96 - 24) / 2 pixels from place to place, at most 24 beyond it.
      const [row, column] = [Math.floor(top / 68), Math.floor(left / 68)];
      expect(Math.max(top - 68 * row, left - 68 * column)).toBeLessThanOrEqual(24);
      expect(Math.max(row, column)).toBeLessThanOrEqual(2);
      return 3 * row + column;
    });
    expect(new Set(places).size).toBe(5);
  }
});

test('over many images, every place and every jitter is as likely as any other', () => {
  const counts = new Int32Array(9);
  const jitters = new Int32Array(25);
  const images = 4000;
  for (let index = 0; index < images; index++) {
    const { part } = drawView(views[3]!, { width: 320, height: 280 }, { ...key, index, number: 3 });
    const { left, top } = part!.box;
    counts[3 * Math.floor(top / 68) + Math.floor(left / 68)]! += 1;
    jitters[top % 68]! += 1;
    jitters[left % 68]! += 1;
  }
  for (const count of counts) expect(Math.abs(count - images / 9)).toBeLessThan(5 * Math.sqrt(images / 9));
  for (const count of jitters) expect(Math.abs(count - images / 12.5)).toBeLessThan(5 * Math.sqrt(images / 12.5));
});

test('a patch is cut out of the picture after that was coloured', () => {
  const image = noise(320, 280, 3);
  // A view of 256 pixels with the draws of the first patch.
  const whole = v.parse(View, { ...patch, size: 256, patchOf: 0, patchJitter: 0 });
  const { part: _, ...parameters } = augment(image, views, resizing, { ...key, number: 3 }).parameters;
  expect(drawView(whole, image, { ...key, number: 3 })).toEqual(parameters);
  const picture = pixelsOf(renderView(image, whole, resizing, parameters));
  for (const number of [3, 4, 5, 6, 7]) {
    const { parameters: own, frame } = augment(image, views, resizing, { ...key, number });
    expect(pixelsOf(frame)).toEqual(cut(picture, 256, own.part!.box));
  }
  // The picture that is kept is that of the draw.
  const other = pixelsOf(augment(image, views, resizing, { ...key, epoch: 3, number: 4 }).frame);
  expect(other).not.toEqual(pixelsOf(augment(image, views, resizing, { ...key, number: 4 }).frame));
});

test('parts that cannot be are refused', () => {
  const problem = (view: object): string | undefined => v.safeParse(View, view).issues?.[0].message;
  expect(problem({ ...centre, resize: 200 })).toContain('choose a resize of at least the size');
  expect(problem({ ...patch, patchJitter: 161 })).toContain('must fit into the picture');
  expect(problem({ ...patch, resize: 256 })).toContain('not both');
  const ten = v.safeParse(
    PretrainConfig.entries.views,
    Array.from({ length: 10 }, () => patch),
  );
  expect(ten.issues?.[0].message).toContain('9 places for patches');
});
