/**
 * Linear support vector machines with the squared hinge loss, many at once. Each minimises
 *
 *     |w|² / 2 + C sum_i k_i max(0, 1 - y_i wᵀx_i)²        k_i: weight of the sample's class
 *
 * as LIBLINEAR's solvers 1 and 2 do (Fan et al., JMLR 2008); the minimum is unique, so the solver does not matter. This
 * one is a Newton method with conjugate gradients (Keerthi and DeCoste, JMLR 2005): all problems share the samples, so
 * a joint step takes a few products of large matrices.
 */
import * as tf from '@tensorflow/tfjs';
import type { Tensor, Tensor2D } from '@tensorflow/tfjs';

/**
 * Limits on Newton steps and on conjugate gradient steps within one: far more than needed for C up to several hundred.
 */
const mostSteps = 30;
const mostInnerSteps = 60;
/** A problem is solved once its gradient has shrunk to this fraction of the initial one. */
const tolerance = 1e-4;
const innerTolerance = 0.1;

export interface Problems {
  /** [n, problems]: 1 if the class is present, -1 if not, 0 for a sample that the problem leaves out. */
  readonly signs: Tensor2D;
  /** C of each problem. */
  readonly costs: readonly number[];
  /** k of positive samples; 1 for the others. */
  readonly positiveWeight: number;
}

const columnSums = (x: Tensor): Tensor => tf.sum(x, 0, true);

/**
 * Weights of the minima, [d, problems]. samples: [n, d], with a constant column if there is to be a bias.
 *
 * @param start initial weights; close ones save time without changing the result
 */
export function solveSvms(samples: Tensor2D, problems: Problems, start: Tensor2D | null = null): Tensor2D {
  const { signs, costs, positiveWeight } = problems;
  const { weights: k, transposed } = tf.tidy(() => {
    const ofSign = tf.where(tf.greater(signs, 0), tf.onesLike(signs).mul(positiveWeight), tf.abs(signs));
    return { weights: ofSign.mul(tf.tensor2d([[...costs]])), transposed: tf.transpose<Tensor2D>(samples) };
  });

  /** Margin violations, [n, problems]: 0 if the margin is kept. */
  const slacks = (w: Tensor2D): Tensor => tf.relu(tf.sub(1, tf.mul(signs, tf.matMul(samples, w)))).mul(tf.abs(signs));
  const losses = (w: Tensor2D, slack: Tensor): Tensor =>
    columnSums(w.square())
      .div(2)
      .add(columnSums(k.mul(slack.square())));

  function gradientOf(w: Tensor2D, slack: Tensor): Tensor {
    return w.sub(tf.matMul(transposed, k.mul<Tensor2D>(slack).mul<Tensor2D>(signs).mul<Tensor2D>(2)));
  }

  /** (I + 2 Xᵀ K X)⁻¹ times the negative gradient, approximately; K selects the samples that violate their margin. */
  function newtonStep(gradient: Tensor, slack: Tensor): Tensor {
    const active = tf.tidy(() => k.mul(tf.cast(tf.greater(slack, 0), 'float32')).mul(2));
    let [x, residual] = tf.tidy(() => [tf.zerosLike(gradient), tf.neg(gradient)]);
    let direction = residual.clone();
    let squared = tf.tidy(() => columnSums(residual.square()));
    const wanted = tf.tidy(() => squared.mul(innerTolerance ** 2));
    for (let inner = 0; inner < mostInnerSteps; inner++) {
      const next = tf.tidy(() => {
        const curved = direction.add(
          tf.matMul(transposed, active.mul<Tensor2D>(tf.matMul(samples, direction as Tensor2D))),
        );
        // A column that has converged, or whose residual is 0, stays fixed.
        const open = tf.cast(tf.greater(squared, wanted), 'float32');
        const step = squared.div(columnSums(direction.mul(curved)).add(1e-30)).mul(open);
        const moved = x.add(direction.mul(step));
        const left = residual.sub(curved.mul(step));
        const now = columnSums(left.square());
        const turned = left.add(direction.mul(now.div(squared.add(1e-30))));
        const remaining = tf.sum(tf.cast(tf.greater(now, wanted), 'float32'));
        return { moved, left, now, turned, remaining };
      });
      tf.dispose([x, residual, direction, squared]);
      [x, residual, direction, squared] = [next.moved, next.left, next.turned, next.now];
      const remaining = next.remaining.dataSync()[0]!;
      next.remaining.dispose();
      if (remaining === 0) break;
    }
    tf.dispose([active, residual, direction, squared, wanted]);
    return x;
  }

  let w = start?.clone() ?? tf.zeros([samples.shape[1], costs.length]);
  let wanted: Tensor | null = null;
  for (let step = 0; step < mostSteps; step++) {
    const slack = tf.tidy(() => slacks(w));
    const gradient = tf.tidy(() => gradientOf(w, slack));
    const squared = tf.tidy(() => columnSums(gradient.square()));
    // Relative to the gradient at 0, so that a good start does not tighten the tolerance.
    wanted ??= tf.tidy(() => {
      const zero = tf.zerosLike(w);
      return columnSums(gradientOf(zero, slacks(zero)).square()).mul(tolerance ** 2);
    });
    const isDone = tf.tidy(() => tf.all(tf.lessEqual(squared, wanted!)).dataSync()[0] === 1);
    if (!isDone) {
      const direction = newtonStep(gradient, slack);
      const next = tf.tidy(() => halved(w, direction, losses, slacks, losses(w, slack)));
      tf.dispose([w, direction]);
      w = next;
    }
    tf.dispose([slack, gradient, squared]);
    if (isDone) break;
  }
  tf.dispose([k, transposed, ...(wanted ? [wanted] : [])]);
  return w;
}

/** Backtracking line search, per problem: the full step, half of it, a quarter … until the loss falls. */
function halved(
  w: Tensor2D,
  direction: Tensor,
  losses: (w: Tensor2D, slack: Tensor) => Tensor,
  slacks: (w: Tensor2D) => Tensor,
  before: Tensor,
): Tensor2D {
  let share: Tensor = tf.onesLike(before);
  for (let halving = 0; halving < 20; halving++) {
    const tried = w.add<Tensor2D>(direction.mul(share));
    const worse = tf.greater(losses(tried, slacks(tried)), before);
    if (tf.any(worse).dataSync()[0] === 0) return tried;
    // At the last halving, a problem whose loss still does not fall stays where it is.
    share = tf.where(worse, halving === 18 ? tf.zerosLike(share) : share.div(2), share);
  }
  return w;
}
