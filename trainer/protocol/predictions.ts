/**
 * What a classifier took each image of a split for: a file of an evaluation, compressed, below `results/`. A line of JSON with
 * the names of the classes, then of all images, in the order of the split, 16-bit numbers, little-endian: the class that they
 * are of, the class that they were taken for, and how sure that was.
 */

export interface Guesses {
  /** The class that each image was taken for, [images]; `noClass` where no score was finite. */
  readonly guesses: Uint16Array;
  /** The share of that class among all, [images]: of probabilities or of votes, in parts of `wholeShare`. */
  readonly shares: Uint16Array;
}

export interface Predictions extends Guesses {
  readonly names: readonly string[];
  /** The true classes, [images]. */
  readonly labels: Uint16Array;
}

/** An image that was taken for no class. */
export const noClass = 0xffff;
/** Stands for a share of 1. */
export const wholeShare = 0xffff;
