/**
 * How fast one core makes pairs of views: decoding, both augmentations, normalising. The loader runs without workers, so
 * that its processor time is all there is to count.
 *
 *   npm run bench -- loader [seconds]
 */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import sharp from 'sharp';
import * as v from 'valibot';
import { openTrainingLoader } from '../trainer/data/loader.ts';
import { View } from '../trainer/protocol/run.ts';
import { keyed } from '../trainer/random.ts';
import { resample } from '../trainer/data/resample.ts';
import { writeNoise } from './shared/noise.ts';

const seconds = Number(process.argv[2] ?? 3);

/** Pairs a second of processor time, and of the clock. */
async function measure(title: string, options: Parameters<typeof openTrainingLoader>[0]): Promise<void> {
  const loader = await openTrainingLoader(options);
  await loader.next();
  const before = process.cpuUsage();
  const began = performance.now();
  let pairs = 0;
  while (performance.now() - began < seconds * 1000) pairs += (await loader.next()).batch.index.length;
  const { user, system } = process.cpuUsage(before);
  const clock = (performance.now() - began) / 1000;
  await loader.close();
  const perCore = pairs / ((user + system) / 1e6);
  console.log(`${title}: ${perCore.toFixed(0)} pairs a second of one core, ${(pairs / clock).toFixed(0)} by the clock`);
}

/** Smooth pictures of 500 x 375, about as large on disk as ImageNet's. */
async function photographs(folder: string): Promise<void> {
  await mkdir(join(folder, 'train/one'), { recursive: true });
  for (let i = 0; i < 24; i++) {
    const stream = keyed(i, 'bench');
    const small = Uint8Array.from({ length: 125 * 94 * 3 }, () => stream.word() >>> 24);
    const pixels = new Uint8Array(500 * 375 * 3);
    const whole = { left: 0, top: 0, width: 125, height: 94 };
    resample({ pixels: small, width: 125, channels: 3 }, whole, 500, 375, 'bicubic', pixels);
    const file = join(folder, `train/one/${i}.jpg`);
    await sharp(pixels, { raw: { width: 500, height: 375, channels: 3 } })
      .jpeg({ quality: 92 })
      .toFile(file);
  }
}

const folder = await mkdtemp(join(tmpdir(), 'reprise-bench-'));
try {
  const common = { seed: 1, dropLast: true, fromStep: 0, workers: 0 };
  await writeNoise(folder, 4096, 28);
  // The small preset.
  const small = v.parse(View, {
    size: 28,
    cropArea: [0.3, 1],
    brightness: 0.4,
    contrast: 0.4,
    saturation: 0,
    hue: 0,
    grayscale: 0,
    solarize: 0.1,
  });
  await measure('28 x 28 raw, two views', {
    ...common,
    data: { dataset: 'idx', path: folder, split: 'train' },
    views: [small, small],
    normalization: { mean: [0.286], std: [0.353] },
    batch: 256,
  });
  await photographs(folder);
  const imagenet = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };
  const pictures = { dataset: 'image-folder', path: folder, split: 'train' };
  // The official code.
  const first = v.parse(View, { size: 224, cropArea: [0.08, 1], blur: 1 });
  const second = { ...first, blur: 0.1, solarize: 0.2 };
  await measure('500 x 375 JPEG, two views of 224 with every operation', {
    ...common,
    data: pictures,
    views: [first, second],
    normalization: imagenet,
    batch: 12,
  });
  const plain = { ...first, jitter: 0, grayscale: 0, blur: 0 };
  await measure('500 x 375 JPEG, two views of 224, crop and flip only', {
    ...common,
    data: pictures,
    views: [plain, plain],
    normalization: imagenet,
    batch: 12,
  });
} finally {
  await rm(folder, { recursive: true, force: true });
}
