/** R13: a long training keeps its tensors and its memory. 128 steps in every test run, 10,000 every night. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { isNightly } from '../durable/testing/nightly.ts';
import { longTraining, slopeOf, type MemorySample } from '../testing/long-training.ts';
import { writeNoise } from '../testing/noise.ts';
import { firstAttempt, runHere } from '../testing/training-job.ts';

const steps = isNightly ? 10_000 : 128;
const [images, batch, size] = [1024, 16, 12];
/**
 * Promised of 10,000 steps. Memory of the first half belongs to the start: tracing, kernels, checkpoints, code that is compiled when it
 * has run often, and garbage until it is first collected as a whole; all of it comes later on a busy machine.
 */
const mostBytesPerThousandSteps = 1e6;
const settledStep = steps / 2;

test(`R13: ${steps} steps keep their tensors and their memory`, { timeout: 3_600_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'reprise-endurance-'));
  try {
    await writeNoise(folder, images, size);
    mkdirSync(join(folder, 'run'));
    const config = longTraining({
      title: 'endurance',
      folder,
      size,
      batch,
      epochs: Math.ceil((steps * batch) / images),
      width: 4,
      expander: [32, 32],
      execution: { threads: 1, loaderWorkers: 0 },
      saveEverySeconds: 20,
    });
    const samples: MemorySample[] = [];
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
