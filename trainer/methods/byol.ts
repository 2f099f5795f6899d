/**
 * BYOL, Grill et al., NeurIPS 2020, section 3.
 *
 *     online: encoder, projector z, predictor p;  target: encoder and projector t, which follow the online ones
 *     loss   = mean |p/|p| - t'/|t'||^2 + the same with the views swapped
 *     target = momentum target + (1 - momentum) online after each step; momentum rises from its base to 1 by half a cosine
 */
import * as tf from '@tensorflow/tfjs';
import type { Scalar, Tensor } from '@tensorflow/tfjs';
import * as v from 'valibot';
import { directionSpread, unitRows } from '../nn/ops/unit-rows.ts';
import { mlp } from '../nn/layers/mlp.ts';
import { share, widths } from '../nn/ssl/option-schemas.ts';
import { effectiveRank } from '../nn/ops/effective-rank.ts';
import { risingMomentum, teacherDistance, teacherOf } from '../nn/ssl/teacher.ts';
import { regularized, regularizerOptions } from '../nn/ssl/variance-covariance.ts';
import { defineMethod } from '../recipe.ts';

const options = v.object({
  /** Target momentum at the first step. */
  momentum: v.optional(share, 0.996),
  projector: v.optional(widths, [4096, 256]),
  /** Hidden widths; the output has the projector's output width. */
  predictor: v.optional(widths, [4096]),
  /** The target starts with weights of its own, as in the official code; otherwise as the online network does. */
  freshTarget: v.optional(v.boolean(), false),
  /** A bias at the end of projector and predictor, as in solo-learn; the official code has none. */
  outputBias: v.optional(v.boolean(), false),
  ...regularizerOptions,
});

/** Mean squared distance of normalised rows: 2 minus twice the cosine. */
function distance(p: Tensor, target: Tensor): Scalar {
  return tf.mean(tf.sub(2, tf.mul(tf.sum(tf.mul(unitRows(p), unitRows(target)), 1), 2)));
}

export const method = defineMethod({
  id: 'byol',
  title: 'BYOL',
  paper: { id: 'vicreg', section: 'Tables 1, 2 and 4' },
  options,
  branches: 1,
  views: 2,
  labels: false,
  build([encoder], given, builder, { batch, steps, encoder: another }) {
    const { outputBias } = given;
    const project = (at: typeof builder) => mlp(at.at('projector'), encoder.outputs, given.projector, { outputBias });
    const projector = project(builder);
    const predicted = [...given.predictor, projector.outputs];
    const predictor = mlp(builder.at('predictor'), projector.outputs, predicted, { outputBias });
    const below = given.freshTarget ? builder.at('teacher') : builder.twin('teacher');
    const target = {
      encoder: another(below),
      projector: project(below),
    };
    const teacher = teacherOf([target.encoder, target.projector], [encoder, projector]);
    return {
      trainable: [encoder, projector, predictor],
      state: teacher.state,
      embed({ views: [first, second] }, at) {
        const online = (images: Tensor) => projector.apply(encoder.forward(images, at).pooled, at);
        const followed = (images: Tensor) => target.projector.apply(target.encoder.forward(images, at).pooled, at);
        const [x, y] = [online(first!), online(second!)];
        return {
          x,
          y,
          predictedX: predictor.apply(x, at),
          predictedY: predictor.apply(y, at),
          targetX: followed(first!),
          targetY: followed(second!),
        };
      },
      loss({ x, y, predictedX, predictedY, targetX, targetY }) {
        const loss = tf.add<Scalar>(distance(predictedX!, targetY!), distance(predictedY!, targetX!));
        const metrics = { ...directionSpread(x!, y!), teacherDistance: teacherDistance(x!, targetX!) };
        return regularized({ loss, metrics }, [x!, y!], batch, given);
      },
      monitor: ({ x }) => ({ effectiveRank: effectiveRank(x!) }),
      updates: (_embeddings, _targets, at) => teacher.follow(risingMomentum(at, steps, given.momentum)),
    };
  },
});
