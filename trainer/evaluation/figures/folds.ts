/** Folds for cross-validation. */
import { groupBy } from '../../group-by.ts';

/**
 * The fold, 0 to `parts` - 1, in which each sample is held out: every class is spread evenly, in the order of the
 * samples, as in scikit-learn's StratifiedKFold without shuffling.
 */
export function stratifiedFolds(classes: ArrayLike<number>, parts: number): Uint8Array {
  // Classes in the order in which they first appear.
  const seen = [...groupBy(Array.from(classes).keys(), (sample) => classes[sample]!).values()];
  const sorted = seen.flatMap((samples, place) => samples.map(() => place));
  const folds = new Uint8Array(classes.length);
  seen.forEach((samples, place) => {
    let next = 0;
    for (let part = 0; part < parts; part++) {
      // With the classes concatenated, every `parts`th sample, starting at this one, belongs to the fold.
      const own = sorted.filter((of, at) => at % parts === part && of === place).length;
      for (const sample of samples.slice(next, next + own)) folds[sample] = part;
      next += own;
    }
  });
  return folds;
}
