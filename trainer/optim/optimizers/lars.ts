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
 * times lr. mu starts at 0, and lr multiplies the whole buffer. Two options follow other official code:
 *
 *     rateInMomentum:  mu = momentum * mu + lr * q * d;  w = w - mu     (google-research/simclr, lars_optimizer.py)
 *     clip:            q  = min(eta * |w| / (|g| + weightDecay * |w| + 1e-8) / lr, 1), and neither decay nor q where
 *                      |w| or |g| is 0                                  (solo-learn, solo/utils/lars.py, `clip_lr`)
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
    /** The learning rate multiplies what enters the momentum, so that a change of it leaves past gradients as they were. */
    rateInMomentum: v.optional(v.boolean(), false),
    /** A weight moves at most as far as the learning rate alone would move it. */
    clip: v.optional(v.boolean(), false),
  }),
  slots: ['momentum'],
  elementwise: (shape) => shape.length === 1,
  peak: (options, batch) => (options.baseRate * batch) / 256,
  update(weight, gradient, slots, at, options) {
    const previous = slots['momentum'] ?? tf.zerosLike(weight);
    const isVector = at.shape.length === 1;
    const direction = isVector ? gradient : scaled(weight, gradient, at.lr, options);
    const lr = isVector && options.vectorRate !== 1 ? tf.mul(at.lr, options.vectorRate) : at.lr;
    const entering = options.rateInMomentum ? tf.mul(direction, lr) : direction;
    const momentum = tf.add(tf.mul(previous, options.momentum), entering);
    const move = options.rateInMomentum ? momentum : tf.mul(momentum, lr);
    return { weight: tf.sub(weight, move), slots: { momentum } };
  },
});

interface Scaling {
  readonly weightDecay: number;
  readonly eta: number;
  readonly clip: boolean;
}

const normOf = (x: tf.Tensor): tf.Tensor => tf.sqrt(tf.sum(tf.square(x)));

/** q d. */
function scaled(weight: tf.Tensor, gradient: tf.Tensor, lr: tf.Tensor, given: Scaling): tf.Tensor {
  const decayed = tf.add(gradient, tf.mul(weight, given.weightDecay));
  const weightNorm = normOf(weight);
  if (given.clip) {
    const gradientNorm = normOf(gradient);
    const length = tf.add(tf.add(gradientNorm, tf.mul(weightNorm, given.weightDecay)), 1e-8);
    const ratio = tf.minimum(tf.div(tf.div(tf.mul(weightNorm, given.eta), length), lr), 1);
    const both = tf.logicalAnd(tf.greater(weightNorm, 0), tf.greater(gradientNorm, 0));
    return tf.where(both, tf.mul(decayed, ratio), gradient);
  }
  const directionNorm = normOf(decayed);
  const both = tf.logicalAnd(tf.greater(weightNorm, 0), tf.greater(directionNorm, 0));
  // Divides by 1 if the norm is 0, so that the branch not taken is also finite.
  const ratio = tf.div(tf.mul(weightNorm, given.eta), tf.where(both, directionNorm, tf.onesLike(directionNorm)));
  return tf.mul(decayed, tf.where(both, ratio, tf.onesLike(ratio)));
}
