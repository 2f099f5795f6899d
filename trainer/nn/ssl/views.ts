/** Embeddings of any number of views. */
import type { Tensor } from '@tensorflow/tfjs';
import type { Tensors } from '../../recipe.ts';

/**
 * `x` and `y` of the two full views, then `view2` and so on for the others. Each view passes through the network
 * separately.
 */
export function embeddedViews(views: readonly Tensor[], embed: (images: Tensor) => Tensor): Tensors {
  const names = views.map((_, place) => ['x', 'y'][place] ?? `view${place}`);
  return Object.fromEntries(views.map((images, place) => [names[place]!, embed(images)]));
}

/** The embeddings in the order of the views. */
export function inOrder({ x, y, ...others }: Tensors): readonly [Tensor, Tensor, ...Tensor[]] {
  const rest = Object.keys(others).length;
  return [x!, y!, ...Array.from({ length: rest }, (_, place) => others[`view${place + 2}`]!)];
}
