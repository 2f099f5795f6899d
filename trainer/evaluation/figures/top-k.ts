/** Top-k accuracy: samples whose class is among the k highest scores. */
import type { Metric } from '../../protocol/catalogue.ts';

/** The metrics of a classifier. */
export const accuracies = [
  { name: 'top1', unit: 'share' },
  { name: 'top5', unit: 'share', secondary: true },
] as const satisfies readonly Metric[];

/** Number of best scores among which the class has to be. */
const among: Readonly<Record<(typeof accuracies)[number]['name'], number>> = { top1: 1, top5: 5 };

/** Every accuracy of `scores`, [labels.length, classes], in percent, in the order in which they are declared. */
export function accuraciesOf(
  scores: Float32Array,
  labels: Int32Array,
  classes: number,
): readonly { readonly metric: string; readonly value: number; readonly correct: Uint8Array }[] {
  return accuracies.map(({ name }) => {
    const correct = topKCorrect(scores, labels, classes, among[name]);
    return { metric: name, value: percent(correct), correct };
  });
}

/**
 * One byte per sample: 1 if fewer than `k` classes score above the true one. Ties go to the lower class number, so that
 * a constant head is not counted as correct for every class. A non-finite score of the true class is wrong.
 *
 * @param scores row by row, [labels.length, classes]
 */
export function topKCorrect(scores: Float32Array, labels: Int32Array, classes: number, k: number): Uint8Array {
  if (scores.length !== labels.length * classes)
    throw new Error(
      `${String(scores.length)} scores do not match ${String(labels.length)} samples of ${String(classes)} classes.`,
    );
  const correct = new Uint8Array(labels.length);
  for (let row = 0; row < labels.length; row++) {
    const label = labels[row] ?? 0;
    const own = scores[row * classes + label] ?? Number.NaN;
    if (!Number.isFinite(own)) continue;
    let better = 0;
    for (let other = 0; other < classes && better < k; other++) {
      const score = scores[row * classes + other] ?? Number.NaN;
      if (score > own || (score === own && other < label)) better++;
    }
    if (better < k) correct[row] = 1;
  }
  return correct;
}

/** Percentage of ones. */
function percent(correct: Uint8Array): number {
  let right = 0;
  for (const one of correct) right += one;
  return (100 * right) / correct.length;
}
