/** Pictures as a detector is shown them. */
import sharp from 'sharp';
import { expect, test } from 'vitest';
import { pixelsOf } from '../../data/pixels/kernels.ts';
import { resample } from '../../data/pixels/resample.ts';
import { inTemporaryFolder, put, randomBytes } from '../../data/testing/small-datasets.ts';
import { resizings } from '../../protocol/run.ts';
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
