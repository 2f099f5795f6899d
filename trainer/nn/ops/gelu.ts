/**
 * x times the fraction of a normal distribution below x, exactly (by erf, not the approximation by tanh): Hendrycks and Gimpel,
 * "Gaussian error linear units" (2016). Its gradient is computed from x alone; tfjs's tape would keep a tensor for each step.
 *
 * Sums and products alternate: TensorFlow reorders a sum of sums in a graph, except where one of them is kept for the gradient,
 * so a recomputed one would differ in its last bits.
 */
import * as tf from '@tensorflow/tfjs';
import type { Tensor } from '@tensorflow/tfjs';

/** The distribution function of the standard normal distribution. */
const below = (x: Tensor): Tensor => tf.mul(tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1), 0.5);
/** Its density. */
const density = (x: Tensor): Tensor => tf.exp(tf.sub(-0.5 * Math.log(2 * Math.PI), tf.mul(tf.square(x), 0.5)));

export function gelu(x: Tensor): Tensor {
  return tf.customGrad((given, save) => {
    const input = given as Tensor;
    (save as tf.GradSaveFunc)([input]);
    return {
      value: tf.mul(input, below(input)),
      gradFunc: (dy: Tensor, [saved]: Tensor[]) =>
        tf.tidy(() => tf.mul(dy, tf.add(below(saved!), tf.mul(saved!, density(saved!))))),
    };
  })(x);
}
