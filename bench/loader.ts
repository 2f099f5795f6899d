/**
 * How fast one core creates pairs of views: decoding once, both augmentations, normalising; compared with torchvision
 * on PIL images, taking turns. Neither side has workers, so processor time measures everything.
 *
 *   npm run bench -- loader [seconds a turn] [rounds]
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import sharp from 'sharp';
import * as v from 'valibot';
import { openTrainingLoader } from '../trainer/data/loading/loader.ts';
import type { TrainingLoaderOptions } from '../trainer/data/loading/pipeline.ts';
import { median } from '../trainer/training/pace.ts';
import { newestResizing, View } from '../trainer/protocol/run.ts';
import { writeNoise } from '../trainer/testing/noise.ts';
import { imagenet, officialViews, photographs } from './shared/photographs.ts';
import { openSide, peer, takeTurns, versionsOf, type Side } from './shared/side.ts';

const seconds = Number(process.argv[2] ?? 3);
const rounds = Number(process.argv[3] ?? 5);

interface Answer {
  readonly pairs: number;
  readonly processorSeconds: number;
}

/** Our side, in this process. */
async function openOurs(options: Omit<TrainingLoaderOptions, keyof typeof common>): Promise<Side<Answer>> {
  const loader = await openTrainingLoader({ ...options, ...common });
  await loader.next();
  return {
    name: 'Reprise',
    versions: { sharp: sharp.versions.sharp ?? '', node: process.versions.node },
    async ask(limit) {
      const before = process.cpuUsage();
      const began = performance.now();
      let pairs = 0;
      while (performance.now() - began < limit * 1000) pairs += (await loader.next()).batch.index.length;
      const { user, system } = process.cpuUsage(before);
      return { pairs, processorSeconds: (user + system) / 1e6 };
    },
    close: () => loader.close(),
  };
}

/** Pairs a second of processor time, by the median of the rounds. */
async function compare(title: string, sides: readonly Side<Answer>[]): Promise<void> {
  const found = new Map<Side<Answer>, number[]>(sides.map((side) => [side, []]));
  try {
    await takeTurns(sides, rounds, seconds, (side, { pairs, processorSeconds }) =>
      found.get(side)!.push(pairs / processorSeconds),
    );
  } finally {
    for (const side of sides) await side.close();
  }
  console.log(`${title}  (${versionsOf(sides)})`);
  const theirs = sides[1] && median(found.get(sides[1])!);
  for (const side of sides) {
    const own = median(found.get(side)!);
    const ratio = theirs !== undefined && side === sides[0] ? `  ${(own / theirs).toFixed(2)} x torchvision` : '';
    console.log(`  ${side.name.padEnd(12)}${own.toFixed(0).padStart(7)} pairs a second of one core${ratio}`);
  }
}

const common = { seed: 1, dropLast: true, fromStep: 0, workers: 0 };
const folder = await mkdtemp(join(tmpdir(), 'reprise-bench-'));
try {
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
    blur: 0,
    solarize: 0.1,
  });
  await compare('28 x 28 raw, two views', [
    await openOurs({
      data: { dataset: 'idx', path: folder, split: 'train' },
      views: [small, small],
      normalization: { mean: [0.286], std: [0.353] },
      resizing: newestResizing,
      batch: 256,
    }),
  ]);
  const files = await photographs(folder, 24);
  const batch = 12;
  async function photographed(title: string, views: readonly View[]): Promise<void> {
    await compare(`500 x 375 JPEG, two views of 224, ${title}`, [
      await openOurs({
        data: { dataset: 'image-folder', path: folder, split: 'train' },
        views,
        normalization: imagenet,
        resizing: newestResizing,
        batch,
      }),
      await openSide<Answer>({
        name: 'torchvision',
        ...peer('loader.py', { folder: files, views, normalization: imagenet, batch }),
      }),
    ]);
  }
  const official = officialViews(224);
  await photographed('every operation of the official code', official);
  const plain = { ...official[0], jitter: 0, grayscale: 0, blur: 0 };
  await photographed('crop and flip only', [plain, plain]);
} finally {
  await rm(folder, { recursive: true, force: true });
}
