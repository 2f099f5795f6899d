/** Which class a region is of and where exactly its box lies (Girshick 2015), as detectron2's FastRCNNOutputLayers. */
import * as tf from '@tensorflow/tfjs';
import type { Scalar, Tensor } from '@tensorflow/tfjs';
import { linear } from '../../nn/layers/linear.ts';
import type { Builder, Net } from '../../recipe.ts';
import { deltasOf, headCoding } from './boxes.ts';
import { absoluteSum, weightedCrossEntropy } from './losses.ts';
import type { Regions } from './sampled-regions.ts';

export interface RegionScores {
  /** Logits, [k, classes + 1]; the last is of no object. */
  readonly scores: Tensor;
  /** [k, classes, 4] */
  readonly deltas: Tensor;
}

export interface RegionClassifier extends Net {
  /** @param features [k, width] */
  apply(features: Tensor): RegionScores;
  losses(
    given: RegionScores,
    regions: Regions,
  ): { readonly classes: Scalar; readonly boxes: Scalar; readonly accuracy: Scalar; readonly foreground: Scalar };
}

const zeros = { kind: 'zeros' } as const;

export function regionClassifier(builder: Builder, width: number, classes: number): RegionClassifier {
  const scores = linear(builder.at('cls_score'), width, classes + 1, {
    initial: { weight: { kind: 'normal', std: 0.01 }, bias: zeros },
  });
  const boxes = linear(builder.at('bbox_pred'), width, 4 * classes, {
    initial: { weight: { kind: 'normal', std: 0.001 }, bias: zeros },
  });
  return {
    weights: [...scores.weights, ...boxes.weights],
    state: [],
    apply: (features) => ({
      scores: scores.apply(features),
      deltas: boxes.apply(features).reshape([features.shape[0], classes, 4]),
    }),
    losses(given, regions) {
      const k = given.scores.shape[0];
      const labels = regions.labels.reshape([k]);
      const drawn = regions.drawn.reshape([k]);
      const positive = regions.positive.reshape([k]);
      const count = tf.maximum(tf.sum(drawn), 1);
      const wanted = deltasOf(regions.boxes.reshape([k, 4]), regions.objects.reshape([k, 4]), headCoding);
      const ofClass = tf.expandDims(tf.oneHot(labels, classes + 1).slice([0, 0], [k, classes]), 2);
      const deltas = tf.sum(tf.mul(given.deltas, tf.cast(ofClass, 'float32')), 1);
      const right = tf.cast(tf.equal(tf.argMax(given.scores, 1), labels), 'float32');
      return {
        classes: weightedCrossEntropy(given.scores, labels, drawn),
        boxes: tf.div(absoluteSum(deltas, wanted, positive), count),
        accuracy: tf.div(tf.sum(tf.mul(right, positive)), tf.maximum(tf.sum(positive), 1)),
        foreground: tf.div(tf.sum(positive), count),
      };
    },
  };
}
