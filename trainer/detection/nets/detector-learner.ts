/** A detector as a problem for the loop. */
import * as tf from '@tensorflow/tfjs';
import type { Scalar } from '@tensorflow/tfjs';
import type { Detector, Learner } from '../../recipe.ts';
import { objectsOf } from './picture-batch.ts';

/** @param proposalWeight multiplies both losses of the proposal network: 0.2 in the paper's recipe, else 1 */
export function detectorLearner(detector: Detector, proposalWeight: number): Learner {
  return {
    trainable: [detector],
    // Everything depends on all pictures, through batch norm's statistics, so nothing is left for parts of a batch.
    embed: ({ views }) => ({ images: views[0]! }),
    loss({ images }, targets, at) {
      const { losses, health } = detector.losses({ images: images!, sizes: targets['sizes']! }, objectsOf(targets), at);
      const { objectness, location, ...heads } = losses;
      const proposals = tf.mul(tf.add(objectness, location), proposalWeight);
      const loss = tf.addN([proposals, ...Object.values(heads as Record<string, Scalar>)]) as Scalar;
      return { loss, metrics: { ...losses, ...health } };
    },
  };
}
