/**
 * Boxes as tensors: [..., 4], left, top, right, bottom in pixels of the picture on its canvas. Nothing here has a gradient but
 * `deltasOf`'s callers' own: boxes are constants of a step.
 */
import * as tf from '@tensorflow/tfjs';
import type { Tensor } from '@tensorflow/tfjs';

export interface Sides {
  readonly left: Tensor;
  readonly top: Tensor;
  readonly right: Tensor;
  readonly bottom: Tensor;
}

/** The four numbers of each box, without the last axis. */
export function sidesOf(boxes: Tensor): Sides {
  const [left, top, right, bottom] = tf.unstack(boxes, boxes.rank - 1) as [Tensor, Tensor, Tensor, Tensor];
  return { left, top, right, bottom };
}

export const boxesOf = ({ left, top, right, bottom }: Sides): Tensor => tf.stack([left, top, right, bottom], left.rank);

/** @param sizes [n, 2], height and width of each picture; boxes [n, k, 4] */
export function clipped(boxes: Tensor, sizes: Tensor): Tensor {
  const [height, width] = tf.split(sizes, 2, 1) as [Tensor, Tensor];
  const within = (side: Tensor, most: Tensor): Tensor => tf.maximum(tf.minimum(side, most), 0);
  const { left, top, right, bottom } = sidesOf(boxes);
  return boxesOf({
    left: within(left, width),
    top: within(top, height),
    right: within(right, width),
    bottom: within(bottom, height),
  });
}

/** 1 where a box has an area, 0 elsewhere; without the last axis. */
export function hasArea(boxes: Tensor): Tensor {
  const { left, top, right, bottom } = sidesOf(boxes);
  return tf.cast(tf.logicalAnd(tf.greater(right, left), tf.greater(bottom, top)), 'float32');
}

function areaOf({ left, top, right, bottom }: Sides): Tensor {
  return tf.mul(tf.sub(right, left), tf.sub(bottom, top));
}

/** Intersection over union of every box of the one with every box of the other: [n, a, 4] and [n, b, 4] to [n, a, b]. 0 without overlap. */
export function overlaps(one: Tensor, other: Tensor): Tensor {
  const a = sidesOf(tf.expandDims(one, 2));
  const b = sidesOf(tf.expandDims(other, 1));
  const width = tf.relu(tf.sub(tf.minimum(a.right, b.right), tf.maximum(a.left, b.left)));
  const height = tf.relu(tf.sub(tf.minimum(a.bottom, b.bottom), tf.maximum(a.top, b.top)));
  const shared = tf.mul(width, height);
  const union = tf.sub(tf.add(areaOf(a), areaOf(b)), shared);
  return tf.where(tf.greater(shared, 0), tf.div(shared, union), tf.zerosLike(shared));
}

interface Centred {
  readonly x: Tensor;
  readonly y: Tensor;
  readonly width: Tensor;
  readonly height: Tensor;
}

function centred({ left, top, right, bottom }: Sides): Centred {
  const width = tf.sub(right, left);
  const height = tf.sub(bottom, top);
  return { x: tf.add(left, tf.mul(width, 0.5)), y: tf.add(top, tf.mul(height, 0.5)), width, height };
}

/** Weights of the four differences of a coding. */
export type CodingWeights = readonly [x: number, y: number, width: number, height: number];

/** Of a region proposal network, and of the heads. */
export const proposalCoding: CodingWeights = [1, 1, 1, 1];
export const headCoding: CodingWeights = [10, 10, 5, 5];

/** A box grows at most to 1000 pixels from 16 (detectron2). */
const mostGrowth = Math.log(1000 / 16);

/** What moves boxes `from` onto boxes `to`, both [..., 4], Girshick et al. 2014: [..., 4]. Boxes need an area. */
export function deltasOf(from: Tensor, to: Tensor, weights: CodingWeights): Tensor {
  const a = centred(sidesOf(from));
  const b = centred(sidesOf(to));
  return tf.stack(
    [
      tf.div(tf.mul(tf.sub(b.x, a.x), weights[0]), a.width),
      tf.div(tf.mul(tf.sub(b.y, a.y), weights[1]), a.height),
      tf.mul(tf.log(tf.div(b.width, a.width)), weights[2]),
      tf.mul(tf.log(tf.div(b.height, a.height)), weights[3]),
    ],
    from.rank - 1,
  );
}

/** The boxes that `deltas` make of `boxes`, both [..., 4]. */
export function moved(boxes: Tensor, deltas: Tensor, weights: CodingWeights): Tensor {
  const { x, y, width, height } = centred(sidesOf(boxes));
  const [dx, dy, dWidth, dHeight] = tf.unstack(tf.div(deltas, tf.tensor1d([...weights])), deltas.rank - 1) as [
    Tensor,
    Tensor,
    Tensor,
    Tensor,
  ];
  const centreX = tf.add(tf.mul(dx, width), x);
  const centreY = tf.add(tf.mul(dy, height), y);
  const halfWidth = tf.mul(tf.mul(tf.exp(tf.minimum(dWidth, mostGrowth)), width), 0.5);
  const halfHeight = tf.mul(tf.mul(tf.exp(tf.minimum(dHeight, mostGrowth)), height), 0.5);
  return boxesOf({
    left: tf.sub(centreX, halfWidth),
    top: tf.sub(centreY, halfHeight),
    right: tf.add(centreX, halfWidth),
    bottom: tf.add(centreY, halfHeight),
  });
}
