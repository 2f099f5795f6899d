/** Top-k accuracy: samples whose class is among the k highest scores. */
import type { Metric } from '../../protocol/catalogue.ts';

/** The metrics of a classifier. */
export const accuracies = [
  { name: 'top1', unit: 'share' },
  { name: 'top5', unit: 'share', secondary: true },
  { name: 'meanPerClass', unit: 'percent', secondary: true },
] as const satisfies readonly Metric[];

interface Accuracy {
  readonly metric: (typeof accuracies)[number]['name'];
  readonly value: number;
  /** One byte per sample; absent for a mean over classes. */
  readonly correct?: Uint8Array;
}

/**
 * Every accuracy of `scores`, [labels.length, classes], in percent, in the order in which they are declared. Top-5 only of more
 * than five classes: of fewer every guess is right. The mean over classes only where these have unequal numbers of samples: it is
 * the top-1 accuracy elsewhere.
 */
export function accuraciesOf(scores: Float32Array, labels: Int32Array, classes: number): readonly Accuracy[] {
  const top1 = topKCorrect(scores, labels, classes, 1);
  const top5 = classes > 5 ? topKCorrect(scores, labels, classes, 5) : null;
  const mean = meanPerClass(top1, labels, classes);
  return [
    { metric: 'top1', value: percent(top1), correct: top1 },
    ...(top5 === null ? [] : [{ metric: 'top5' as const, value: percent(top5), correct: top5 }]),
    ...(mean === null ? [] : [{ metric: 'meanPerClass' as const, value: mean }]),
  ];
}

/** Mean of the accuracies of the classes that have samples, in percent; null where all have as many. */
export function meanPerClass(correct: Uint8Array, labels: Int32Array, classes: number): number | null {
  const samples = new Uint32Array(classes);
  const right = new Uint32Array(classes);
  labels.forEach((label, row) => {
    samples[label]!++;
    right[label]! += correct[row]!;
  });
  const present = [...samples.keys()].filter((label) => samples[label]! > 0);
  if (new Set(present.map((label) => samples[label])).size <= 1) return null;
  return (100 * present.reduce((sum, label) => sum + right[label]! / samples[label]!, 0)) / present.length;
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
