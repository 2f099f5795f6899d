import * as tf from '@tensorflow/tfjs';
import type { Tensor2D } from '@tensorflow/tfjs';
import * as v from 'valibot';
import { officialAugmentation } from '../evaluation/figures/classifier.ts';
import { spreadRows } from '../evaluation/figures/spread-rows.ts';
import { unitRows } from '../nn/ops/unit-rows.ts';
import { squaredDistances, tensorOf } from '../nn/ops/feature-rows.ts';
import { effectiveRank } from '../nn/ops/effective-rank.ts';
import { defineEvaluator } from '../recipe.ts';

/** Distances held at once, in floats: bounds the memory of [chunk, rows] to 64 MB. */
const distancesAtOnce = 16 * 1024 * 1024;

/**
 * Measures of a representation without labels:
 *
 *     rankme       exp of the entropy of its singular values             Garrido et al., 2023, equation 1; 25,600 images
 *     alignment    mean of |x - y|^2 over two views x, y of an image     Wang and Isola, 2020, alpha = 2
 *     uniformity   log of the mean of exp(-2 |x - y|^2) over pairs of    Wang and Isola, 2020, t = 2
 *                  different images
 *
 * The last two use rows of length 1. Rank and uniformity use the images as preprocessed for evaluation; the two views
 * of an image are the random crops and flips of linear evaluation, the same for every encoder. These figures can rank
 * runs of one method but say little across methods (Garrido et al., section 3).
 */
export const evaluator = defineEvaluator({
  id: 'label-free',
  title: 'Effective rank, alignment, uniformity',
  options: v.object({
    /** Number of images for rank and uniformity, spread evenly over the split. */
    images: v.optional(v.pipe(v.number(), v.integer(), v.minValue(2), v.maxValue(100_000)), 25_600),
    /** Number of images with two views each, for alignment. */
    pairs: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(100_000)), 2560),
  }),
  targets: 'none',
  metrics: [
    { name: 'rankme', unit: 'number' },
    { name: 'alignment', unit: 'number' },
    { name: 'uniformity', unit: 'number' },
  ],
  margin: { points: 0.5 },
  pairs: ({ pairs }) => ({ images: pairs, augmentation: officialAugmentation }),
  protocol: ({ images, pairs }) => ({ images, pairs, views: 'random resized crop, flip' }),
  async *measure({ test, pairs, progress }, { images }) {
    if (!pairs) throw new Error('Alignment needs two views of every image.');
    const [first, second] = pairs;
    const alignment = tf.tidy(() => {
      const [left, right] = [first, second].map((views) => unitRows(tensorOf(views, 0, views.rows)));
      return tf.mean(tf.sum(tf.square(tf.sub(left!, right!)), 1)).dataSync<'float32'>()[0]!;
    });
    yield { metric: 'alignment', value: alignment, n: first.rows, which: 'only' };

    const spread = spreadRows(test, Math.min(images, test.rows));
    const rows = tensorOf(spread, 0, spread.rows);
    try {
      const uniformity = await uniformityOf(rows, progress);
      yield { metric: 'uniformity', value: uniformity, n: spread.rows, which: 'only' };
      const rank = effectiveRank(rows);
      const value = (await rank.data<'float32'>())[0]!;
      rank.dispose();
      yield { metric: 'rankme', value, n: spread.rows, which: 'only' };
    } finally {
      rows.dispose();
    }
  },
});

/** rows: [n, d], n > 1. Every pair of different rows, in parts. */
async function uniformityOf(rows: Tensor2D, progress: (fraction: number) => Promise<void>): Promise<number> {
  const [count, columns] = rows.shape;
  const bank = tf.tidy(() => unitRows(rows));
  let sum = 0;
  try {
    const chunk = Math.max(1, Math.floor(distancesAtOnce / count));
    for (let from = 0; from < count; from += chunk) {
      const part = Math.min(chunk, count - from);
      // One sum per row, so that float32 adds up at most one row.
      const sums = tf.tidy(() => {
        const distances = squaredDistances(tf.slice(bank, [from, 0], [part, columns]), bank);
        return tf.sum(tf.exp(tf.mul(distances, -2)), 1);
      });
      for (const one of await sums.data<'float32'>()) sum += one;
      sums.dispose();
      await progress((from + part) / count);
    }
  } finally {
    bank.dispose();
  }
  // Without the pairs of a row with itself, at distance 0.
  return Math.log((sum - count) / (count * (count - 1)));
}
