/** Curves of metrics over steps. */
/** A curve as it is drawn: at most `points` buckets, each the first step of its bucket with mean, min and max. */
export interface Series {
  readonly name: string;
  readonly steps: readonly number[];
  /** null: not finite somewhere in the bucket. */
  readonly mean: readonly (number | null)[];
  readonly min: readonly (number | null)[];
  readonly max: readonly (number | null)[];
  /** Points a later attempt took over from: drawn grey, never joined to the curve. */
  readonly discarded: readonly {
    readonly attempt: number;
    readonly steps: readonly number[];
    readonly values: readonly (number | null)[];
  }[];
}
