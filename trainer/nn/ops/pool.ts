/** Pooling of images [n, height, width, channels]. */
import * as tf from '@tensorflow/tfjs';
import type { Tensor, Tensor4D } from '@tensorflow/tfjs';
import { padded } from './conv.ts';
import type { Window } from './conv.ts';

/**
 * PyTorch pads with minus infinity; after a ReLU, zeros are equivalent, because no window is empty and no value
 * negative.
 */
export function maxPoolAfterRelu(images: Tensor, size: number, { stride, padding }: Window): Tensor {
  return tf.maxPool(padded(images, padding) as Tensor4D, size, stride, 'valid');
}

/** Mean over height and width: [n, channels]. */
export function globalAveragePool(images: Tensor): Tensor {
  return tf.mean(images, [1, 2]);
}

/**
 * Means over windows one smaller than the side, at stride 1: [n, channels * 4], a channel's 2 x 2 positions together,
 * as PyTorch flattens the output of its AvgPool2d.
 */
export function cornerAveragePool(images: Tensor): Tensor {
  const [n = 0, height = 0, width = 0, channels = 0] = images.shape;
  if (height < 2 || width < 2)
    throw new RangeError(
      `The last stage is ${height} x ${width}: it cannot be pooled to 2 x 2. Choose larger images, or "pooled".`,
    );
  const means = tf.avgPool(images as Tensor4D, [height - 1, width - 1], 1, 'valid');
  return tf.reshape(tf.transpose(means, [0, 3, 1, 2]), [n, channels * 4]);
}
