/** Regions of a picture in parts, so that a part that counts nothing can be left out. */
import * as tf from '@tensorflow/tfjs';
import type { Tensor } from '@tensorflow/tfjs';

/** At least so many regions of each picture at a time, in at most so many parts. */
const regionsAtOnce = 8;
const mostParts = 8;

export interface Part {
  readonly from: number;
  readonly count: number;
}

/** Parts of one size, the last may be smaller. */
export function partsOf(regions: number): readonly Part[] {
  const size = Math.max(regionsAtOnce, Math.ceil(regions / mostParts));
  return Array.from({ length: Math.ceil(regions / size) }, (_, part) => ({
    from: part * size,
    count: Math.min(size, regions - part * size),
  }));
}

/** Of a table with a row a region, [n, k, …], the rows of a part: [n, count, …]. */
export const partOf = (table: Tensor, { from, count }: Part): Tensor =>
  tf.slice(
    table,
    table.shape.map((_, axis) => (axis === 1 ? from : 0)),
    table.shape.map((size, axis) => (axis === 1 ? count : size)),
  );
