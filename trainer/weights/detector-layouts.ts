/** How detectron2 lays out what a detector has besides its encoder, and how it becomes our layout: exact moves of values. */
import type { Shape } from '../recipe.ts';
import { kernelFromTorch } from './torchvision-names.ts';

/** A variable of a detector: its path has detectron2's name, with slashes for dots. */
export interface DetectorVariable {
  readonly path: string;
  /** In the file. */
  readonly shape: Shape;
  readonly ours: Shape;
  convert(values: Float32Array): Float32Array;
}

const asTheyAre = (values: Float32Array): Float32Array => values;

/** Numbers by channel: biases, and the values of a norm. */
export const numbers = (path: string, count: number): DetectorVariable => ({
  path,
  shape: [count],
  ours: [count],
  convert: asTheyAre,
});

/** A convolution: [out, in, k, k] becomes [k, k, in, out]. */
export function kernel(path: string, side: number, inputs: number, outputs: number): DetectorVariable {
  const shape = [outputs, inputs, side, side];
  const convert = (values: Float32Array): Float32Array => kernelFromTorch(values, shape);
  return { path, shape, ours: [side, side, inputs, outputs], convert };
}

/** A matrix: [out, in] becomes [in, out]. */
export function matrix(path: string, inputs: number, outputs: number): DetectorVariable {
  const convert = (values: Float32Array): Float32Array => kernelFromTorch(values, [outputs, inputs, 1, 1]);
  return { path, shape: [outputs, inputs], ours: [inputs, outputs], convert };
}

/**
 * A matrix over pooled features, which detectron2 flattens by channel, row and column and we by row, column and channel:
 * [out, channels * side * side] becomes [side * side * channels, out]. Read as a kernel, it is the same move as a convolution's.
 */
export function flattened(path: string, side: number, channels: number, outputs: number): DetectorVariable {
  const inputs = channels * side ** 2;
  const convert = (values: Float32Array): Float32Array => kernelFromTorch(values, [outputs, channels, side, side]);
  return { path, shape: [outputs, inputs], ours: [inputs, outputs], convert };
}

/**
 * A transposed convolution of 2 x 2 at a stride of 2: [in, out, 2, 2] becomes the product [1, 1, in, 2 * 2 * out], in which each
 * place gives 2 x 2 places, row by row.
 */
export function doubling(path: string, inputs: number, outputs: number): DetectorVariable {
  function convert(values: Float32Array): Float32Array {
    const moved = new Float32Array(values.length);
    for (let i = 0, at = 0; i < inputs; i++)
      for (let o = 0; o < outputs; o++)
        for (let place = 0; place < 4; place++) moved[(i * 4 + place) * outputs + o] = values[at++]!;
    return moved;
  }
  return { path, shape: [inputs, outputs, 2, 2], ours: [1, 1, inputs, 4 * outputs], convert };
}
