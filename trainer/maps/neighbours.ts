/** The nearest rows of every row by the cosine of their features, found exactly. */
import * as tf from '@tensorflow/tfjs';
import { tensorOf } from '../nn/ops/feature-rows.ts';
import { unitRows } from '../nn/ops/unit-rows.ts';
import type { FeatureSet } from '../recipe.ts';

export interface Neighbours {
  /** A row's neighbours, without itself. */
  readonly count: number;
  /** The nearest first, [rows, count]. */
  readonly indexes: Int32Array;
  /** Their cosines, [rows, count]. */
  readonly similarities: Float32Array;
}

/** Similarities held at once, in floats: bounds their memory to 64 MB. */
const similaritiesAtOnce = 16 * 1024 * 1024;

/** @param wanted neighbours, fewer where there are fewer other rows */
export async function nearestNeighbours(
  features: FeatureSet,
  wanted: number,
  told: (fraction: number) => Promise<void>,
): Promise<Neighbours> {
  const { rows } = features;
  const count = Math.min(wanted, rows - 1);
  const indexes = new Int32Array(rows * count);
  const similarities = new Float32Array(rows * count);
  const bank = tf.tidy(() => unitRows(tensorOf(features, 0, rows)));
  try {
    const chunk = Math.max(1, Math.floor(similaritiesAtOnce / rows));
    for (let from = 0; from < rows; from += chunk) {
      const to = Math.min(rows, from + chunk);
      const [near, which] = tf.tidy(() => {
        const found = tf.topk(tf.matMul(tf.slice(bank, from, to - from), bank, false, true), count + 1);
        return [found.values, found.indices];
      });
      const [values, places] = await Promise.all([near.data<'float32'>(), which.data<'int32'>()]);
      tf.dispose([near, which]);
      for (let row = from; row < to; row++) {
        let kept = 0;
        for (let at = 0; at <= count && kept < count; at++) {
          const found = (row - from) * (count + 1) + at;
          // Of equal rows it need not be the first, or there at all.
          if (places[found] === row) continue;
          indexes[row * count + kept] = places[found]!;
          similarities[row * count + kept] = values[found]!;
          kept += 1;
        }
      }
      await told(to / rows);
    }
  } finally {
    bank.dispose();
  }
  return { count, indexes, similarities };
}
