/**
 * Layer normalisation over the last axis, with its own gradient: tfjs's tape would keep a tensor for each step and sum back
 * through every broadcast.
 *
 * y = weight (x - mean) / sqrt(variance + eps) + bias, with the biased variance.
 */
import * as tf from '@tensorflow/tfjs';
import type { Tensor } from '@tensorflow/tfjs';
import type { Builder, Net } from '../../recipe.ts';

/** That of the vision transformers of DINO, MoCo v3, MAE, timm and torchvision. */
const usualEpsilon = 1e-6;

export interface LayerNorm extends Net {
  apply(x: Tensor): Tensor;
}

export function layerNorm(builder: Builder, width: number, epsilon = usualEpsilon): LayerNorm {
  const weight = builder.variable('weight', [width], { kind: 'ones' });
  const bias = builder.variable('bias', [width], { kind: 'zeros' });
  return { weights: [weight, bias], state: [], apply: (x) => normalise(x, weight, bias, epsilon) };
}

const meanOfRow = (rows: Tensor): Tensor => tf.mean(rows, -1, true);

/**
 * Avoids products of products and quotients by roots, here and below: TensorFlow reorders those in a graph, except where an
 * intermediate result is kept for the gradient, so recomputed ones would differ in their last bits.
 */
function normalise(input: Tensor, weight: Tensor, bias: Tensor, epsilon: number): Tensor {
  return tf.customGrad((...given) => {
    const [x, w, b] = given.slice(0, 3) as [Tensor, Tensor, Tensor];
    const save = given[3] as unknown as tf.GradSaveFunc;
    const mean = meanOfRow(x);
    const scale = tf.rsqrt(tf.add(meanOfRow(tf.squaredDifference(x, mean)), epsilon));
    const standard = tf.sub(tf.mul(x, scale), tf.mul(mean, scale));
    save([standard, scale, w]);
    return {
      value: tf.add(tf.mul(standard, w), b),
      gradFunc: (dy: Tensor, saved: Tensor[]) => gradients(dy, saved as [Tensor, Tensor, Tensor]),
    };
  })(input, weight, bias);
}

/** Gradients of the input, the weight and the bias. */
function gradients(dy: Tensor, [standard, scale, weight]: readonly [Tensor, Tensor, Tensor]): Tensor[] {
  return tf.tidy(() => {
    const rows = standard.shape.map((_, axis) => axis).slice(0, -1);
    const along = tf.mul(dy, standard);
    const wanted = tf.mul(dy, weight);
    // The output is invariant to a shift and a scaling of the whole row.
    const shift = meanOfRow(wanted);
    const stretch = meanOfRow(tf.mul(along, weight));
    const dx = tf.mul(scale, tf.sub(tf.sub(wanted, shift), tf.mul(standard, stretch)));
    return [dx, tf.sum(along, rows), tf.sum(dy, rows)];
  });
}
