/** Pictures as a detector is shown them. */
import { expect, test } from 'vitest';
import { pixelsOf } from '../../data/pixels/kernels.ts';
import { resample } from '../../data/pixels/resample.ts';
import { randomBytes } from '../../data/testing/small-datasets.ts';
import { resizings } from '../../protocol/run.ts';
import type { OpenDataset } from '../../recipe.ts';
import { pictureBatches } from './picture-batches.ts';

/** Tall enough that the order of the passes of a resize depends on Pillow's version. */
const [width, height] = [40, 400];
const pixels = randomBytes(width * height * 3, 'tall');

const data = {
  count: 1,
  classes: ['cat'],
  channels: 3,
  sample: () =>
    Promise.resolve({
      image: { kind: 'raw', pixels, width, height, channels: 3 },
      target: { kind: 'none' },
      name: 'tall',
    }),
} as unknown as OpenDataset;

test('pictures are resized bilinearly in the order of passes of the version of Pillow that the run names', async () => {
  const shown = new Map<string, readonly number[]>();
  for (const resizing of resizings) {
    const normalization = { mean: [0, 0, 0], std: [1, 1, 1] };
    const batches = pictureBatches({ data, normalization, resizing, mostObjects: 8, masks: false });
    const { views, targets } = await batches.finding(Int32Array.of(0), { shortSide: 32, longest: 320 });
    expect([...targets['sizes']!.values]).toEqual([320, 32]);
    const whole = { left: 0, top: 0, width, height };
    const source = { pixels, width, channels: 3 };
    const frame = resample(source, whole, 32, 320, { interpolation: 'bilinear', resizing });
    const levels = Array.from(views[0]!.values.subarray(0, 32 * 320 * 3), (value) => Math.round(255 * value));
    expect(levels).toEqual([...pixelsOf(frame)]);
    shown.set(resizing, levels);
  }
  expect(shown.get('pillow-13')).not.toEqual(shown.get('pillow-12.1'));
});
