/**
 * How fast one core creates pairs of views: decoding once, both augmentations; compared with torchvision, normalised,
 * on PIL images, taking turns. Neither side has workers, so processor time measures everything. Then what a batch that
 * workers have written costs the trainer's own thread until TensorFlow has it.
 *
 *   npm run bench -- loader [seconds a turn] [rounds]
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import sharp from 'sharp';
import * as v from 'valibot';
import { createAssembly } from '../trainer/data/loading/assembly.ts';
import { openTrainingLoader } from '../trainer/data/loading/loader.ts';
import type { TrainingLoaderOptions } from '../trainer/data/loading/pipeline.ts';
import { loadTensorFlow } from '../trainer/engine/binding/tensorflow.ts';
import { dtypes, tensorOver } from '../trainer/engine/binding/tensors.ts';
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
      while (performance.now() - began < limit * 1000) {
        const { batch } = await loader.next();
        pairs += batch.index.length;
        loader.release(batch);
      }
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

/** A batch of the paper's views, 256 pairs, whose pieces take no time: what is left is the trainer's own. */
async function handedOver(rounds: number): Promise<void> {
  const batch = 256;
  const views = officialViews(224);
  const produce = () => Promise.resolve({ elsewhere: null, damaged: [] });
  const task = { kind: 'training', views, seed: 1 } as const;
  const specification = { normalization: imagenet, task };
  const assembly = createAssembly({ producer: { produce }, specification, labels: null, batch, workers: 4 });
  const tensorflow = loadTensorFlow();
  const index = Int32Array.from({ length: batch }, (_, at) => at);
  const found = { bytes: 0, assembling: [] as number[], tensors: [] as number[] };
  for (let round = 0; round < rounds; round++) {
    const began = performance.now();
    const { batch: made } = await assembly.assemble(0, index);
    const assembled = performance.now();
    const tensors = made.views.map(({ shape, values }) =>
      tensorOver(tensorflow, shape, dtypes.uint8, values as Uint8Array<SharedArrayBuffer>),
    );
    found.tensors.push(performance.now() - assembled);
    found.assembling.push(assembled - began);
    found.bytes = made.views.reduce((sum, { values }) => sum + values.byteLength, 0);
    for (const tensor of tensors) tensorflow.TF_DeleteTensor(tensor);
    assembly.release(made.views);
  }
  const spent = (times: readonly number[]): string => `${(1000 * median(times)).toFixed(0)} µs`;
  console.log(`256 pairs of 224 x 224 from workers: ${(found.bytes / 1e6).toFixed(1)} MB a batch`);
  console.log(`  assembling ${spent(found.assembling)}, as TensorFlow's tensors ${spent(found.tensors)}`);
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
  await handedOver(50);
} finally {
  await rm(folder, { recursive: true, force: true });
}
