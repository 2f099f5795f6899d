/** Features of regions from the levels of a pyramid, each region from the level of its size. */
import * as tf from '@tensorflow/tfjs';
import type { Scalar, Tensor } from '@tensorflow/tfjs';
import { whereNeeded } from '../../nn/ops/where-needed.ts';
import type { StepContext } from '../../recipe.ts';
import { highest, rowsAt } from './choose.ts';
import { levelWeights } from './feature-pyramid.ts';
import type { FeatureLevel } from './proposal-network.ts';
import { partOf, partsOf } from './region-parts.ts';
import { roiAlign } from './roi-align.ts';

/** The last level only proposes regions. */
const pooledLevels = (levels: readonly FeatureLevel[]): readonly FeatureLevel[] => levels.slice(0, -1);

/**
 * Tables with a row a region, [n, k, …], in the order of the levels that the regions belong to: then few levels have to be
 * looked at for each part of them.
 */
export function inOrderOfLevels<T extends Record<keyof T, Tensor> & { readonly boxes: Tensor }>(
  levels: readonly FeatureLevel[],
  tables: T,
): T {
  const weights = levelWeights(tables.boxes, pooledLevels(levels));
  const level = tf.addN(weights.map((weight, index) => tf.mul(weight, weights.length - index)));
  const { index } = highest(level, tables.boxes.shape[1]!);
  const ordered = Object.entries<Tensor>(tables).map(([name, table]) => [name, rowsAt(table, index)]);
  return Object.fromEntries(ordered) as T;
}

/**
 * [n, k, bins, bins, channels], with the gradient of the features.
 * @param boxes [n, k, 4] @param wanted [n, k], 0 for boxes whose features count nothing: they become 0
 */
export function levelFeatures(
  levels: readonly FeatureLevel[],
  boxes: Tensor,
  wanted: Tensor,
  bins: number,
  at: StepContext,
): Tensor {
  const pooled = pooledLevels(levels);
  const parts = partsOf(boxes.shape[1]!).map((part) => {
    const [own, counted] = [boxes, wanted].map((table) => partOf(table, part)) as [Tensor, Tensor];
    const weights = levelWeights(own, pooled).map((weight) => tf.mul(weight, counted));
    return tf.addN(
      pooled.map(({ features, stride }, index) => {
        const weight = weights[index]!;
        const needed = tf.greater<Scalar>(tf.max(weight), 0);
        return whereNeeded(at, needed, [features, own, weight], ([map, places, shares]) =>
          roiAlign(map!, places!, shares!, { bins, scale: 1 / stride, samples: 0 }),
        );
      }),
    );
  });
  return tf.concat(parts, 1);
}
