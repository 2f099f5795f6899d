/** Resizes learned position embeddings to another grid: bicubic, as in torch.nn.functional.interpolate. */
import * as tf from '@tensorflow/tfjs';
import type { Tensor } from '@tensorflow/tfjs';

/** Keys' cubic convolution (1981) with PyTorch's parameter, at a distance in pixels. */
const sharpness = -0.75;
function cubic(distance: number): number {
  const x = Math.abs(distance);
  if (x <= 1) return (sharpness + 2) * x ** 3 - (sharpness + 3) * x ** 2 + 1;
  if (x < 2) return sharpness * (x ** 3 - 5 * x ** 2 + 8 * x - 4);
  return 0;
}

/**
 * Weights of the `from` positions of a row for each of the `to`; pixel centres lie at half integers, and edges are
 * repeated.
 */
export function cubicWeights(from: number, to: number): readonly Float64Array[] {
  return Array.from({ length: to }, (_, place) => {
    const centre = ((place + 0.5) * from) / to - 0.5;
    const weights = new Float64Array(from);
    const first = Math.floor(centre) - 1;
    for (let at = first; at < first + 4; at++) weights[Math.min(Math.max(at, 0), from - 1)]! += cubic(centre - at);
    return weights;
  });
}

/**
 * positions: [1, side * side, width]; gives [1, rows * columns, width]. A single product with a matrix known at trace
 * time, so the gradient is one as well.
 */
export function resizedPositions(positions: Tensor, side: number, rows: number, columns: number): Tensor {
  if (rows === side && columns === side) return positions;
  const [down, across] = [cubicWeights(side, rows), cubicWeights(side, columns)];
  const weights = down.flatMap((row) =>
    across.flatMap((column) => [...row].flatMap((one) => Array.from(column, (other) => one * other))),
  );
  const width = positions.shape[2]!;
  const known = tf.reshape(positions, [side * side, width]);
  const resized = tf.matMul(tf.tensor2d(weights, [rows * columns, side * side]), known);
  return tf.reshape(resized, [1, rows * columns, width]);
}
