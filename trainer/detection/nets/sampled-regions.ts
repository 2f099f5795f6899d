/** The regions of a training step: proposals and the objects themselves, matched, and a sample of both kinds drawn from them. */
import * as tf from '@tensorflow/tfjs';
import type { Scalar, Tensor } from '@tensorflow/tfjs';
import type { Objects, StepContext } from '../../recipe.ts';
import { overlaps } from './boxes.ts';
import { balancedSample, rowsAt } from './choose.ts';
import { matched } from './matcher.ts';
import type { Proposals } from './proposal-network.ts';

export interface RegionSample {
  /** Regions a picture, and the most of them that stand for objects. */
  readonly count: number;
  readonly mostPositive: number;
}

/** detectron2's defaults: 512 regions, a quarter of them objects. */
export const usualSample: RegionSample = { count: 512, mostPositive: 128 };

export interface Regions {
  /** [n, k, 4] */
  readonly boxes: Tensor;
  /** Box of the object that a region overlaps most, [n, k, 4], and its place among the objects, int32 [n, k]. */
  readonly objects: Tensor;
  readonly object: Tensor;
  /** int32 [n, k]; regions of no object have the number after the last class. */
  readonly labels: Tensor;
  /** 1 for regions that stand for an object: they are among the first `mostPositive`. [n, k] */
  readonly positive: Tensor;
  /** 1 for regions that there are, [n, k]. */
  readonly drawn: Tensor;
}

export interface RegionsOfStep {
  readonly regions: Regions;
  /** Share of the objects that a proposal overlaps by half or more. */
  readonly recall: Scalar;
}

const half = { low: 0.5, high: 0.5, bestOfEachObject: false } as const;

export function sampledRegions(
  proposals: Proposals,
  objects: Objects,
  classes: number,
  sample: RegionSample,
  at: StepContext,
): RegionsOfStep {
  const boxes = tf.concat([proposals.boxes, objects.boxes], 1);
  const there = tf.concat([proposals.present, objects.present], 1);
  const overlap = overlaps(boxes, objects.boxes);
  const matching = matched(overlap, objects.present, half);
  const [n, k] = there.shape as [number, number];
  const { index, positive, drawn } = balancedSample(
    tf.mul(matching.positive, there),
    tf.mul(matching.negative, there),
    at.uniform('regions/sample', [n, k]),
    sample,
  );
  const object = rowsAt(matching.object, index);
  const none = tf.fill(object.shape, classes, 'int32');
  const regions = {
    boxes: rowsAt(boxes, index),
    objects: rowsAt(objects.boxes, object),
    object,
    labels: tf.where(tf.greater(positive, 0), rowsAt(objects.classes, object), none),
    positive,
    drawn,
  };
  return { regions, recall: recallOf(overlap, proposals, objects) };
}

function recallOf(overlap: Tensor, proposals: Proposals, { present }: Objects): Scalar {
  const [n, k] = proposals.present.shape as [number, number];
  const own = tf.mul(tf.slice(overlap, [0, 0, 0], [n, k, overlap.shape[2]!]), tf.expandDims(proposals.present, 2));
  const found = tf.mul(tf.cast(tf.greaterEqual(tf.max(own, 1), 0.5), 'float32'), present);
  return tf.div(tf.sum(found), tf.maximum(tf.sum(present), 1));
}
