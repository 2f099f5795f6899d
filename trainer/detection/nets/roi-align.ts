/**
 * ROIAlign (He et al. 2017), aligned, as two matrix products.
 *
 * Bilinear interpolation is separable: the value of a bin is the mean over its grid of samples, and that is
 * `rows * features * columns`, with weights of rows and of columns that depend on the box alone. So any number of samples a
 * bin, also one that depends on the box, has a fixed shape, and the gradient of the features is two products as well: the
 * same bits every time, on a GPU too, where a scattered sum is not.
 */
import * as tf from '@tensorflow/tfjs';
import type { Tensor } from '@tensorflow/tfjs';
import { dtype, flag, outputOf } from '../../nn/ops/operation.ts';
import { sidesOf } from './boxes.ts';

export interface Pooling {
  /** Bins along a side. */
  readonly bins: number;
  /** Features a pixel: 1 / stride. */
  readonly scale: number;
  /** Samples a bin along a side; 0: as many as features, rounded up (detectron2's 0, torchvision's -1). */
  readonly samples: number;
}

/** Just below -1, where the first samples count. */
const before = -1.000001;

/**
 * Weights of the features along one side for the bins along it: [n, k, bins, extent].
 *
 * The samples of a bin lie at equal distances. Those between two neighbouring features share their weight between both, by
 * their mean position: so it is enough to count them, and nothing here grows with the number of samples.
 * @param low, high the sides of the boxes, [n, k]
 * @param weight multiplies all weights of a box, [n, k]
 */
function sideWeights(
  low: Tensor,
  high: Tensor,
  weight: Tensor,
  extent: number,
  { bins, scale, samples }: Pooling,
): Tensor {
  const [n, k] = low.shape as [number, number];
  const spread = (values: Tensor): Tensor => values.reshape([n, k, 1, 1]);
  const start = tf.sub(tf.mul(low, scale), 0.5);
  const bin = tf.div(tf.mul(tf.sub(high, low), scale), bins);
  // A box without extent has no samples, and its bins are 0.
  const count = samples > 0 ? tf.fill([n, k], samples) : tf.ceil(bin);
  const counted = tf.maximum(count, 1);
  const distance = tf.maximum(tf.div(bin, counted), 1e-12);
  const first = tf.add(
    spread(tf.add(start, tf.mul(distance, 0.5))),
    tf.mul(spread(bin), tf.range(0, bins, 1, 'float32').reshape([1, 1, bins, 1])),
  );
  // Up to one feature beyond the map the outermost feature counts, farther out nothing does.
  const features = tf.tensor([before, ...Array.from({ length: extent + 1 }, (_, at) => at)], [1, 1, 1, extent + 2]);
  const [shareFrom, shareTo] = [1, 0].map((end) =>
    tf.tensor(
      Array.from({ length: extent + 1 }, (_, at) => (at === 0 ? 1 : at === extent ? 0 : 1 - end)),
      [1, 1, 1, extent + 1],
    ),
  ) as [Tensor, Tensor];
  /** Number of the last sample up to each feature, from -1. */
  const last = tf.minimum(
    tf.maximum(tf.floor(tf.div(tf.sub(features, first), spread(distance))), -1),
    spread(tf.sub(count, 1)),
  );
  const cut = (values: Tensor, from: number, length: number): Tensor =>
    tf.slice(values, [0, 0, 0, from], [n, k, bins, length]);
  const [lower, upper] = [cut(last, 0, extent + 1), cut(last, 1, extent + 1)];
  const between = tf.sub(upper, lower);
  const mean = tf.add(first, tf.mul(spread(tf.mul(distance, 0.5)), tf.add(tf.add(lower, upper), 1)));
  const share = tf.minimum(
    tf.maximum(tf.sub(mean, tf.range(-1, extent, 1, 'float32').reshape([1, 1, 1, extent + 1])), shareFrom),
    shareTo,
  );
  const toUpper = tf.mul(between, share);
  const sums = tf.add(cut(toUpper, 0, extent), cut(tf.sub(between, toUpper), 1, extent));
  return tf.mul(sums, spread(tf.div(weight, counted)));
}

/** Bytes that an intermediate result of a product may take: boxes are pooled in parts of as many as fit. */
const mostBytes = 256 * 2 ** 20;

interface Weights {
  /** [n, k, bins, height] */
  readonly rows: Tensor;
  /** [n, k, bins, width] */
  readonly columns: Tensor;
}

/** Products of matrices, the last two axes; the axes before them are repeated where one factor has 1. */
function products(one: Tensor, other: Tensor, transposed: boolean): Tensor {
  const attributes = [flag('adj_x', transposed), flag('adj_y', false), dtype('T', 'float32')];
  return outputOf('BatchMatMulV2', attributes, [one, other]);
}

/** [n, height, width, channels] to [n, k, bins, bins, channels]. */
function pooledBy({ rows, columns }: Weights, features: Tensor): Tensor {
  const [n, height, width, channels] = features.shape as [number, number, number, number];
  const [, k, bins] = rows.shape as [number, number, number];
  const byRow = tf.matMul(rows.reshape([n, k * bins, height]), features.reshape([n, height, width * channels]));
  return products(tf.expandDims(columns, 2), byRow.reshape([n, k, bins, width, channels]), false);
}

/** The gradient of the features by that of the bins. */
function gradientBy({ rows, columns }: Weights, dy: Tensor): Tensor {
  const [n, k, bins, height] = rows.shape as [number, number, number, number];
  const [width, channels] = [columns.shape[3]!, dy.shape[4]!];
  const byRow = products(tf.expandDims(columns, 2), dy, true);
  return tf
    .matMul(rows.reshape([n, k * bins, height]), byRow.reshape([n, k * bins, width * channels]), true)
    .reshape([n, height, width, channels]);
}

/**
 * Features of boxes: [n, k, bins, bins, channels], with the gradient of the features; boxes are constants. A box is no larger
 * than the canvas.
 * @param features [n, height, width, channels]
 * @param boxes [n, k, 4] in pixels
 * @param weight [n, k], 0 for boxes whose features are not wanted: they become 0
 */
export function roiAlign(features: Tensor, boxes: Tensor, weight: Tensor, pooling: Pooling): Tensor {
  const [n, height, width, channels] = features.shape as [number, number, number, number];
  const k = boxes.shape[1]!;
  const bytes = 4 * n * pooling.bins * width * channels;
  const part = Math.max(1, Math.min(k, Math.floor(mostBytes / bytes)));
  const parts = Array.from({ length: Math.ceil(k / part) }, (_, index) => {
    const from = index * part;
    const count = Math.min(part, k - from);
    const { left, top, right, bottom } = sidesOf(tf.slice(boxes, [0, from, 0], [n, count, 4]));
    const counted = tf.slice(weight, [0, from], [n, count]);
    return {
      from,
      count,
      weights: {
        rows: sideWeights(top, bottom, counted, height, pooling),
        columns: sideWeights(left, right, tf.onesLike(counted), width, pooling),
      },
    };
  });
  return tf.customGrad((given, save) => {
    // Kept for the gradient as every other value is: a tensor that is not may be gone by then.
    (save as tf.GradSaveFunc)(parts.flatMap(({ weights }) => [weights.rows, weights.columns]));
    return {
      value: tf.concat(
        parts.map(({ weights }) => pooledBy(weights, given as Tensor)),
        1,
      ),
      gradFunc: (dy: Tensor, saved: Tensor[]) =>
        tf.addN(
          parts.map(({ from, count }, index) =>
            gradientBy(
              { rows: saved[2 * index]!, columns: saved[2 * index + 1]! },
              tf.slice(dy, [0, from, 0, 0, 0], [n, count, pooling.bins, pooling.bins, channels]),
            ),
          ),
        ),
    };
  })(features);
}
