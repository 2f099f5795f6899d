/** What a detector is given: pictures on one canvas, and the objects in them. */
import type { Tensor } from '@tensorflow/tfjs';
import type { Tensors } from '../../recipe.ts';

export interface Pictures {
  /** [n, height, width, channels], normalised; pictures lie in the upper left corner, zeros fill the rest. */
  readonly images: Tensor;
  /** [n, 2], height and width of each picture. */
  readonly sizes: Tensor;
}

export interface Objects {
  /** [n, g, 4] in pixels of the canvas; zeros where there is none. */
  readonly boxes: Tensor;
  /** int32 [n, g] */
  readonly classes: Tensor;
  /** [n, g], 1 where there is one. */
  readonly present: Tensor;
  /** A bit a pixel, the lowest first: int32 [n, g, height, width / 32]. */
  readonly masks?: Tensor;
}

/** Names of the targets of a batch that carry them. */
export const pictureTargets = {
  sizes: 'sizes',
  boxes: 'boxes',
  classes: 'classes',
  present: 'present',
  masks: 'masks',
} as const;

export function objectsOf(targets: Tensors): Objects {
  const { boxes, classes, present, masks } = targets as Record<keyof typeof pictureTargets, Tensor>;
  return { boxes, classes, present, ...(masks && { masks }) };
}
