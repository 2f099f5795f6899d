/** How long decoding a picture may take. */
export interface DecodingBounds {
  /** Between two looks, in milliseconds. Looks are counted, not time: a program that was stopped or asleep saw none. */
  readonly lookEveryMs: number;
  /** Looks at which a decoding worker is at the same decoding before the picture is tried in a process of its own. */
  readonly suspectAfter: number;
  /** Processor time that it may take there, in milliseconds. */
  readonly processorMs: number;
  /** Looks that it may take there, for a decoder that waits instead of working. */
  readonly longest: number;
}

/**
 * Pictures of 100 megapixels that are stored as a whole took 3 to 5 s of one core, the slowest within the limits; ten times
 * that is within. A suspicion costs one more decoding, so it may come early: both together come before a loader's data
 * counts as away.
 */
export const usualBounds: DecodingBounds = { lookEveryMs: 1000, suspectAfter: 30, processorMs: 60_000, longest: 600 };
