/** Mean and spread of some values. */
export interface Summary {
  readonly n: number;
  readonly mean: number;
  /** Sample standard deviation, n - 1 in the divisor; null for one value, 0 for values that are equal but for rounding. */
  readonly sd: number | null;
}

const rounding = 1e-9;

export function summarize(values: readonly number[]): Summary {
  const n = values.length;
  if (n === 0) throw new Error('No values to summarize: give at least one.');
  const mean = values.reduce((sum, value) => sum + value, 0) / n;
  if (n === 1) return { n, mean, sd: null };
  // Differences of equal figures differ in their last bits, and a spread of 1e-14 would make anything significant.
  const range = Math.max(...values) - Math.min(...values);
  if (range <= rounding * Math.max(1, Math.abs(mean))) return { n, mean, sd: 0 };
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { n, mean, sd: Math.sqrt(squares / (n - 1)) };
}
