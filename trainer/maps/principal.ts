/** Principal components of features at length 1, and what they say of the representation. */
import * as tf from '@tensorflow/tfjs';
import type { Tensor1D, Tensor2D } from '@tensorflow/tfjs';
import { dtype, flag, outputsOf } from '../nn/ops/operation.ts';
import { tensorOf } from '../nn/ops/feature-rows.ts';
import { unitRows } from '../nn/ops/unit-rows.ts';
import type { FeatureSet } from '../recipe.ts';

export interface Principal {
  /** Coordinates along the first components, the one of most variance first, [rows, components]. */
  readonly coordinates: Float32Array;
  readonly components: number;
  /** Shares of the variance of these components; zeros where there is none. */
  readonly explained: readonly number[];
  /** Total variance: 1 minus the squared length of the mean. */
  readonly spread: number;
  /** RankMe of the centred rows. */
  readonly effectiveRank: number;
}

type Told = (fraction: number) => Promise<void>;

/** Rows that are multiplied at once. */
const rowsAtOnce = 4096;
/** Below it directions are rounding errors. */
const leastSpread = 1e-9;
/** Keeps the logarithm finite, as in the paper of RankMe. */
const epsilon = 1e-7;

/** Calls `work` with a few unit rows after another. */
async function byRows(features: FeatureSet, work: (rows: Tensor2D, from: number) => void, told: Told): Promise<void> {
  for (let from = 0; from < features.rows; from += rowsAtOnce) {
    const to = Math.min(features.rows, from + rowsAtOnce);
    tf.tidy(() => work(unitRows(tensorOf(features, from, to)), from));
    await told(to / features.rows);
  }
}

/** exp of the entropy of the singular values as fractions of their sum, from their squares. */
function rankOf(eigenvalues: ArrayLike<number>): number {
  const singular = Array.from(eigenvalues, (value) => Math.sqrt(Math.max(value, 0)));
  const sum = singular.reduce((total, value) => total + value, 0);
  const shares = singular.map((value) => value / (sum + epsilon) + epsilon);
  return Math.exp(-shares.reduce((total, one) => total + one * Math.log(one), 0));
}

/** A component's sign means nothing: it is turned so that its largest entry is positive. [columns, components] */
function turned(vectors: Tensor2D): Tensor2D {
  const largest = tf.argMax(tf.abs(vectors), 0);
  const signs = tf.sign(tf.sum(tf.mul(vectors, tf.transpose(tf.oneHot(largest, vectors.shape[0]))), 0));
  return tf.mul(vectors, signs);
}

/** @param wanted components, fewer where features have fewer dimensions */
export async function principalComponents(features: FeatureSet, wanted: number, told: Told): Promise<Principal> {
  const { rows, columns } = features;
  const components = Math.min(wanted, columns);
  let mean = tf.keep<Tensor1D>(tf.zeros([columns]));
  let products = tf.keep<Tensor2D>(tf.zeros([columns, columns]));
  const replace = <T extends tf.Tensor>(old: T, next: T): T => {
    old.dispose();
    return tf.keep(next);
  };
  await byRows(
    features,
    (part) => (mean = replace(mean, tf.add(mean, tf.div(tf.sum(part, 0), rows)))),
    (fraction) => told(fraction * 0.2),
  );
  await byRows(
    features,
    (part) => {
      const centred = tf.sub(part, mean);
      products = replace(products, tf.add(products, tf.matMul(centred, centred, true, false)));
    },
    (fraction) => told(0.2 + fraction * 0.4),
  );
  const attributes = [dtype('T', 'float32'), flag('compute_v', true)];
  const [values, vectors] = outputsOf('SelfAdjointEigV2', attributes, [products], 2) as [Tensor1D, Tensor2D];
  // TensorFlow sorts them the other way.
  const eigenvalues = Array.from(await values.data<'float32'>(), (value) => Math.max(value, 0) / rows).reverse();
  const spread = eigenvalues.reduce((sum, value) => sum + value, 0);
  const axes = tf.keep(
    tf.tidy(() => turned(tf.reverse(tf.slice(vectors, [0, columns - components], [columns, components]), 1))),
  );
  const coordinates = new Float32Array(rows * components);
  await byRows(
    features,
    (part, from) => coordinates.set(tf.matMul(tf.sub(part, mean), axes).dataSync(), from * components),
    (fraction) => told(0.6 + fraction * 0.4),
  );
  tf.dispose([mean, products, values, vectors, axes]);
  const isSpread = spread > leastSpread;
  return {
    coordinates,
    components,
    explained: eigenvalues.slice(0, components).map((value) => (isSpread ? Math.min(value / spread, 1) : 0)),
    spread,
    effectiveRank: isSpread ? rankOf(eigenvalues) : 1,
  };
}
