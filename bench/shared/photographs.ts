/** Files like photographs, for benches that read them. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import * as v from 'valibot';
import { pixelsOf } from '../../trainer/data/pixels/kernels.ts';
import { resample } from '../../trainer/data/pixels/resample.ts';
import { View } from '../../trainer/protocol/run.ts';
import { keyed } from '../../trainer/random.ts';

/** Stays as it is: figures of before are compared with. */
const resizing = { interpolation: 'bicubic', resizing: 'pillow-12.1' } as const;

/** Smooth pictures of 500 x 375, about as large on disk as ImageNet's. */
export async function photographs(folder: string, count: number): Promise<string> {
  const place = join(folder, 'train/one');
  await mkdir(place, { recursive: true });
  for (let i = 0; i < count; i++) {
    const stream = keyed(i, 'bench');
    const small = Uint8Array.from({ length: 125 * 94 * 3 }, () => stream.word() >>> 24);
    const whole = { left: 0, top: 0, width: 125, height: 94 };
    const pixels = pixelsOf(resample({ pixels: small, width: 125, channels: 3 }, whole, 500, 375, resizing));
    await sharp(pixels, { raw: { width: 500, height: 375, channels: 3 } })
      .jpeg({ quality: 92 })
      .toFile(join(place, `${i}.jpg`));
  }
  return place;
}

export const imagenet = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };

/** The two views of the official code. */
export function officialViews(size: number): readonly [View, View] {
  const first = v.parse(View, { size, cropArea: [0.08, 1], blur: 1 });
  return [first, { ...first, blur: 0.1, solarize: 0.2 }];
}
