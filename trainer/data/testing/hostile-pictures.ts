/** For tests: a folder of pictures, one of which the hostile decoder treats badly. */
import { join } from 'node:path';
import sharp from 'sharp';
import * as v from 'valibot';
import { newestResizing, View } from '../../protocol/run.ts';
import type { DecodingBounds } from '../apart/bounds.ts';
import { put, randomBytes } from './small-datasets.ts';

/** Short, and long beside the milliseconds that a small picture takes. */
export const hostileBounds: DecodingBounds = { lookEveryMs: 50, suspectAfter: 6, processorMs: 1000, longest: 100 };

export const hostileName = 'train/only/05.png';
const images = 24;

/** @param treatment of one picture, or '' */
export async function writeHostile(folder: string, treatment: string): Promise<void> {
  for (let image = 0; image < images; image++) {
    const name = `train/only/${String(image).padStart(2, '0')}.png`;
    const raw = { width: 20, height: 16, channels: 3 } as const;
    const bytes = await sharp(randomBytes(20 * 16 * 3, String(image)), { raw })
      .png()
      .toBuffer();
    await put(folder, { [name]: name === hostileName ? Buffer.concat([bytes, Buffer.from(treatment)]) : bytes });
  }
}

/** Of a training loader whose first epoch has four batches. */
export const hostileOptions = {
  data: { dataset: 'image-folder', path: '', split: 'train' },
  views: [v.parse(View, { size: 8, cropArea: [0.3, 1] })],
  normalization: { mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25] },
  resizing: newestResizing,
  seed: 5,
  batch: 6,
  dropLast: true,
  fromStep: 0,
  workers: 2,
};

/** Programs with the hostile decoder, for `buildWorker`. */
export const hostilePrograms = {
  'decode-worker': join(import.meta.dirname, 'hostile-worker.ts'),
  'examine-pictures': join(import.meta.dirname, 'hostile-examiner.ts'),
};
