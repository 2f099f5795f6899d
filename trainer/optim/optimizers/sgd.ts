import * as tf from '@tensorflow/tfjs';
import * as v from 'valibot';
import { defineOptimizer } from '../../recipe.ts';

/**
 * Stochastic gradient descent with momentum, as PyTorch's SGD (no dampening, no Nesterov):
 *
 *     d  = g + weightDecay * w
 *     mu = momentum * mu + d
 *     w  = w - lr * mu
 */
export const optimizer = defineOptimizer({
  id: 'sgd',
  title: 'SGD',
  options: v.object({
    /** Learning rate; with `scaleWithBatch`, that of a batch of 256. */
    rate: v.optional(v.pipe(v.number(), v.minValue(0)), 0.02),
    scaleWithBatch: v.optional(v.boolean(), false),
    momentum: v.optional(v.pipe(v.number(), v.minValue(0), v.maxValue(1)), 0.9),
    weightDecay: v.optional(v.pipe(v.number(), v.minValue(0)), 1e-6),
  }),
  slots: ['momentum'],
  elementwise: () => true,
  peak: (options, batch) => (options.scaleWithBatch ? (options.rate * batch) / 256 : options.rate),
  update(weight, gradient, slots, at, options) {
    const previous = slots['momentum'] ?? tf.zerosLike(weight);
    const direction = options.weightDecay === 0 ? gradient : tf.add(gradient, tf.mul(weight, options.weightDecay));
    const momentum = tf.add(tf.mul(previous, options.momentum), direction);
    return { weight: tf.sub(weight, tf.mul(momentum, at.lr)), slots: { momentum } };
  },
});
