/** Runs that are not started yet: their cost, and the subject of an evaluation. */
import type { Fault } from '../../trainer/protocol/fault.ts';
import type { PrecisionTimings } from '../../trainer/protocol/hardware.ts';
import type { Precision } from '../../trainer/protocol/run.ts';

/** Cost of a run, shown before it is started. null: not known, with the reason beside it. */
export interface Estimate {
  readonly steps: number | null;
  readonly seconds: number | null;
  readonly secondsSpread: number | null;
  /**
   * Where `seconds` is not known: a first idea from the work of its networks and what this machine took for other work, within a factor
   * of two or so. Null where not even that is known, or `seconds` is.
   */
  readonly roughSeconds: number | null;
  /** measured: a calibration of real steps on this machine; recorded: from an earlier run of the same shape; none: not known yet. */
  readonly basis: 'measured' | 'recorded' | 'none';
  readonly diskBytes: number | null;
  readonly diskFreeBytes: number | null;
  readonly memoryBytes: number | null;
  readonly memoryFreeBytes: number | null;
  readonly warnings: readonly Fault[];
  /** Where memory does not suffice: smaller settings that would fit, with their estimated memory. */
  readonly fits: readonly (
    | {
        /** Number of samples processed at once, with the gradient of the whole batch. */
        readonly kind: 'chunk';
        readonly value: number;
        readonly memoryBytes: number;
      }
    | {
        /** A smaller batch, with the base learning rate the paper gives for it. */
        readonly kind: 'batch';
        readonly value: number;
        readonly baseRate: number;
        readonly where: string;
        readonly memoryBytes: number;
      }
  )[];
}

/** Subject of an evaluation. */
export type Evaluated =
  /** `branch`: which of two encoders that share no weights; default: the first. */
  | { readonly kind: 'run'; readonly run: string; readonly branch?: 0 | 1 | undefined }
  | { readonly kind: 'weights'; readonly weights: string };

/** Timings of each precision on a device. */
export interface Precisions {
  readonly timings: PrecisionTimings['timings'];
  /** Precision of a new run: float32, unless a narrower type is `leastGain` times as fast. */
  readonly preferred: Precision;
  readonly leastGain: number;
}
