import * as tf from '@tensorflow/tfjs';
import * as v from 'valibot';
import { defineOptimizer } from '../../recipe.ts';

/** apex's default. */
const epsilon = 1e-8;

/**
 * LARC without clipping, as apex computes it around PyTorch's SGD: for every weight, biases and batch norm included,
 *
 *     q  = eta * |w| / (|g| + weightDecay * |w| + 1e-8)
 *     d  = q * (g + weightDecay * w)                              (g where either norm is 0: no decay, no q)
 *     mu = momentum * mu + d
 *     w  = w - lr * mu
 *
 * LARS differs in three ways: it leaves rank-1 weights alone, takes the norm of g + weightDecay * w, and decays a weight of norm 0.
 */
export const optimizer = defineOptimizer({
  id: 'larc',
  title: 'LARC',
  options: v.object({
    rate: v.optional(v.pipe(v.number(), v.minValue(0)), 0.6),
    momentum: v.optional(v.pipe(v.number(), v.minValue(0), v.maxValue(1)), 0.9),
    weightDecay: v.optional(v.pipe(v.number(), v.minValue(0)), 1e-6),
    eta: v.optional(v.pipe(v.number(), v.minValue(0)), 0.001),
  }),
  slots: ['momentum'],
  peak: ({ rate }) => rate,
  update(weight, gradient, slots, at, { momentum: share, weightDecay, eta }) {
    const previous = slots['momentum'] ?? tf.zerosLike(weight);
    const weightNorm = tf.sqrt(tf.sum(tf.square(weight)));
    const gradientNorm = tf.sqrt(tf.sum(tf.square(gradient)));
    const both = tf.logicalAnd(tf.greater(weightNorm, 0), tf.greater(gradientNorm, 0));
    const total = tf.add(tf.add(gradientNorm, tf.mul(weightNorm, weightDecay)), epsilon);
    const ratio = tf.div(tf.mul(weightNorm, eta), total);
    const scaled = tf.mul(tf.add(gradient, tf.mul(weight, weightDecay)), ratio);
    const momentum = tf.add(tf.mul(previous, share), tf.where(both, scaled, gradient));
    return { weight: tf.sub(weight, tf.mul(momentum, at.lr)), slots: { momentum } };
  },
});
