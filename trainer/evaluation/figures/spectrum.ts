/** How far a representation spreads over its directions: the spectrum of its covariance, and how much of it is off the diagonal. */
import * as tf from '@tensorflow/tfjs';
import { singularValues } from '../../nn/ops/effective-rank.ts';
import { tensorOf } from '../../nn/ops/feature-rows.ts';
import { featureCovariance, spectrumName, spectrumRanks } from '../../protocol/spectrum.ts';
import type { FeatureSet } from '../../recipe.ts';
import { spreadRows } from './spread-rows.ts';

/** Rows that are looked at, spread evenly: as many as the widest representation has directions. */
const mostRows = 2048;

/**
 * Figures by name: the singular values of the covariance of the columns, each over the largest (Jing et al., 2022, figure 2), at
 * `spectrumRanks`, and `featureCovariance`. None of features that are all the same or not finite, or of one row or column.
 */
export async function spectrumOf(features: FeatureSet): Promise<Readonly<Record<string, number>>> {
  const count = Math.min(mostRows, features.rows);
  if (count < 2 || features.columns < 2) return {};
  const chosen = spreadRows(features, count);
  if (!chosen.values.every(Number.isFinite)) return {};
  const found = tf.tidy((): tf.Tensor[] => {
    const rows = tensorOf(chosen, 0, count);
    const centred = tf.sub<tf.Tensor2D>(rows, tf.mean(rows, 0));
    // The squares of the singular values of the rows are those of the covariance, and more exact.
    const covariance = tf.abs(tf.matMul(centred, centred, true));
    return [singularValues(centred), tf.sum(covariance), tf.sum(tf.square(centred))];
  });
  const [values, absolute, own] = await Promise.all(found.map((one) => one.data<'float32'>()));
  tf.dispose(found);
  const largest = values![0]!;
  if (!(largest > 0)) return {};
  const { columns } = features;
  const figures: Record<string, number> = {};
  for (const rank of spectrumRanks)
    if (rank <= Math.min(columns, count - 1)) figures[spectrumName(rank)] = (values![rank - 1]! / largest) ** 2;
  figures[featureCovariance] = (absolute![0]! - own![0]!) / (columns - 1) / own![0]!;
  return figures;
}
