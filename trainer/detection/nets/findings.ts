/** From scores of regions to findings: boxes in the picture, each class suppressed by itself, the highest of all (detectron2's fast_rcnn_inference). */
import type { Findings } from '../../recipe.ts';
import * as tf from '@tensorflow/tfjs';
import type { Tensor } from '@tensorflow/tfjs';
import { clipped, headCoding, moved } from './boxes.ts';
import { highest, rowsAt } from './choose.ts';
import type { RegionScores } from './region-classifier.ts';
import type { Proposals } from './proposal-network.ts';
import { notThere, suppressed } from './suppression.ts';

export interface FindingOptions {
  /** Probability below which a region is nothing. */
  readonly leastScore: number;
  readonly threshold: number;
  /** Findings a picture. */
  readonly most: number;
}

/** detectron2's defaults. */
export const usualFindings: FindingOptions = { leastScore: 0.05, threshold: 0.5, most: 100 };

/** Findings one after another along an axis. */
function joined(parts: readonly Findings[], axis: number): Findings {
  const along = (name: 'boxes' | 'scores' | 'classes'): Tensor =>
    tf.concat(
      parts.map((part) => part[name]),
      axis,
    );
  return { boxes: along('boxes'), scores: along('scores'), classes: along('classes') };
}

/** @param given of all proposals, picture after picture */
export function findings(
  given: RegionScores,
  proposals: Proposals,
  sizes: Tensor,
  { leastScore, threshold, most }: FindingOptions,
): Findings {
  const [n, k] = proposals.present.shape as [number, number];
  const classes = given.deltas.shape[1]!;
  const probabilities = tf.softmax(given.scores).reshape([n, k, classes + 1]);
  const deltas = given.deltas.reshape([n, k, classes, 4]);
  const pictures = Array.from({ length: n }, (_, picture) => {
    const size = tf.slice(sizes, [picture, 0], [1, 2]);
    const from = tf.slice(proposals.boxes, [picture, 0, 0], [1, k, 4]);
    const there = tf.greater(tf.slice(proposals.present, [picture, 0], [1, k]), 0);
    const kept = Array.from({ length: classes }, (__, index) => {
      const own = tf.slice(deltas, [picture, 0, index, 0], [1, k, 1, 4]).reshape([1, k, 4]);
      const boxes = clipped(moved(from, own, headCoding), size);
      const scores = tf.slice(probabilities, [picture, 0, index], [1, k, 1]).reshape([1, k]);
      const wanted = tf.logicalAnd(there, tf.greater(scores, leastScore));
      const counted = tf.where(wanted, scores, tf.fill([1, k], notThere));
      const survivors = suppressed(boxes.reshape([k, 4]), counted.reshape([k]), threshold, Math.min(most, k));
      const places = survivors.index.reshape([1, Math.min(most, k)]);
      return {
        boxes: rowsAt(boxes, places),
        scores: tf.where(
          tf.greater(survivors.used.reshape(places.shape), 0),
          rowsAt(scores, places),
          tf.zeros(places.shape),
        ),
        classes: tf.fill(places.shape, index),
      };
    });
    const ofClasses = joined(kept, 1);
    const top = highest(ofClasses.scores, Math.min(most, ofClasses.scores.shape[1]!));
    return {
      boxes: rowsAt(ofClasses.boxes, top.index),
      scores: top.values,
      classes: rowsAt(ofClasses.classes, top.index),
    };
  });
  return joined(pictures, 0);
}
