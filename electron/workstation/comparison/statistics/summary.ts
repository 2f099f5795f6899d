/** Mean and spread of some values. */
export interface Summary {
  readonly n: number;
  readonly mean: number;
  /** Sample standard deviation, n - 1 in the divisor; null for one value. */
  readonly sd: number | null;
}

export function summarize(values: readonly number[]): Summary {
  const n = values.length;
  if (n === 0) throw new Error('No values to summarize: give at least one.');
  const mean = values.reduce((sum, value) => sum + value, 0) / n;
  if (n === 1) return { n, mean, sd: null };
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { n, mean, sd: Math.sqrt(squares / (n - 1)) };
}
