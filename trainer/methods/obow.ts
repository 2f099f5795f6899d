/**
 * OBoW, Gidaris, Bursuc, Puy, Komodakis, Cord and Perez, CVPR 2021; the loss as the official code computes it.
 *
 *     teacher: follows the encoder; momentum rises from its base to 1 by half a cosine; sees the first view, the whole image
 *     V: a queue of words for each of res4 and res5; each step, every image adds a local mean of its map to each
 *     b: the teacher's map as a bag of words of V (nn/bag-of-words.ts)
 *     W: Linear, batch norm, ReLU, Linear on the normalised rows of V; the result is normalised too
 *     loss = mean over res4 and res5 of  KL(b || softmax(kappa f . W)),  f: the student's representation of a crop
 *
 * The student sees all views but the first. Views of one size are one kind, crops or patches, and pass through the
 * network as one batch. The loss is the mean over the views of a kind and the sum over kinds.
 *
 * Three options make it the official code's: the mean distance that sharpens the bags is a running mean (`distanceDecay`); the
 * vocabulary, noise that is replaced after words / batch steps, starts without negative values (`positiveWords`); and the
 * teacher follows by the momentum of the step that comes (`momentumAhead`), since there it follows when a step begins.
 *
 * The teacher and the student never see the same view, so no distance between them is recorded.
 */
import * as tf from '@tensorflow/tfjs';
import type { Scalar, Tensor } from '@tensorflow/tfjs';
import * as v from 'valibot';
import { bagsOf, divergence, entropyOf, nearestDistance, toldPlaces, wordsOf } from '../nn/ssl/bag-of-words.ts';
import { directionSpread, unitRows } from '../nn/ops/unit-rows.ts';
import { mlp } from '../nn/layers/mlp.ts';
import { share, weight, whole } from '../nn/ssl/option-schemas.ts';
import { enqueued } from '../nn/ssl/embedding-queue.ts';
import { effectiveRank } from '../nn/ops/effective-rank.ts';
import { risingMomentum, teacherOf } from '../nn/ssl/teacher.ts';
import { defineMethod, type Builder, type StepContext } from '../recipe.ts';

const options = v.object({
  /** Teacher momentum at the first step. */
  momentum: v.optional(share, 0.99),
  /** Number of words of each vocabulary. */
  words: v.optional(whole(2, 2 ** 20), 8192),
  /** Inverse temperature of the word assignment at each position. */
  inverseDelta: v.optional(weight, 15),
  /** Scale kappa of the predictions. */
  kappa: v.optional(weight, 8),
  /** Fraction of its old value that the running mean of distances keeps; 0: the batch's own mean. */
  distanceDecay: v.optional(share, 0),
  /** The noise a vocabulary starts as has no negative values. */
  positiveWords: v.optional(v.boolean(), false),
  /** After a step the teacher follows by the momentum of the next one. */
  momentumAhead: v.optional(v.boolean(), false),
});

/** Running mean of distances at the first step; official code. */
const firstDistance = 0.5;

const levels = ['res4', 'res5'] as const;

/** The running mean distances of both levels, none without decay; and those a level's bags are made with, `nearest` the batch's. */
function distanceMeans(builder: Builder, decay: number) {
  const initial = { kind: 'given', values: Float32Array.of(firstDistance) } as const;
  const distances = decay === 0 ? [] : levels.map((level) => builder.variable(level, [1], initial, false));
  function meanDistance(place: number, nearest: Scalar): Scalar {
    const before = distances[place];
    if (before === undefined) return nearest;
    return tf.add<Scalar>(tf.mul(before.reshape([]), decay), tf.mul(nearest, 1 - decay));
  }
  return { distances, meanDistance };
}

/** Views grouped by size, in the order in which sizes first occur. */
function bySize(views: readonly Tensor[]): readonly (readonly Tensor[])[] {
  const kinds = new Map<string, Tensor[]>();
  for (const view of views) {
    const size = view.shape.slice(1, 3).join();
    kinds.set(size, [...(kinds.get(size) ?? []), view]);
  }
  return [...kinds.values()];
}

/** Reorders rows from crop by crop (all first crops, then all second) to image by image. */
function byImage(rows: Tensor, crops: number): Tensor {
  const [count, columns] = rows.shape as [number, number];
  return tf.transpose(rows.reshape([crops, count / crops, columns]), [1, 0, 2]);
}

const after = (at: StepContext): StepContext => ({ ...at, step: tf.add(at.step, tf.scalar(1, 'int32')) });

const meanOf = (terms: readonly Tensor[]): Scalar => tf.div(tf.addN([...terms]), terms.length);

export const method = defineMethod({
  id: 'obow',
  title: 'OBoW',
  paper: { id: 'vicreg', section: 'Tables 1 and 2' },
  options,
  branches: 1,
  views: 3,
  mostViews: 8,
  labels: false,
  build([encoder], given, builder, { steps, encoder: another }) {
    const { outputs, res4Outputs } = encoder;
    const teacherEncoder = another(builder.twin('teacher'));
    const teacher = teacherOf([teacherEncoder], [encoder]);
    const vocabularies = levels.map((level) => {
      const channels = level === 'res4' ? res4Outputs : outputs;
      const initial = { kind: 'normal', std: 1, ...(given.positiveWords ? { least: 0 } : {}) } as const;
      return builder.at('vocabulary').variable(level, [given.words, channels], initial, false);
    });
    const { distances, meanDistance } = distanceMeans(builder.at('distance'), given.distanceDecay);
    const generators = levels.map((level, place) =>
      mlp(builder.at('generator').at(level), vocabularies[place]!.shape[1]!, [2 * outputs, outputs], {
        hiddenBias: false,
        outputBias: true,
      }),
    );
    return {
      trainable: [encoder, ...generators],
      state: {
        ...teacher.state,
        ...Object.fromEntries([...vocabularies, ...distances].map((variable) => [variable.name, variable])),
      },
      embed({ views: [whole, ...crops] }, at) {
        const maps = teacherEncoder.forward(whole!, at);
        const told = levels.flatMap((level) => [
          [`places-${level}`, toldPlaces(maps[level])] as const,
          [`words-${level}`, wordsOf(maps[level], at.uniform(`word-${level}`, [whole!.shape[0]]))] as const,
        ]);
        const predictors = generators.map((net, place) => unitRows(net.apply(unitRows(vocabularies[place]!), at)));
        const predicted = bySize(crops).flatMap((kind, number) => {
          const features = byImage(encoder.forward(tf.concat([...kind]), at).pooled, kind.length);
          const rows = tf.mul(features.reshape([-1, outputs]), given.kappa);
          const scores = levels.map((level, place) => {
            const all = tf.matMul(rows, predictors[place]!, false, true);
            return [`scores-${level}-${number}`, all.reshape([-1, kind.length, given.words])] as const;
          });
          return [[`features-${number}`, features] as const, ...scores];
        });
        return Object.fromEntries([...told, ...predicted]);
      },
      loss(embeddings) {
        const bags = levels.map((level, place) =>
          bagsOf(embeddings[`places-${level}`]!, vocabularies[place]!, given.inverseDelta, (nearest) =>
            meanDistance(place, nearest),
          ),
        );
        const ofLevels = levels.map((level, place) => {
          const kinds = Object.keys(embeddings).filter((name) => name.startsWith(`scores-${level}-`));
          return tf.addN(kinds.map((name) => divergence(bags[place]!, embeddings[name]!)));
        });
        const features = embeddings['features-0']!.reshape([-1, outputs]);
        const metrics = {
          ...directionSpread(features),
          bagEntropy: meanOf(bags.map(entropyOf)),
          meanBagEntropy: meanOf(bags.map((all) => entropyOf(tf.mean(all, 0, true)))),
        };
        return { loss: meanOf(ofLevels), metrics };
      },
      monitor: (embeddings) => ({ effectiveRank: effectiveRank(embeddings['features-0']!.reshape([-1, outputs])) }),
      updates: (embeddings, _targets, at) => [
        ...teacher.follow(risingMomentum(given.momentumAhead ? after(at) : at, steps, given.momentum)),
        ...distances.map((distance, place) => {
          const nearest = nearestDistance(embeddings[`places-${levels[place]!}`]!, vocabularies[place]!);
          return [distance, meanDistance(place, nearest).reshape([1])] as const;
        }),
        ...vocabularies.map(
          (vocabulary, place) => [vocabulary, enqueued(embeddings[`words-${levels[place]!}`]!, vocabulary)] as const,
        ),
      ],
    };
  },
});
