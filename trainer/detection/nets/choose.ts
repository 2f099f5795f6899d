/** Choices of a fixed number of rows inside a graph: the highest, those at given places, a random sample. */
import * as tf from '@tensorflow/tfjs';
import type { Tensor } from '@tensorflow/tfjs';
import { dtype, flag, integer, outputOf, outputsOf } from '../../nn/ops/operation.ts';

export interface Highest {
  readonly values: Tensor;
  /** int32. */
  readonly index: Tensor;
}

/** Below every value. */
const lowest = -3e38;

/**
 * The `count` highest of each row of [n, m], highest first, of equal ones the earlier first: [n, count]. What is no number is the
 * lowest of all, because a sort has no order among values that cannot be compared.
 */
export function highest(given: Tensor, count: number): Highest {
  const values = tf.where(tf.greater(given, lowest), given, tf.fill(given.shape, lowest));
  const attributes = [flag('sorted', true), dtype('T', 'float32'), dtype('Tk', 'int32'), dtype('index_type', 'int32')];
  const [top, index] = outputsOf('TopKV2', attributes, [values, tf.scalar(count, 'int32')], 2) as [Tensor, Tensor];
  return { values: top, index };
}

/** Rows of each table of [n, m, …] at the places int32 [n, k], as constants: [n, k, …]. */
export function rowsAt(table: Tensor, index: Tensor): Tensor {
  const attributes = [
    integer('batch_dims', 1),
    dtype('Tparams', table.dtype === 'int32' ? 'int32' : 'float32'),
    dtype('Tindices', 'int32'),
    dtype('Taxis', 'int32'),
  ];
  return outputOf('GatherV2', attributes, [table, index, tf.scalar(1, 'int32')]);
}

export interface Sample {
  /** Places, int32 [n, count]: the positive ones first. */
  readonly index: Tensor;
  /** 1 where a place was drawn as a positive one, [n, count]; these are among the first `mostPositive`. */
  readonly positive: Tensor;
  /** 1 where a place was drawn for the first time, [n, count]: where there are too few, they are repeated. */
  readonly drawn: Tensor;
}

export interface SampleSize {
  readonly count: number;
  readonly mostPositive: number;
}

/**
 * Draws at most `mostPositive` positive places of each row and fills up to `count` with negative ones, without repetition, as
 * detectron2's subsample_labels. `positive` and `negative` are 0 or 1, [n, m]; `order` is uniform in [0, 1), [n, m].
 */
export function balancedSample(
  positive: Tensor,
  negative: Tensor,
  order: Tensor,
  { count, mostPositive }: SampleSize,
): Sample {
  const rows = positive.shape[0];
  const columns = positive.shape[1]!;
  const [positives, negatives] = [Math.min(mostPositive, columns), Math.min(count, columns)];
  // In [1, 2) where a place may be drawn, 0 elsewhere.
  const drawnFrom = (places: Tensor, most: number): Highest => highest(tf.mul(places, tf.add(order, 1)), most);
  const first = drawnFrom(positive, positives);
  const second = drawnFrom(negative, negatives);
  const numberOf = ({ values }: Highest): Tensor => tf.sum(tf.cast(tf.greater(values, 0.5), 'float32'), 1, true);
  const positiveCount = numberOf(first);
  const drawnCount = tf.minimum(tf.add(positiveCount, numberOf(second)), count);
  // The place in the joined list from which each slot takes: the drawn positive ones, then negative ones.
  const slots = tf.tile(tf.range(0, count, 1, 'float32').reshape([1, count]), [rows, 1]);
  const turns = tf.mod(slots, tf.maximum(drawnCount, 1));
  const isPositive = tf.less(turns, positiveCount);
  const fromSecond = tf.add(tf.minimum(tf.sub(turns, positiveCount), negatives - 1), positives);
  const from = tf.cast(tf.where(isPositive, turns, fromSecond), 'int32');
  return {
    index: rowsAt(tf.concat([first.index, second.index], 1), from),
    positive: tf.cast(tf.less(slots, positiveCount), 'float32'),
    drawn: tf.cast(tf.less(slots, drawnCount), 'float32'),
  };
}

/** 1 at the places [n, k] of rows of `columns`, where `weight` [n, k] is 1; places of one row all differ where it is. */
export function marked(index: Tensor, weight: Tensor, columns: number): Tensor {
  const [rows, k] = index.shape as [number, number];
  const offsets = tf.mul(tf.range(0, rows, 1, 'int32').reshape([rows, 1]), tf.scalar(columns, 'int32'));
  const flat = tf.add(index, offsets).reshape([rows * k]);
  const attributes = [dtype('T', 'float32'), dtype('Tindices', 'int32'), dtype('Tnumsegments', 'int32')];
  const segments = tf.scalar(rows * columns, 'int32');
  return outputOf('UnsortedSegmentSum', attributes, [weight.reshape([rows * k]), flat, segments]).reshape([
    rows,
    columns,
  ]);
}
