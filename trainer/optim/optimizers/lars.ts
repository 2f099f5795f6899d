import * as tf from '@tensorflow/tfjs';
import * as v from 'valibot';
import { defineOptimizer } from '../../recipe.ts';

/**
 * LARS as VICReg's and Barlow Twins' official code computes it. For a weight of any rank but 1:
 *
 *     d  = g + weightDecay * w
 *     q  = eta * |w| / |d|          (1 where either norm is 0; never clipped)
 *     mu = momentum * mu + q * d
 *     w  = w - lr * mu
 *
 * A rank-1 weight (bias, batch norm) gets neither decay nor q; Barlow Twins gives it a separate rate, `vectorRate`
 * times lr. mu starts at 0, and lr multiplies the whole buffer.
 */
export const optimizer = defineOptimizer({
  id: 'lars',
  title: 'LARS',
  options: v.object({
    /** Learning rate for a batch of 256; the peak is baseRate * batch / 256. */
    baseRate: v.optional(v.pipe(v.number(), v.minValue(0)), 0.2),
    momentum: v.optional(v.pipe(v.number(), v.minValue(0), v.maxValue(1)), 0.9),
    weightDecay: v.optional(v.pipe(v.number(), v.minValue(0)), 1e-6),
    eta: v.optional(v.pipe(v.number(), v.minValue(0)), 0.001),
    /** Learning rate of rank-1 weights, as a multiple of that of the others. */
    vectorRate: v.optional(v.pipe(v.number(), v.minValue(0)), 1),
  }),
  slots: ['momentum'],
  elementwise: (shape) => shape.length === 1,
  peak: (options, batch) => (options.baseRate * batch) / 256,
  update(weight, gradient, slots, at, options) {
    const previous = slots['momentum'] ?? tf.zerosLike(weight);
    const isVector = at.shape.length === 1;
    const direction = isVector ? gradient : scaled(weight, gradient, options.weightDecay, options.eta);
    const momentum = tf.add(tf.mul(previous, options.momentum), direction);
    const lr = isVector && options.vectorRate !== 1 ? tf.mul(at.lr, options.vectorRate) : at.lr;
    return { weight: tf.sub(weight, tf.mul(momentum, lr)), slots: { momentum } };
  },
});

function scaled(weight: tf.Tensor, gradient: tf.Tensor, weightDecay: number, eta: number): tf.Tensor {
  const decayed = tf.add(gradient, tf.mul(weight, weightDecay));
  const weightNorm = tf.sqrt(tf.sum(tf.square(weight)));
  const directionNorm = tf.sqrt(tf.sum(tf.square(decayed)));
  const both = tf.logicalAnd(tf.greater(weightNorm, 0), tf.greater(directionNorm, 0));
  // Divides by 1 if the norm is 0, so that the branch not taken is also finite.
  const ratio = tf.div(tf.mul(weightNorm, eta), tf.where(both, directionNorm, tf.onesLike(directionNorm)));
  return tf.mul(decayed, tf.where(both, ratio, tf.onesLike(ratio)));
}
