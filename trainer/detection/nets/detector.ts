/** A detector: what it learns by, and what it finds in pictures. */
import type { Scalar, Tensor } from '@tensorflow/tfjs';
import type { Net, StepContext } from '../../recipe.ts';
import type { Objects, Pictures } from './picture-batch.ts';

export interface DetectorLosses {
  readonly objectness: Scalar;
  /** Of proposals. */
  readonly location: Scalar;
  readonly classes: Scalar;
  readonly boxes: Scalar;
  readonly masks?: Scalar;
}

/** What tells whether it learns: shares, 0 to 1, but for `anchors`. */
export interface DetectorHealth {
  /** Anchors a picture that stand for an object. */
  readonly anchors: Scalar;
  /** Objects that a proposal overlaps by half or more. */
  readonly recall: Scalar;
  /** Regions of the sample that stand for an object. */
  readonly foreground: Scalar;
  /** Of these, the ones that the head gives their class. */
  readonly accuracy: Scalar;
}

export interface Found {
  /** [n, most, 4] */
  readonly boxes: Tensor;
  /** Probabilities, [n, most]; 0 where there is nothing. */
  readonly scores: Tensor;
  /** Numbers of classes as float32, [n, most]. */
  readonly classes: Tensor;
  /** Probabilities, [n, most, side, side]: what of a box is the object. */
  readonly masks?: Tensor;
}

export interface Detector extends Net {
  losses(
    pictures: Pictures,
    objects: Objects,
    at: StepContext,
  ): { readonly losses: DetectorLosses; readonly health: DetectorHealth };
  find(pictures: Pictures, at: StepContext): Found;
}
