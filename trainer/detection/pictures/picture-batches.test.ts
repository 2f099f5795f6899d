/** Pictures as a detector is shown them. */
import sharp from 'sharp';
import { expect, test } from 'vitest';
import { pixelsOf } from '../../data/pixels/kernels.ts';
import { resample } from '../../data/pixels/resample.ts';
import { inTemporaryFolder, put, randomBytes } from '../../data/testing/small-datasets.ts';
import type { HostTensor } from '../../host-batch.ts';
import { newestResizing, resizings } from '../../protocol/run.ts';
import { writeTinyCoco } from '../../testing/tiny-coco.ts';
import { pictureWork } from './picture-batches.ts';

/** Tall enough that the order of the passes of a resize depends on Pillow's version. */
const [width, height] = [40, 400];
const pixels = randomBytes(width * height * 3, 'tall');

test('pictures are resized bilinearly in the order of passes of the version of Pillow that the run names', () =>
  inTemporaryFolder(async (folder) => {
    const picture = sharp(pixels, { raw: { width, height, channels: 3 } });
    await put(folder, { 'train/only/tall.png': await picture.png().toBuffer() });
    const shown = new Map<string, readonly number[]>();
    for (const resizing of resizings) {
      const work = await pictureWork.open({
        data: { dataset: 'image-folder', path: folder, split: 'train' },
        normalization: { mean: [0, 0, 0], std: [1, 1, 1] },
        resizing,
        task: { kind: 'finding', fit: { shortSide: 32, longest: 320 } },
      });
      const { views, targets, originals } = (await work.produce({ epoch: 0, pictures: Int32Array.of(0) })).batch!;
      expect(originals).toEqual([{ width, height }]);
      expect([...targets['sizes']!.values]).toEqual([320, 32]);
      const whole = { left: 0, top: 0, width, height };
      const source = { pixels, width, channels: 3 };
      const frame = resample(source, whole, 32, 320, { interpolation: 'bilinear', resizing });
      const levels = Array.from(views[0]!.values.subarray(0, 32 * 320 * 3), (value) => Math.round(255 * value));
      expect(levels).toEqual([...pixelsOf(frame)]);
      shown.set(resizing, levels);
      await work.close();
    }
    expect(shown.get('pillow-13')).not.toEqual(shown.get('pillow-12.1'));
  }));

test('half of the views are the picture mirrored, with its boxes and masks, and zeros fill the canvas', () =>
  inTemporaryFolder(async (folder) => {
    await writeTinyCoco(folder);
    const work = await pictureWork.open({
      data: { dataset: 'coco', path: folder, split: 'train' },
      normalization: { mean: [-1, -1, -1], std: [1, 1, 1] },
      resizing: newestResizing,
      task: {
        kind: 'training',
        views: { shortSides: [50], longest: 96, mirror: true },
        seed: 1,
        mostObjects: 2,
        masks: true,
      },
    });
    const [wide, high] = [80, 50];
    /** Values by whether the picture is mirrored, which its boxes tell. */
    const seen = new Map<boolean, { readonly values: HostTensor; readonly masks: HostTensor }>();
    for (let epoch = 0; epoch < 12; epoch++) {
      const { views, targets } = (await work.produce({ epoch, pictures: Int32Array.of(2) })).batch!;
      expect([...targets['sizes']!.values]).toEqual([high, wide]);
      const left = targets['boxes']!.values[0]!;
      const plainly = (6 * wide) / 64;
      const isMirrored = left !== plainly;
      expect(left).toBe(isMirrored ? wide - (22 * wide) / 64 : plainly);
      seen.set(isMirrored, { values: views[0]!, masks: targets['masks']! });
    }
    await work.close();
    const [plain, mirrored] = [seen.get(false)!, seen.get(true)!];
    const [, height = 0, width = 0] = plain.values.shape;
    const pixel = ({ values }: HostTensor, x: number, y: number) => [
      ...values.subarray(3 * (y * width + x)).slice(0, 3),
    ];
    const bit = ({ values }: HostTensor, x: number, y: number) => (values[(y * width + x) >> 5]! >>> (x & 31)) & 1;
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++) {
        const isIn = x < wide && y < high;
        const from = wide - 1 - x;
        expect(pixel(mirrored.values, x, y)).toEqual(isIn ? pixel(plain.values, from, y) : [0, 0, 0]);
        expect(bit(mirrored.masks, x, y)).toBe(isIn ? bit(plain.masks, from, y) : 0);
      }
  }));
