/**
 * Resizes learned position embeddings to another grid: bicubic, as torch.nn.functional.interpolate, in the four ways of
 * the programs that train vision transformers.
 */
import * as tf from '@tensorflow/tfjs';
import type { Tensor } from '@tensorflow/tfjs';
import type { Resizing } from '../../protocol/weights.ts';

/** Keys' cubic convolution (1981) at a distance in pixels; PyTorch has another parameter where it antialiases. */
function cubic(distance: number, sharpness: number): number {
  const x = Math.abs(distance);
  if (x <= 1) return (sharpness + 2) * x ** 3 - (sharpness + 3) * x ** 2 + 1;
  if (x < 2) return sharpness * (x ** 3 - 5 * x ** 2 + 8 * x - 4);
  return 0;
}
const plain = -0.75;
const smooth = -0.5;
/** What DINO adds to the number of patches; in https://github.com/facebookresearch/dino/issues/8 it says why. */
const dinoOffset = 0.1;

/** Pixel centres lie at half integers, and edges are repeated. */
function plainWeights(from: number, centre: number): Float64Array {
  const weights = new Float64Array(from);
  const first = Math.floor(centre) - 1;
  for (let at = first; at < first + 4; at++) weights[Math.min(Math.max(at, 0), from - 1)]! += cubic(centre - at, plain);
  return weights;
}

/** The kernel is as wide as what becomes one place, ends at the edges and is normalised. */
function smoothWeights(from: number, to: number, place: number): Float64Array {
  const stretch = Math.max(from / to, 1);
  const centre = ((place + 0.5) * from) / to;
  const [first, end] = [centre - 2 * stretch, centre + 2 * stretch].map((edge) => Math.trunc(edge + 0.5));
  const weights = new Float64Array(from);
  for (let at = Math.max(first!, 0); at < Math.min(end!, from); at++)
    weights[at] = cubic((at + 0.5 - centre) / stretch, smooth);
  const sum = weights.reduce((total, one) => total + one, 0);
  return weights.map((one) => one / sum);
}

/** Weights of the `from` positions of a row for each of the `to`. */
export function cubicWeights(from: number, to: number, resizing: Resizing = 'size'): readonly Float64Array[] {
  return Array.from({ length: to }, (_, place) => {
    switch (resizing) {
      case 'size':
        return plainWeights(from, ((place + 0.5) * from) / to - 0.5);
      case 'dino':
        return plainWeights(from, ((place + 0.5) * from) / (to + dinoOffset) - 0.5);
      case 'antialiased':
        return smoothWeights(from, to, place);
      case 'corners':
        return plainWeights(from, to > 1 ? (place * (from - 1)) / (to - 1) : 0);
    }
  });
}

/**
 * positions: [1, side * side, width]; gives [1, rows * columns, width]. A single product with a matrix known at trace
 * time, so the gradient is one as well.
 */
export function resizedPositions(
  positions: Tensor,
  side: number,
  rows: number,
  columns: number,
  resizing: Resizing = 'size',
): Tensor {
  if (rows === side && columns === side) return positions;
  const [down, across] = [cubicWeights(side, rows, resizing), cubicWeights(side, columns, resizing)];
  const weights = down.flatMap((row) =>
    across.flatMap((column) => [...row].flatMap((one) => Array.from(column, (other) => one * other))),
  );
  const width = positions.shape[2]!;
  const known = tf.reshape(positions, [side * side, width]);
  const resized = tf.matMul(tf.tensor2d(weights, [rows * columns, side * side]), known);
  return tf.reshape(resized, [1, rows * columns, width]);
}
