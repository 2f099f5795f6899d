/** State shared by the parts of the loop. */
import type { Pace } from './pace.ts';
import type { LoopContext, TrainingTask } from './training-task.ts';

/** Counters of one attempt; every part of the loop may change them. */
export interface LoopState {
  /** Steps taken. */
  done: number;
  /** Milliseconds spent in steps and between epochs, over all attempts. */
  trainedMs: number;
  /** Step of the newest checkpoint; null before the first. */
  safeStep: number | null;
  /** Time of the last save on the context's clock, in milliseconds; shifted by the length of every pause. */
  savedAt: number;
}

/** Shared scope of the loop's parts. */
export interface LoopScope {
  readonly task: TrainingTask;
  readonly context: LoopContext;
  readonly pace: Pace;
  readonly state: LoopState;
}

/** Continues or ends the training. */
export type Verdict = 'go' | 'stop';
