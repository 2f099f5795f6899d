/**
 * Overhead of training on its process: the delay of the trainer's event loop while steps run, and memory growth. The
 * real job with a loader thread, a small network and many steps, saving like a run.
 *
 *   npm run bench -- overhead [steps]
 */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import process from 'node:process';
import { longTraining, slopeOf, type MemorySample } from '../trainer/testing/long-training.ts';
import { writeNoise } from '../trainer/testing/noise.ts';
import { firstAttempt, runHere } from '../trainer/testing/training-job.ts';

const steps = Number(process.argv[2] ?? 10_000);
const [images, batch, size] = [4096, 32, 16];
/** Tracing, kernels and the first checkpoint belong to the start. */
const settledStep = Math.min(1000, Math.ceil(steps / 10));
const resolutionMs = 5;

const folder = await mkdtemp(join(tmpdir(), 'bench-overhead-'));
try {
  const runFolder = join(folder, 'run');
  await mkdir(runFolder);
  await writeNoise(folder, images, size);
  const config = longTraining({
    title: 'overhead',
    folder,
    size,
    batch,
    epochs: (steps * batch) / images,
    width: 8,
    expander: [64, 64, 64],
    execution: { threads: 2, loaderWorkers: 1 },
    saveEverySeconds: 10,
  });

  const delay = monitorEventLoopDelay({ resolution: resolutionMs });
  const samples: MemorySample[] = [];
  const job = firstAttempt({ run: 'bench-overhead', runFolder, cacheFolder: join(folder, 'cache'), config });
  const began = performance.now();
  await runHere(job, (message) => {
    if (message.type !== 'beat') return;
    if (process.stderr.isTTY) process.stderr.write(`\rstep ${message.step} of ${steps}\x1b[K`);
    if (message.step < settledStep) return;
    if (samples.length === 0) delay.enable();
    samples.push({ step: message.step, bytes: message.memoryBytes, tensors: message.tensors });
  });
  const seconds = (performance.now() - began) / 1000;
  delay.disable();
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');

  const [first, last] = [samples[0]!, samples.at(-1)!];
  const late = (nanoseconds: number) => `${Math.max(0, nanoseconds / 1e6 - resolutionMs).toFixed(1)} ms`;
  console.log(`${steps} steps in ${seconds.toFixed(0)} s, measured from step ${first.step} on`);
  console.log(`event loop late by ${late(delay.percentile(50))} (median), ${late(delay.percentile(99))} (p99)`);
  const grown = (slopeOf(samples) * 1000) / 2 ** 20;
  console.log(
    `memory ${(first.bytes / 2 ** 20).toFixed(0)} to ${(last.bytes / 2 ** 20).toFixed(0)} MiB, ` +
      `${grown.toFixed(2)} MiB a thousand steps; tensors ${first.tensors} to ${last.tensors}`,
  );
} finally {
  await rm(folder, { recursive: true, force: true });
}
