/** How an evaluation classified the images of its test split. A class is meant by its number, an image by its place. */
import type { Result } from '../../trainer/protocol/results.ts';
import type { Interval } from './comparison.ts';

export interface PredictedClass {
  readonly name: string;
  /** Of this class. */
  readonly images: number;
  readonly right: number;
  /** Images of any class that were taken for this one. */
  readonly taken: number;
  /** Of the share of right images, in percent; null without images. */
  readonly interval: Interval | null;
}

/** Images of one class that were taken for another. */
export interface Confusion {
  readonly label: number;
  readonly guess: number;
  readonly images: number;
}

export interface PredictedClasses {
  readonly images: number;
  readonly right: number;
  /** Images without a finite score: taken for no class. */
  readonly takenForNone: number;
  readonly classes: readonly PredictedClass[];
  /** Every pair of classes that was confused, the most frequent first. */
  readonly confusions: readonly Confusion[];
}

export interface PredictionChoice {
  readonly which: Result['which'];
  /** The class that the images are of; null: any. */
  readonly label: number | null;
  /** The class that they were taken for; null: any that is wrong. */
  readonly guess: number | null;
}

export interface PredictedImage {
  readonly place: number;
  readonly label: number;
  /** Null: taken for no class. */
  readonly guess: number | null;
  /** Of the class that it was taken for, 0 to 1: a probability, or a share of the votes. */
  readonly share: number;
}

export interface PredictedImages {
  readonly total: number;
  /** The surest first. */
  readonly images: readonly PredictedImage[];
}
