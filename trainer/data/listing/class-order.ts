/** The order of classes whose names are numbers. */
import type { Reading } from '../../protocol/dataset.ts';

const areNumbers = (names: readonly string[]): boolean => names.every((name) => /^\d+$/.test(name));

/** True if names are numbers whose order as text is not that of the numbers. */
export function ordersDiffer(names: readonly string[]): boolean {
  if (!areNumbers(names)) return false;
  const asText = names.toSorted();
  return asText.some((name, at) => at > 0 && Number(name) < Number(asText[at - 1]));
}

/** By their names as text, or as numbers where all are and that is asked for. */
export function inOrder(names: readonly string[], order: Reading['order']): readonly string[] {
  const sorted = names.toSorted();
  return order === 'numeric' && areNumbers(names) ? sorted.sort((a, b) => Number(a) - Number(b)) : sorted;
}
