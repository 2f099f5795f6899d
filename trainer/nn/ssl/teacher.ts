/** A momentum encoder: nets that follow others instead of being trained. */
import * as tf from '@tensorflow/tfjs';
import type { Scalar, Tensor, Variable } from '@tensorflow/tfjs';
import type { Learner, StepContext, Net } from '../../recipe.ts';
import { similarity } from '../ops/unit-rows.ts';

export interface Teacher {
  readonly state: NonNullable<Learner['state']>;
  /** Moves every weight to `momentum` of itself plus the rest of its source; running statistics stay its own. */
  follow(momentum: Scalar | number): readonly (readonly [Variable, Tensor])[];
}

export function teacherOf(nets: readonly Net[], followed: readonly Net[]): Teacher {
  const [own, others] = [nets, followed].map((all) => all.flatMap(({ weights }) => weights)) as [
    Variable[],
    Variable[],
  ];
  if (own.length !== others.length) throw new Error('A teacher needs the same weights as the network it follows.');
  return {
    state: Object.fromEntries(
      [...own, ...nets.flatMap(({ state }) => state)].map((variable) => [variable.name, variable]),
    ),
    follow: (momentum) =>
      own.map((weight, place) => {
        const target = others[place]!;
        return [weight, tf.add(target, tf.mul(tf.sub(weight, target), momentum))] as const;
      }),
  };
}

/** BYOL's momentum schedule: from `base` at the first step to `end` after the last, by half a cosine. */
export function risingMomentum({ step }: StepContext, steps: number, base: number, end = 1): Scalar {
  const done = tf.div(tf.cast(step, 'float32'), Math.max(steps, 1));
  const rest = tf.div(tf.add(tf.cos(tf.mul(done, Math.PI)), 1), 2);
  return tf.sub<Scalar>(end, tf.mul(rest, end - base));
}

/** 1 minus the mean cosine between the outputs of a student and its teacher for the same images: 0 if they agree. */
export function teacherDistance(student: Tensor, teacher: Tensor): Scalar {
  return tf.sub<Scalar>(1, similarity(student, teacher));
}
