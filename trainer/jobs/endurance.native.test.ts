/** R13: a long training keeps its tensors and its memory. 128 steps in every test run, 10,000 every night. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as v from 'valibot';
import { expect, test } from 'vitest';
import { RunConfig } from '../protocol/run.ts';
import { firstAttempt, runHere } from '../testing/training-job.ts';
import { isNightly } from '../testing/nightly.ts';

const steps = isNightly ? 10_000 : 128;
const [images, batch, size] = [1024, 16, 12];
/** Promised of 10,000 steps; memory of the first thousand belongs to the start: tracing, kernels, the first checkpoint. */
const mostBytesPerThousandSteps = 1e6;
const settledStep = 1000;

/** Grey images of noise as IDX files, without labels. */
function writeImages(folder: string): void {
  const header = Buffer.alloc(16);
  [0x00000803, images, size, size].forEach((word, at) => header.writeUInt32BE(word, 4 * at));
  const pixels = Buffer.from(Array.from({ length: images * size * size }, (_, at) => (at * 2654435761) >>> 24));
  writeFileSync(join(folder, 'train-images-idx3-ubyte'), Buffer.concat([header, pixels]));
  const labels = Buffer.alloc(8 + images);
  [0x00000801, images].forEach((word, at) => labels.writeUInt32BE(word, 4 * at));
  writeFileSync(join(folder, 'train-labels-idx1-ubyte'), labels);
}

interface Sample {
  readonly step: number;
  readonly bytes: number;
  readonly tensors: number;
}

/** Least squares slope of memory, in bytes per step. */
function slopeOf(samples: readonly Sample[]): number {
  const mean = (pick: (sample: Sample) => number) => samples.reduce((sum, one) => sum + pick(one), 0) / samples.length;
  const [step, bytes] = [mean((one) => one.step), mean((one) => one.bytes)];
  const products = samples.reduce((sum, one) => sum + (one.step - step) * (one.bytes - bytes), 0);
  return products / samples.reduce((sum, one) => sum + (one.step - step) ** 2, 0);
}

test(`R13: ${steps} steps keep their tensors and their memory`, { timeout: 3_600_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'reprise-endurance-'));
  try {
    writeImages(folder);
    mkdirSync(join(folder, 'run'));
    const view = { size, cropArea: [0.3, 1], saturation: 0, hue: 0, grayscale: 0 };
    const config = v.parse(RunConfig, {
      version: 1,
      kind: 'pretrain',
      title: 'endurance',
      seed: 1,
      logEvery: 10,
      execution: { threads: 1, loaderWorkers: 0 },
      method: { id: 'vicreg', options: { expander: [32, 32] } },
      encoders: [{ id: 'resnet-18', options: { stem: 'small', stemStride: 2, width: 4 } }],
      data: { dataset: 'idx', path: folder, split: 'train' },
      views: [view, view],
      normalization: { mean: [0.5], std: [0.25] },
      optimizer: { id: 'adamw', options: {} },
      schedule: { id: 'warmup-cosine', options: {} },
      checkpoint: { everySeconds: 20 },
      batch,
      epochs: Math.ceil((steps * batch) / images),
    });
    const samples: Sample[] = [];
    const cacheFolder = join(folder, 'cache');
    await runHere(
      firstAttempt({ run: 'endurance', runFolder: join(folder, 'run'), cacheFolder, config }),
      (message) => {
        if (message.type !== 'beat') return;
        samples.push({ step: message.step, bytes: message.memoryBytes, tensors: message.tensors });
      },
    );
    const after10 = samples.filter(({ step }) => step > 10);
    const tensors = [...new Set(after10.map((sample) => sample.tensors))];
    const settled = samples.filter(({ step }) => step >= settledStep);
    const perThousand = settled.length > 1 ? slopeOf(settled) * 1000 : null;
    const growth = perThousand === null ? 'not measured in so few steps' : `${(perThousand / 1e6).toFixed(3)} MB`;
    console.log(
      `${samples.at(-1)!.step} steps, ${after10.length} readings, tensors ${tensors.join(', ')}; memory per 1,000 steps: ${growth}`,
    );
    expect(after10.length).toBeGreaterThan(2);
    expect(tensors).toHaveLength(1);
    if (isNightly) expect(perThousand).toBeLessThan(mostBytesPerThousandSteps);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
