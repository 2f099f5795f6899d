/** The state that the parts of the loop share. */
import type { Pace } from './pace.ts';
import type { LoopContext, TrainingTask } from './training-task.ts';

/** Counters of one life of a training; every part of the loop may change them. */
export interface LoopState {
  /** Steps taken. */
  done: number;
  /** Milliseconds spent on steps and between epochs, over all attempts. */
  trainedMs: number;
  /** Step of the newest checkpoint, or null before the first. */
  safeStep: number | null;
  /** Time of the last save on the context's clock, in milliseconds; moved on by the length of every pause. */
  savedAt: number;
}

/** What every part of the loop works on. */
export interface LoopScope {
  readonly task: TrainingTask;
  readonly context: LoopContext;
  readonly pace: Pace;
  readonly state: LoopState;
}

/** Whether training continues or ends here. */
export type Verdict = 'go' | 'stop';
