/** How fast steps are on the device, and how fast images reach it, beside PyTorch. */
import process from 'node:process';
import type { StepShape } from '../../trainer/jobs/step-timing.ts';
import { median } from '../../trainer/training/pace.ts';
import { openSide, type Variant } from '../shared/side.ts';
import type { StepAnswer } from '../shared/step.ts';
import { ask } from './checks.ts';
import type { FeedRequest, Place } from './child.ts';
import { table, type StageResult } from './stages.ts';

export type Timed = 'float32' | 'bfloat16';

/** A Python with PyTorch that computes on the same device. */
export interface Torch {
  readonly python: string;
  readonly version: string;
  /** As PyTorch names it: `cuda` or `cpu`. */
  readonly device: string;
}

export interface SpeedRequest {
  readonly place: Place;
  readonly torch: Torch | null;
  readonly shape: StepShape;
  readonly precisions: readonly Timed[];
  readonly warm: number;
  readonly steps: number;
}

/** XLA by TensorFlow's own flags: clusters of operations are compiled for the device. */
const xlaFlags = (device: string): NodeJS.ProcessEnv => ({
  TF_XLA_FLAGS: device === 'cpu' ? '--tf_xla_auto_jit=2 --tf_xla_cpu_global_jit' : '--tf_xla_auto_jit=2',
});

function ours({ place, shape }: SpeedRequest, precision: Timed, xla: boolean): Variant {
  const execution = JSON.stringify({ ...place, precision });
  return {
    name: `Reprise${xla ? ', XLA' : ''}`,
    program: process.execPath,
    words: [process.argv[1]!, 'step', execution, JSON.stringify(shape)],
    ...(xla ? { environment: xlaFlags(place.device) } : {}),
  };
}

function theirs({ place, shape }: SpeedRequest, torch: Torch, precision: Timed, compiled: boolean): Variant {
  const configuration = { ...shape, compiled, precision, threads: place.threads, device: torch.device };
  return {
    name: `PyTorch, ${compiled ? 'compiled' : 'eager'}`,
    program: torch.python,
    words: ['bench/peers/step.py', JSON.stringify(configuration)],
  };
}

/** Median of the steps of one side, alone on the device: the memory of all of them together fits few cards. */
async function measured(
  variant: Variant,
  { warm, steps }: SpeedRequest,
): Promise<StepAnswer & { readonly median: number }> {
  const side = await openSide<StepAnswer>(variant);
  try {
    await side.ask(warm);
    const answer = await side.ask(steps);
    return { ...answer, median: median(answer.milliseconds) };
  } finally {
    await side.close();
  }
}

/** A VICReg step of one shape. A side that fails has a line that says so: many cards lack the memory for some. */
export async function speed(request: SpeedRequest): Promise<StageResult> {
  const { shape, torch } = request;
  const rows: string[][] = [];
  const failed: string[] = [];
  let isOurs = false;
  for (const precision of request.precisions) {
    const variants = [
      ours(request, precision, false),
      ours(request, precision, true),
      ...(torch ? [false, true].map((compiled) => theirs(request, torch, precision, compiled)) : []),
    ];
    for (const variant of variants) {
      try {
        const { median: milliseconds, loss } = await measured(variant, request);
        const images = (2 * shape.batch * 1000) / milliseconds;
        rows.push([variant.name, precision, milliseconds.toFixed(1), images.toFixed(0), loss.toFixed(3)]);
        isOurs ||= variant.program === process.execPath;
      } catch (error) {
        rows.push([variant.name, precision, 'failed', '', '']);
        failed.push(`${variant.name} in ${precision}: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
  }
  const head = ['side', 'precision', 'ms a step', 'images/s', 'loss'];
  return {
    lines: [...table(head, rows), ...failed.flatMap((one) => ['', one])],
    failures: isOurs ? [] : ['no step of ours could be timed'],
  };
}

/** How fast batches reach the device: what no step is faster than, as long as it waits for its batch. */
export async function feeding(request: FeedRequest): Promise<StageResult> {
  const milliseconds = median(await ask<readonly number[]>('feed', request));
  const { batch, size } = request;
  return {
    lines: [
      `A batch of ${batch} pairs at ${size} pixels is on the device after ${milliseconds.toFixed(1)} ms: ${((2 * batch * 1000) / milliseconds).toFixed(0)} images a second.`,
    ],
    failures: [],
  };
}
