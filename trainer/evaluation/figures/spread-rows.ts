import type { FeatureSet } from '../../recipe.ts';

/** The given number of evenly spaced rows, because splits are often ordered by class. */
export function spreadRows({ rows, columns, values, labels }: FeatureSet, count: number): FeatureSet {
  if (count === rows) return { rows, columns, values, labels };
  const chosen = new Float32Array(count * columns);
  for (let to = 0; to < count; to++) {
    const from = Math.floor((to * rows) / count) * columns;
    chosen.set(values.subarray(from, from + columns), to * columns);
  }
  return { rows: count, columns, values: chosen, labels: new Int32Array(count).fill(-1) };
}
