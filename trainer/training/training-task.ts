/** The vocabulary of the loop: what is trained, what it is given to work with, and how it ends. */
import type { Port } from '../channel/port.ts';
import type { Header } from '../checkpoints/write-checkpoint.ts';
import type { StateEntry, Stepper } from '../engine/engine.ts';
import type { HostBatch } from '../host-batch.ts';
import type { CheckpointPolicy } from '../protocol/run.ts';

export interface BatchSource {
  next(): Promise<{ readonly batch: HostBatch }>;
  close(): Promise<void>;
}

/** A check of the model between two steps: a probe, the accuracy of a head. Its points count as recorded at that step. */
export interface PeriodicCheck {
  due(done: number): boolean;
  /** `best`: the best so far, worth a checkpoint that is kept. */
  run(done: number): Promise<{ readonly points: Readonly<Record<string, number>>; readonly best: boolean }>;
}

/** What is trained, on what, for how long. */
export interface TrainingTask {
  readonly steps: number;
  readonly stepsPerEpoch: number;
  readonly run: Stepper['run'];
  /** All that a checkpoint holds besides the counters. */
  readonly state: readonly StateEntry[];
  readonly counters: Map<string, number>;
  rate(step: number): number;
  /** The highest rate, for what stays at it; left out where nothing does. */
  readonly peak?: number;
  /** Runs before the first step of an epoch, also when a run goes on there. */
  readonly beforeEpoch?: (epoch: number) => Promise<void>;
  /** Batches from the step on at which the run begins or goes on; the loop closes it. */
  readonly source: BatchSource;
  readonly look?: PeriodicCheck;
}

export interface LoopContext {
  readonly port: Port;
  readonly runFolder: string;
  readonly header: Omit<Header, 'step' | 'epoch' | 'trainedSeconds' | 'counters'>;
  readonly policy: CheckpointPolicy;
  readonly logEvery: number;
  readonly tensors: () => number;
  /** Milliseconds, monotonic. */
  readonly clock: () => number;
}

export interface Ending {
  readonly why: 'done' | 'asked';
  readonly step: number;
  readonly safeStep: number | null;
}
