import * as tf from '@tensorflow/tfjs';
import * as v from 'valibot';
import { percent, topKCorrect } from '../nn/top-k.ts';
import { defineEvaluator, type FeatureSet } from '../recipe.ts';

/** Similarities held at once, in floats: bounds the memory of [chunk, train rows] to 64 MB. */
const similaritiesAtOnce = 16 * 1024 * 1024;

/**
 * Weighted k-nearest-neighbour classification of frozen features (Wu et al., 2018, section 3.4): cosine similarity s
 * on L2-normalised features, each of the k nearest votes for its class with weight exp(s / temperature).
 * The paper (Table 11) states k = 20 and 200 but no temperature, so k and temperature stand with every figure.
 */
export const evaluator = defineEvaluator({
  id: 'knn',
  title: 'k-NN',
  options: v.object({
    k: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(1000)), 20),
    temperature: v.optional(v.pipe(v.number(), v.minValue(0.001), v.maxValue(100)), 0.07),
  }),
  metrics: ['top1', 'top5'],
  protocol: (options) => ({ k: options.k, temperature: options.temperature, similarity: 'cosine', layer: 'pooled' }),
  async *measure(model, options) {
    const { train, test, classes } = model;
    const neighbours = Math.min(options.k, train.rows);
    const scores = new Float32Array(test.rows * classes);
    const bank = tf.tidy(() => normalized(tensorOf(train, 0, train.rows)));
    const labels = tf.tensor1d(train.labels, 'int32');
    try {
      const chunk = Math.max(1, Math.floor(similaritiesAtOnce / train.rows));
      for (let from = 0; from < test.rows; from += chunk) {
        const to = Math.min(test.rows, from + chunk);
        const votes = tf.tidy(() => {
          const similarity = tf.matMul(normalized(tensorOf(test, from, to)), bank, false, true); // [chunk, train rows]
          const { values, indices } = tf.topk(similarity, neighbours);
          // Relative to the nearest, so that a small temperature does not overflow. [chunk, k]
          const weights = tf.exp(tf.div(tf.sub(values, tf.max(values, 1, true)), options.temperature));
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
    // A class that nobody voted for is no guess, not even the fifth.
    scores.forEach((score, at) => {
      if (score === 0) scores[at] = Number.NEGATIVE_INFINITY;
    });
    for (const [metric, k] of [
      ['top1', 1],
      ['top5', 5],
    ] as const) {
      const correct = topKCorrect(scores, test.labels, classes, k);
      yield { metric, value: percent(correct), n: test.rows, which: 'only', correct };
    }
  },
});

function tensorOf(features: FeatureSet, from: number, to: number): tf.Tensor2D {
  return tf.tensor2d(features.values.subarray(from * features.columns, to * features.columns), [
    to - from,
    features.columns,
  ]);
}

/** Rows of length 1; a row of zeros stays one. */
function normalized(rows: tf.Tensor2D): tf.Tensor2D {
  const length = tf.sqrt(tf.sum(tf.square(rows), 1, true));
  return tf.div(rows, tf.maximum(length, 1e-12));
}
