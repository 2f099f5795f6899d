/**
 * SwAV, Caron, Misra, Mairal, Goyal, Bojanowski and Joulin, NeurIPS 2020, section 3.
 *
 *     z_v: embeddings of view v, normalised;  c: prototypes of length 1;  s_v = z_v c^T
 *     q_v  = exp(s_v / eps), balanced by Sinkhorn so that all prototypes are used equally; of the two full views, as a constant
 *     loss = mean over q_0, q_1 and over all other views v of  -mean over samples of sum_k q_k log softmax(s_v / t)_k
 *
 * A small batch is balanced together with a queue of past embeddings. By default the queue fills from the first step on, so
 * that it is full when it comes into use; in the official code it fills from the epoch on at which it may be used. There, too,
 * batch norm sees all crops together (`together`). If embeddings collapse, every code spreads over all K prototypes and the
 * loss stays at ln K.
 */
import * as tf from '@tensorflow/tfjs';
import type { Scalar, Tensor, Variable } from '@tensorflow/tfjs';
import * as v from 'valibot';
import { directionSpread, unitRows } from '../nn/ops/unit-rows.ts';
import { uniformFanIn } from '../nn/layers/init.ts';
import { mlp } from '../nn/layers/mlp.ts';
import { count, temperature, whole, widths } from '../nn/ssl/option-schemas.ts';
import { enqueued } from '../nn/ssl/embedding-queue.ts';
import { balanced } from '../nn/ssl/sinkhorn.ts';
import { effectiveRank } from '../nn/ops/effective-rank.ts';
import { constant, stopGradient } from '../nn/ops/stop-gradient.ts';
import { regularized, regularizerOptions } from '../nn/ssl/variance-covariance.ts';
import { embeddedViews, inOrder, normOptions } from '../nn/ssl/views.ts';
import { defineMethod, type StepContext } from '../recipe.ts';

const options = v.object({
  temperature: v.optional(temperature, 0.1),
  /** Number of prototypes K. */
  prototypes: v.optional(whole(2, 2 ** 20), 3000),
  /** Steps during which the prototypes are frozen. */
  freezeSteps: v.optional(count, 313),
  /** Epochs during which they are frozen, where these are longer. */
  freezeEpochs: v.optional(v.pipe(v.number(), v.minValue(0)), 0),
  /**
   * The prototypes are normalised where they are used, with gradient, instead of after each step: PyTorch's `weight_norm` of
   * length 1, as in solo-learn.
   */
  weightNorm: v.optional(v.boolean(), false),
  /** Entropy weight of the codes; the smaller, the closer each code is to one prototype. */
  codeEpsilon: v.optional(temperature, 0.05),
  /** Iterations of Sinkhorn's algorithm. */
  iterations: v.optional(whole(1, 1000), 3),
  /** Past embeddings kept per full view; 0 disables the queue. */
  queue: v.optional(count, 0),
  /** Epoch from which the queue is used, once it is full. */
  queueEpoch: v.optional(v.pipe(v.number(), v.minValue(0)), 15),
  /** The queue fills from that epoch on, as in the official code; otherwise from the first step on. */
  lateQueue: v.optional(v.boolean(), false),
  projector: v.optional(widths, [2048, 128]),
  ...normOptions,
  ...regularizerOptions,
});

/** Scalar: -mean of sum_k q_k log p_k. */
function crossEntropyOf(codes: Tensor, logarithms: Tensor): Scalar {
  return tf.neg(tf.mean(tf.sum(tf.mul(codes, logarithms), 1)));
}

/** Fraction of the K prototypes a code effectively uses: exp(mean entropy) / K; 1 is uniform. */
function codeSpread(codes: Tensor): Scalar {
  return tf.div<Scalar>(tf.exp(crossEntropyOf(codes, tf.log(tf.maximum(codes, 1e-30)))), codes.shape[1]!);
}

export const method = defineMethod({
  id: 'swav',
  title: 'SwAV',
  paper: { id: 'vicreg', section: 'Tables 1 and 2' },
  options,
  branches: 1,
  views: 2,
  mostViews: 10,
  labels: false,
  build([encoder], given, builder, { batch, stepsPerEpoch }) {
    const projector = mlp(builder.at('projector'), encoder.outputs, given.projector, { outputBias: true });
    const columns = projector.outputs;
    const { weightNorm } = given;
    const prototypes = builder
      .at('prototypes')
      .variable('weight', [given.prototypes, columns], weightNorm ? uniformFanIn(columns) : { kind: 'directions' });
    const directions = weightNorm ? unitRows : (of: Tensor) => of;
    const sinkhorn = { epsilon: given.codeEpsilon, iterations: given.iterations };
    const queues =
      given.queue === 0
        ? []
        : ['x', 'y'].map((name) =>
            builder.at('queue').variable(name, [given.queue, columns], { kind: 'zeros' }, false),
          );

    /** The prototypes, whose gradient is ignored while they are frozen. */
    function gated({ step }: StepContext): Tensor {
      const frozen = Math.max(given.freezeSteps, Math.ceil(given.freezeEpochs * stepsPerEpoch));
      if (frozen === 0) return prototypes;
      const fixed = stopGradient(prototypes);
      const isFree = tf.cast(tf.greaterEqual(step, frozen), 'float32');
      return tf.add(fixed, tf.mul(tf.sub(prototypes, fixed), isFree));
    }

    /** The queue may be used from this step on. */
    const queueStep = Math.ceil(given.queueEpoch * stepsPerEpoch);

    function codesOf(z: Tensor, queue: Variable | undefined, { step }: StepContext): Tensor {
      const scores = (of: Tensor) => tf.matMul(of, directions(prototypes), false, true);
      return constant((embeddings) => {
        const alone = balanced(scores(embeddings), sinkhorn);
        if (queue === undefined) return alone;
        const both = balanced(scores(tf.concat([embeddings, queue])), sinkhorn);
        const isDue = tf.greaterEqual(step, queueStep);
        // It starts as zeros, and its entries have length 1.
        const isFull = tf.greater(tf.sum(tf.square(tf.slice(queue, [given.queue - 1, 0], [1, columns]))), 0);
        return tf.where(tf.logicalAnd(isDue, isFull), tf.slice(both, [0, 0], alone.shape as [number, number]), alone);
      }, z);
    }

    function queued(z: Tensor, queue: Variable, { step }: StepContext): Tensor {
      const next = enqueued(unitRows(z), queue);
      return given.lateQueue ? tf.where(tf.greaterEqual(step, queueStep), next, queue) : next;
    }

    return {
      trainable: [encoder, projector, { weights: [prototypes], state: [] }],
      state: Object.fromEntries(queues.map((queue) => [queue.name, queue])),
      embed: ({ views }, at) =>
        embeddedViews(
          views,
          { encode: (images, context) => encoder.forward(images, context).pooled, project: projector.apply },
          given,
          at,
        ),
      loss(embeddings, _targets, at) {
        const views = inOrder(embeddings);
        const [x, y] = views;
        const units = views.map(unitRows);
        const used = directions(gated(at));
        const predicted = units.map((z) => tf.logSoftmax(tf.div(tf.matMul(z, used, false, true), given.temperature)));
        const codes = [0, 1].map((view) => codesOf(units[view]!, queues[view], at));
        const terms = codes.flatMap((code, own) =>
          predicted.filter((_, view) => view !== own).map((logarithms) => crossEntropyOf(code, logarithms)),
        );
        const loss = tf.div<Scalar>(tf.addN(terms), terms.length);
        const metrics = { ...directionSpread(x, y), codeSpread: codeSpread(codes[0]!) };
        return regularized({ loss, metrics }, [x, y], batch, given);
      },
      monitor: ({ x }) => ({ effectiveRank: effectiveRank(x!) }),
      updates: ({ x, y }, _targets, at) => [
        ...(weightNorm ? [] : [[prototypes, unitRows(prototypes)] as const]),
        ...queues.map((queue, view) => [queue, queued(view === 0 ? x! : y!, queue, at)] as const),
      ],
    };
  },
});
