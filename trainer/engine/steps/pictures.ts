/**
 * Pictures from the host: they arrive in 8 bits, a quarter of what they are in float32, and are normalised by the first
 * operations on them, to the bits of `normalizer` in `data/pixels`.
 */
import * as tf from '@tensorflow/tfjs';
import type { Tensor } from '@tensorflow/tfjs';
import type { HostInput, HostPictures } from '../../host-batch.ts';

/** By what levels are divided, lessened and divided again: a scalar and a value for each column of a picture. */
export interface Scale<T> {
  readonly most: T;
  readonly mean: T;
  readonly std: T;
}

/** Whole lines of a picture have one value for each of their columns: TensorFlow is slow to repeat as few as three. */
export function columnsOf([, , width, channels]: readonly number[]): number {
  return channels === 1 ? 1 : width! * channels!;
}

/** Levels in float32, [n, height, width, channels], as (x / 255 - mean) / std. */
export function normalized(levels: Tensor, { most, mean, std }: Scale<Tensor>): Tensor {
  const [count, height, width, channels] = levels.shape as [number, number, number, number];
  const lines = levels.reshape([count * height, width * channels]);
  return tf.div(tf.sub(tf.div(lines, most), mean), std).reshape(levels.shape);
}

export function scaleOf({ shape, normalization }: HostPictures): Scale<Float32Array> {
  const columns = columnsOf(shape);
  const repeated = (values: readonly number[]) =>
    Float32Array.from({ length: columns }, (_, column) => values[column % values.length]!);
  return { most: Float32Array.of(255), mean: repeated(normalization.mean), std: repeated(normalization.std) };
}

export const isPictures = (input: HostInput): input is HostPictures => 'normalization' in input;

/** An input as a tensor of the eager engine. */
export function uploaded(given: HostInput): Tensor {
  const { shape, values } = given;
  if (!isPictures(given)) return tf.tensor(values, [...shape], values instanceof Float32Array ? 'float32' : 'int32');
  const { most, mean, std } = scaleOf(given);
  const levels = tf.tensor(Float32Array.from(values), [...shape]);
  return normalized(levels, { most: tf.scalar(most[0]!), mean: tf.tensor1d(mean), std: tf.tensor1d(std) });
}
