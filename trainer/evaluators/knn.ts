import * as tf from '@tensorflow/tfjs';
import * as v from 'valibot';
import { unitRows } from '../nn/ops/unit-rows.ts';
import { squaredDistances, tensorOf } from '../nn/ops/feature-rows.ts';
import { guessedIn } from '../evaluation/figures/guesses.ts';
import { accuracies, accuraciesOf } from '../evaluation/figures/top-k.ts';
import { defineEvaluator } from '../recipe.ts';

/** Similarities held at once, in floats: bounds the memory of [chunk, train rows] to 64 MB. */
const similaritiesAtOnce = 16 * 1024 * 1024;

/** Keeps a neighbour at distance 0 from outvoting all others. */
const leastDistance = 1e-5;

/**
 * Weighted k-nearest-neighbour classification of frozen features, by either of the two rules in use:
 *
 *     cosine              similarity s of rows of length 1, a vote of exp(s / temperature)     Wu et al., 2018, section 3.4
 *     inverse-euclidean   distance d of the rows as they are, a vote of 1 / d                  solo-learn's online classifier
 *
 * Table 11 of the paper states k = 20 and 200 and nothing else, so every figure states the whole rule. Others use k =
 * 200 and temperature 0.1 (VISSL, lightly).
 */
export const evaluator = defineEvaluator({
  id: 'knn',
  title: 'k-NN',
  options: v.object({
    k: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(1000)), 20),
    temperature: v.optional(v.pipe(v.number(), v.minValue(0.001), v.maxValue(100)), 0.07),
    similarity: v.optional(v.picklist(['cosine', 'inverse-euclidean']), 'cosine'),
  }),
  metrics: accuracies,
  margin: { points: 0.7 },
  protocol: ({ k, temperature, similarity }) => ({
    ...(similarity === 'cosine' ? { k, temperature } : { k }),
    similarity,
  }),
  async *measure(model, options) {
    const { train, test, classes } = model;
    const neighbours = Math.min(options.k, train.rows);
    const scores = new Float32Array(test.rows * classes);
    const { compared, near, votesOf } = rules[options.similarity];
    const bank = tf.tidy(() => compared(tensorOf(train, 0, train.rows)));
    const labels = tf.tensor1d(train.labels, 'int32');
    try {
      const chunk = Math.max(1, Math.floor(similaritiesAtOnce / train.rows));
      for (let from = 0; from < test.rows; from += chunk) {
        const to = Math.min(test.rows, from + chunk);
        const votes = tf.tidy(() => {
          const { values, indices } = tf.topk(near(compared(tensorOf(test, from, to)), bank), neighbours);
          const weights = votesOf(values, options.temperature); // [chunk, k]
          const classOf = tf.oneHot(tf.cast(tf.gather(labels, indices), 'int32'), classes); // [chunk, k, classes]
          return tf.sum(tf.mul(tf.expandDims(weights, 2), tf.cast(classOf, 'float32')), 1); // [chunk, classes]
        });
        scores.set(await votes.data<'float32'>(), from * classes);
        votes.dispose();
        await model.progress(to / test.rows);
      }
    } finally {
      bank.dispose();
      labels.dispose();
    }
    // A class without votes does not count as a guess, not even the fifth.
    scores.forEach((score, at) => {
      if (score === 0) scores[at] = Number.NEGATIVE_INFINITY;
    });
    for (const accuracy of accuraciesOf(scores, test.labels, classes))
      yield { ...accuracy, ...guessedIn(accuracy, scores, classes, 'votes'), n: test.rows, which: 'only' };
  },
});

interface Rule {
  /** Rows in the form used for comparison. */
  compared(rows: tf.Tensor2D): tf.Tensor2D;
  /** Similarity of each row to each row of the bank, [chunk, train rows]; larger is nearer. */
  near(rows: tf.Tensor2D, bank: tf.Tensor2D): tf.Tensor2D;
  /** Votes of the neighbours, given their similarities. */
  votesOf(near: tf.Tensor, temperature: number): tf.Tensor;
}

const rules: Readonly<Record<'cosine' | 'inverse-euclidean', Rule>> = {
  cosine: {
    compared: unitRows,
    near: (rows, bank) => tf.matMul(rows, bank, false, true),
    // Relative to the nearest, so that a small temperature does not overflow.
    votesOf: (near, temperature) => tf.exp(tf.div(tf.sub(near, tf.max(near, 1, true)), temperature)),
  },
  'inverse-euclidean': {
    compared: (rows) => rows,
    near: (rows, bank) => tf.neg(squaredDistances(rows, bank)),
    votesOf: (near) => tf.div(1, tf.maximum(tf.sqrt(tf.neg(near)), leastDistance)),
  },
};
