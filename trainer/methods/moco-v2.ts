/**
 * MoCo v2, Chen, Fan, Girshick and He, 2020: He et al., CVPR 2020, algorithm 1, with SimCLR's projector and
 * augmentation.
 *
 *     q: the first view by the encoder, k: the second by a momentum encoder, both normalised; queue: past keys
 *     loss = mean of -log( exp(q . k / t) / (exp(q . k / t) + sum over the queue of exp(q . key / t)) )
 *
 * Batch norm uses the statistics of the whole batch by default. On several devices each has its own, and the official code
 * shuffles the images among them before keys are computed, so that the statistics do not give away which key belongs to a
 * query; `normBatch` does the same on one device. solo-learn's MoCo v2+ takes each view as the query once (`symmetric`), with a
 * queue for each, and its momentum rises (`finalMomentum`).
 */
import * as tf from '@tensorflow/tfjs';
import type { Scalar, Tensor } from '@tensorflow/tfjs';
import * as v from 'valibot';
import { crossEntropy } from '../nn/ops/cross-entropy.ts';
import { directionSpread, similarity, unitRows } from '../nn/ops/unit-rows.ts';
import { mlp } from '../nn/layers/mlp.ts';
import { replacedRows, rowsOf } from '../nn/ops/gather-rows.ts';
import { shuffledRows } from '../nn/ops/shuffled-rows.ts';
import { share, temperature, whole, widths } from '../nn/ssl/option-schemas.ts';
import { enqueued } from '../nn/ssl/embedding-queue.ts';
import { effectiveRank } from '../nn/ops/effective-rank.ts';
import { risingMomentum, teacherOf } from '../nn/ssl/teacher.ts';
import { regularized, regularizerOptions } from '../nn/ssl/variance-covariance.ts';
import { inNormGroups, normOptions } from '../nn/ssl/views.ts';
import { defineMethod, type StepContext } from '../recipe.ts';

const options = v.object({
  temperature: v.optional(temperature, 0.2),
  /** Momentum of the key encoder. */
  momentum: v.optional(share, 0.999),
  /** Its momentum after the last step, which it reaches by half a cosine; 0: it stays. */
  finalMomentum: v.optional(share, 0),
  /** The loss is the mean over both views as the query. */
  symmetric: v.optional(v.boolean(), false),
  /** Number of past keys kept. */
  queue: v.optional(whole(2, 2 ** 22), 65536),
  projector: v.optional(widths, [2048, 128]),
  normBatch: normOptions.normBatch,
  ...regularizerOptions,
});

/** query, key: normalised, [n, d]; queue: [k, d]. */
function contrast(query: Tensor, key: Tensor, queue: Tensor, temperature: number): Scalar {
  const own = tf.sum(tf.mul(query, key), 1, true);
  // The initial random keys are not normalised.
  const others = tf.matMul(query, unitRows(queue), false, true);
  const scores = tf.div(tf.concat([own, others], 1), temperature);
  return crossEntropy(scores, tf.zeros([query.shape[0]], 'int32'));
}

export const method = defineMethod({
  id: 'moco-v2',
  title: 'MoCo v2',
  paper: { id: 'vicreg', section: 'Tables 1 and 2' },
  options,
  branches: 1,
  views: 2,
  labels: false,
  build([encoder], given, builder, { batch, steps, encoder: another }) {
    const plain = { batchNorm: false, outputBias: true };
    const project = (at: typeof builder) => mlp(at.at('projector'), encoder.outputs, given.projector, plain);
    const projector = project(builder);
    const below = builder.twin('teacher');
    const keys = { encoder: another(below), projector: project(below) };
    const teacher = teacherOf([keys.encoder, keys.projector], [encoder, projector]);
    const queueOf = (name: string) =>
      builder.variable(name, [given.queue, projector.outputs], { kind: 'normal', std: 1 }, false);
    const queue = queueOf('queue');
    /** Of the first view's keys. */
    const otherQueue = given.symmetric ? queueOf('otherQueue') : null;
    const { normBatch } = given;

    const queriesOf = (images: Tensor, at: StepContext): Tensor =>
      inNormGroups([images], normBatch, at, ([own], context) => [
        projector.apply(encoder.forward(own!, context).pooled, context),
      ])[0]!;

    function keysOf(images: Tensor, at: StepContext, name: string): Tensor {
      const compute = (given: Tensor, context: StepContext) =>
        keys.projector.apply(keys.encoder.forward(given, context).pooled, context);
      const rows = images.shape[0];
      if (normBatch === 0 || normBatch >= rows) return compute(images, at);
      const order = shuffledRows(at.uniform(name, [rows]));
      const shuffled = rowsOf(images, order);
      const [found] = inNormGroups([shuffled], normBatch, at, ([own], context) => [compute(own!, context)]);
      return replacedRows(tf.zerosLike(found!), order, found!);
    }

    return {
      trainable: [encoder, projector],
      state: { ...teacher.state, queue, ...(otherQueue === null ? {} : { otherQueue }) },
      embed: ({ views: [first, second] }, at) => ({
        x: queriesOf(first!, at),
        y: keysOf(second!, at, 'shuffle'),
        ...(given.symmetric
          ? { otherQuery: queriesOf(second!, at), otherKey: keysOf(first!, at, 'other shuffle') }
          : {}),
      }),
      loss({ x, y, otherQuery, otherKey }) {
        const one = contrast(unitRows(x!), unitRows(y!), queue, given.temperature);
        const loss =
          otherQueue === null
            ? one
            : tf.mul<Scalar>(
                tf.add(one, contrast(unitRows(otherQuery!), unitRows(otherKey!), otherQueue, given.temperature)),
                0.5,
              );
        const metrics = { ...directionSpread(x!, y!), positiveSimilarity: similarity(x!, y!) };
        return regularized({ loss, metrics }, [x!, y!], batch, given);
      },
      monitor: ({ x }) => ({ effectiveRank: effectiveRank(x!) }),
      updates: ({ y, otherKey }, _targets, at) => [
        ...teacher.follow(
          given.finalMomentum === 0 ? given.momentum : risingMomentum(at, steps, given.momentum, given.finalMomentum),
        ),
        [queue, enqueued(unitRows(y!), queue)],
        ...(otherQueue === null ? [] : [[otherQueue, enqueued(unitRows(otherKey!), otherQueue)] as const]),
      ],
    };
  },
});
