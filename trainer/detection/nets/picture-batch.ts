/** The objects that a batch of pictures carries. */
import type { Tensor } from '@tensorflow/tfjs';
import type { Objects, Tensors } from '../../recipe.ts';

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
