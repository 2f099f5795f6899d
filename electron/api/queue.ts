/** The queue: what waits for the device, in its order, and when it is expected to be done. */
export interface QueuedRun {
  readonly run: string;
  /** Seconds that it takes or, with a checkpoint, still takes, by an estimate; null: not known. */
  readonly seconds: number | null;
  /** True if the seconds, or those of a run before it, are a first idea alone: see `Estimate`. */
  readonly isRough: boolean;
  /**
   * When it is expected to be done, in milliseconds since 1970; null where that is not known: for want of an estimate of it
   * or of one before it, or because it or what it waits for is held back.
   */
  readonly endsAt: number | null;
}

/** Runs taken out of the queue, and the order they stood in, to put them back. */
export interface CancelledRuns {
  readonly runs: readonly string[];
  readonly order: readonly string[];
}
