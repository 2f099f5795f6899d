/**
 * MoCo v2, Chen, Fan, Girshick and He, 2020: He et al., CVPR 2020, algorithm 1, with SimCLR's projector and
 * augmentation.
 *
 *     q: the first view by the encoder, k: the second by a momentum encoder, both normalised; queue: past keys
 *     loss = mean of -log( exp(q . k / t) / (exp(q . k / t) + sum over the queue of exp(q . key / t)) )
 *
 * There is only one device, so the batch is not shuffled among devices before the keys are computed: batch norm uses
 * the statistics of the whole batch.
 */
import * as tf from '@tensorflow/tfjs';
import * as v from 'valibot';
import { crossEntropy } from '../nn/ops/cross-entropy.ts';
import { directionSpread, similarity, unitRows } from '../nn/ops/unit-rows.ts';
import { mlp } from '../nn/layers/mlp.ts';
import { share, temperature, whole, widths } from '../nn/ssl/option-schemas.ts';
import { enqueued } from '../nn/ssl/embedding-queue.ts';
import { effectiveRank } from '../nn/ops/effective-rank.ts';
import { teacherOf } from '../nn/ssl/teacher.ts';
import { regularized, regularizerOptions } from '../nn/ssl/variance-covariance.ts';
import { defineMethod } from '../recipe.ts';

const options = v.object({
  temperature: v.optional(temperature, 0.2),
  /** Momentum of the key encoder. */
  momentum: v.optional(share, 0.999),
  /** Number of past keys kept. */
  queue: v.optional(whole(2, 2 ** 22), 65536),
  projector: v.optional(widths, [2048, 128]),
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
    return {
      trainable: [encoder, projector],
      state: { ...teacher.state, queue },
      embed: ({ views: [first, second] }, at) => ({
        x: projector.apply(encoder.forward(first!, at).pooled, at),
        y: keys.projector.apply(keys.encoder.forward(second!, at).pooled, at),
      }),
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
