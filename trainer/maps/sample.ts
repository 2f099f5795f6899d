/** The images of a split that a map shows: the same ones for every encoder. */
import { keyed } from '../random.ts';
import type { FeatureSet } from '../recipe.ts';

/** Numbers of so many rows of a table, drawn by a seed, in order; all of them where there are no more. */
export function sampledRows(rows: number, wanted: number, seed: number): Int32Array {
  const order = keyed(seed, 'map', 'sample').permutation(rows);
  return order.subarray(0, Math.min(rows, wanted)).slice().sort();
}

/** These rows of a table. */
export function rowsOf({ columns, values, labels }: FeatureSet, chosen: Int32Array): FeatureSet {
  const taken = new Float32Array(chosen.length * columns);
  chosen.forEach((row, at) => taken.set(values.subarray(row * columns, (row + 1) * columns), at * columns));
  return { rows: chosen.length, columns, values: taken, labels: chosen.map((row) => labels[row]!) };
}
