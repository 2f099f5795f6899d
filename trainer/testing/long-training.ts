/** A training of many small steps, and how its memory grows: for what is promised of long trainings and for what is measured. */
import * as v from 'valibot';
import { RunConfig } from '../protocol/run.ts';

export interface LongTraining {
  readonly title: string;
  /** A folder with grey images of size x size pixels as IDX files. */
  readonly folder: string;
  readonly size: number;
  readonly batch: number;
  readonly epochs: number;
  readonly width: number;
  readonly expander: readonly number[];
  readonly execution: { readonly threads: number; readonly loaderWorkers: number };
  readonly saveEverySeconds: number;
}

export function longTraining(given: LongTraining): RunConfig {
  const { title, folder, size, batch, epochs, width, expander, execution, saveEverySeconds } = given;
  const view = { size, cropArea: [0.3, 1], saturation: 0, hue: 0, grayscale: 0 };
  return v.parse(RunConfig, {
    version: 1,
    kind: 'pretrain',
    title,
    seed: 1,
    logEvery: 10,
    execution,
    method: { id: 'vicreg', options: { expander } },
    encoders: [{ id: 'resnet-18', options: { stem: 'small', stemStride: 2, width } }],
    data: { dataset: 'idx', path: folder, split: 'train' },
    views: [view, view],
    normalization: { mean: [0.5], std: [0.25] },
    optimizer: { id: 'adamw', options: {} },
    schedule: { id: 'warmup-cosine', options: {} },
    checkpoint: { everySeconds: saveEverySeconds },
    batch,
    epochs,
  });
}

export interface MemorySample {
  readonly step: number;
  readonly bytes: number;
  readonly tensors: number;
}

/** Least squares slope of memory, in bytes per step. */
export function slopeOf(samples: readonly MemorySample[]): number {
  const mean = (pick: (sample: MemorySample) => number) =>
    samples.reduce((sum, one) => sum + pick(one), 0) / samples.length;
  const [step, bytes] = [mean((one) => one.step), mean((one) => one.bytes)];
  const products = samples.reduce((sum, one) => sum + (one.step - step) * (one.bytes - bytes), 0);
  return products / samples.reduce((sum, one) => sum + (one.step - step) ** 2, 0);
}
