/** Types of the loop: the task, its context and its outcome. */
import type { Port } from '../channel/port.ts';
import type { Header } from '../checkpoints/write-checkpoint.ts';
import type { StateEntry, Stepper } from '../engine/engine.ts';
import type { HostBatch } from '../host-batch.ts';
import type { CheckpointPolicy } from '../protocol/run.ts';
import type { WhenNotFinite } from '../protocol/when-not-finite.ts';

export interface BatchSource {
  next(): Promise<{ readonly batch: HostBatch }>;
  /** Told of each batch that is read no more. */
  release?(batch: HostBatch): void;
  close(): Promise<void>;
}

/** A check of the model between steps, such as a probe or a head's accuracy. Its points belong to that step. */
export interface PeriodicCheck {
  due(done: number): boolean;
  /** `best`: the best so far, so its checkpoint is kept. */
  run(done: number): Promise<{ readonly points: Readonly<Record<string, number>>; readonly best: boolean }>;
}

/** A model to train, its data and its length. */
export interface TrainingTask {
  readonly steps: number;
  readonly stepsPerEpoch: number;
  readonly run: Stepper['run'];
  /** Everything a checkpoint holds besides the counters. */
  readonly state: readonly StateEntry[];
  readonly counters: Map<string, number>;
  rate(step: number): number;
  /** The peak rate, for nets with a constant rate; absent if there are none. */
  readonly peak?: number;
  /** Runs before the first step of an epoch, including after a resume there. */
  readonly beforeEpoch?: (epoch: number) => Promise<void>;
  /** Batches from the step at which the run starts or resumes; closed by the loop. */
  readonly source: BatchSource;
  readonly look?: PeriodicCheck;
  /** Names of the images of a batch, for people. */
  readonly imagesOf?: (batch: HostBatch) => readonly string[];
}

export interface LoopContext {
  readonly port: Port;
  readonly runFolder: string;
  readonly header: Omit<Header, 'step' | 'epoch' | 'trainedSeconds' | 'counters'>;
  readonly policy: CheckpointPolicy;
  readonly logEvery: number;
  readonly whenNotFinite: WhenNotFinite;
  /** What the user chose instead each time the run had paused because that did not help; the newest counts. */
  readonly choices: readonly WhenNotFinite[];
  readonly tensors: () => number;
  /** Milliseconds, monotonic. */
  readonly clock: () => number;
}

export interface Ending {
  readonly why: 'done' | 'asked';
  readonly step: number;
  readonly safeStep: number | null;
}
