import * as tf from '@tensorflow/tfjs';
import * as v from 'valibot';
import { defineOptimizer } from '../../recipe.ts';

/**
 * Adam as PyTorch's (Kingma and Ba, 2015), at step t counted from 1. Its weight decay is an L2 penalty, which goes through
 * both moments; AdamW's does not.
 *
 *     g = g + weightDecay * w
 *     m = beta1 * m + (1 - beta1) * g
 *     s = beta2 * s + (1 - beta2) * g^2
 *     w = w - lr / (1 - beta1^t) * m / (sqrt(s) / sqrt(1 - beta2^t) + epsilon)
 */
export const optimizer = defineOptimizer({
  id: 'adam',
  title: 'Adam',
  options: v.object({
    rate: v.optional(v.pipe(v.number(), v.minValue(0)), 0.001),
    beta1: v.optional(v.pipe(v.number(), v.minValue(0), v.maxValue(1)), 0.9),
    beta2: v.optional(v.pipe(v.number(), v.minValue(0), v.maxValue(1)), 0.999),
    epsilon: v.optional(v.pipe(v.number(), v.minValue(0)), 1e-8),
    weightDecay: v.optional(v.pipe(v.number(), v.minValue(0)), 0),
  }),
  slots: ['mean', 'square'],
  elementwise: () => true,
  peak: (options) => options.rate,
  update(weight, gradient, slots, at, options) {
    const { beta1, beta2, weightDecay } = options;
    const penalized = weightDecay === 0 ? gradient : tf.add(gradient, tf.mul(weight, weightDecay));
    const mean = tf.add(tf.mul(slots['mean'] ?? tf.zerosLike(weight), beta1), tf.mul(penalized, 1 - beta1));
    const square = tf.add(
      tf.mul(slots['square'] ?? tf.zerosLike(weight), beta2),
      tf.mul(tf.square(penalized), 1 - beta2),
    );
    const meanCorrection = tf.sub(1, tf.pow(beta1, at.step));
    const squareCorrection = tf.sqrt(tf.sub(1, tf.pow(beta2, at.step)));
    const denominator = tf.add(tf.div(tf.sqrt(square), squareCorrection), options.epsilon);
    const move = tf.mul(tf.div(mean, denominator), tf.div(at.lr, meanCorrection));
    return { weight: tf.sub(weight, move), slots: { mean, square } };
  },
});
