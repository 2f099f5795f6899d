/** An encoder that is shown the colours in the reverse order: blue first where it learned red first. */
import * as tf from '@tensorflow/tfjs';
import type { Tensor } from '@tensorflow/tfjs';
import type { Encoder } from '../../recipe.ts';

/** @throws RangeError for an encoder without stages of its own */
export function withReversedColours(encoder: Encoder): Encoder {
  const { stages } = encoder;
  if (!stages) throw new RangeError('Colours can be reversed for a residual network only.');
  const reversed = (images: Tensor): Tensor => tf.reverse(images, 3);
  return {
    ...encoder,
    forward: (images, at) => encoder.forward(reversed(images), at),
    stages: { ...stages, upTo: (last, images, at) => stages.upTo(last, reversed(images), at) },
  };
}
