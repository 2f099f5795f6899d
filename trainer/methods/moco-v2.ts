/**
 * MoCo v2, Chen, Fan, Girshick and He, 2020: He et al., CVPR 2020, algorithm 1, with SimCLR's projector and
 * augmentation.
 *
 *     q: the first view by the encoder, k: the second by a momentum encoder, both normalised; queue: past keys
 *     loss = mean of -log( exp(q . k / t) / (exp(q . k / t) + sum over the queue of exp(q . key / t)) )
 *
 * Batch norm uses the statistics of the whole batch by default. On several devices each has its own, and the official code
 * shuffles the images among them before keys are computed, so that the statistics do not give away which key belongs to a
 * query; `normBatch` does the same on one device.
 */
import * as tf from '@tensorflow/tfjs';
import type { Tensor } from '@tensorflow/tfjs';
import * as v from 'valibot';
import { crossEntropy } from '../nn/ops/cross-entropy.ts';
import { directionSpread, similarity, unitRows } from '../nn/ops/unit-rows.ts';
import { mlp } from '../nn/layers/mlp.ts';
import { replacedRows, rowsOf } from '../nn/ops/gather-rows.ts';
import { shuffledRows } from '../nn/ops/shuffled-rows.ts';
import { share, temperature, whole, widths } from '../nn/ssl/option-schemas.ts';
import { enqueued } from '../nn/ssl/embedding-queue.ts';
import { effectiveRank } from '../nn/ops/effective-rank.ts';
import { teacherOf } from '../nn/ssl/teacher.ts';
import { regularized, regularizerOptions } from '../nn/ssl/variance-covariance.ts';
import { inNormGroups, normOptions } from '../nn/ssl/views.ts';
import { defineMethod, type StepContext } from '../recipe.ts';

const options = v.object({
  temperature: v.optional(temperature, 0.2),
  /** Momentum of the key encoder. */
  momentum: v.optional(share, 0.999),
  /** Number of past keys kept. */
  queue: v.optional(whole(2, 2 ** 22), 65536),
  projector: v.optional(widths, [2048, 128]),
  normBatch: normOptions.normBatch,
  ...regularizerOptions,
});

export const method = defineMethod({
  id: 'moco-v2',
  title: 'MoCo v2',
  paper: { id: 'vicreg', section: 'Tables 1 and 2' },
  options,
  branches: 1,
  views: 2,
  labels: false,
  build([encoder], given, builder, { batch, encoder: another }) {
    const plain = { batchNorm: false, outputBias: true };
    const project = (at: typeof builder) => mlp(at.at('projector'), encoder.outputs, given.projector, plain);
    const projector = project(builder);
    const below = builder.twin('teacher');
    const keys = { encoder: another(below), projector: project(below) };
    const teacher = teacherOf([keys.encoder, keys.projector], [encoder, projector]);
    const queue = builder.variable('queue', [given.queue, projector.outputs], { kind: 'normal', std: 1 }, false);
    const { normBatch } = given;

    const queriesOf = (images: Tensor, at: StepContext): Tensor =>
      inNormGroups([images], normBatch, at, ([own], context) => [
        projector.apply(encoder.forward(own!, context).pooled, context),
      ])[0]!;

    function keysOf(images: Tensor, at: StepContext): Tensor {
      const compute = (given: Tensor, context: StepContext) =>
        keys.projector.apply(keys.encoder.forward(given, context).pooled, context);
      const rows = images.shape[0];
      if (normBatch === 0 || normBatch >= rows) return compute(images, at);
      const order = shuffledRows(at.uniform('shuffle', [rows]));
      const shuffled = rowsOf(images, order);
      const [found] = inNormGroups([shuffled], normBatch, at, ([own], context) => [compute(own!, context)]);
      return replacedRows(tf.zerosLike(found!), order, found!);
    }

    return {
      trainable: [encoder, projector],
      state: { ...teacher.state, queue },
      embed: ({ views: [first, second] }, at) => ({ x: queriesOf(first!, at), y: keysOf(second!, at) }),
      loss({ x, y }) {
        const [query, key] = [unitRows(x!), unitRows(y!)];
        const own = tf.sum(tf.mul(query, key), 1, true);
        // The initial random keys are not normalised.
        const others = tf.matMul(query, unitRows(queue), false, true);
        const scores = tf.div(tf.concat([own, others], 1), given.temperature);
        const loss = crossEntropy(scores, tf.zeros([query.shape[0]], 'int32'));
        const metrics = { ...directionSpread(x!, y!), positiveSimilarity: similarity(x!, y!) };
        return regularized({ loss, metrics }, [x!, y!], batch, given);
      },
      monitor: ({ x }) => ({ effectiveRank: effectiveRank(x!) }),
      updates: ({ y }) => [...teacher.follow(given.momentum), [queue, enqueued(unitRows(y!), queue)]],
    };
  },
});
