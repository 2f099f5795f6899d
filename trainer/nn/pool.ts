/** Pooling of images [n, height, width, channels]. */
import * as tf from '@tensorflow/tfjs';
import type { Tensor, Tensor4D } from '@tensorflow/tfjs';
import { padded } from './conv.ts';
import type { Window } from './conv.ts';

/**
 * PyTorch pads with minus infinity; after a ReLU zeros do the same, because no window is empty and no value below zero.
 */
export function maxPoolAfterRelu(images: Tensor, size: number, { stride, padding }: Window): Tensor {
  return tf.maxPool(padded(images, padding) as Tensor4D, size, stride, 'valid');
}

/** Mean over height and width: [n, channels]. */
export function globalAveragePool(images: Tensor): Tensor {
  return tf.mean(images, [1, 2]);
}
