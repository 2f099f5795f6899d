/** Parts of a set for cross-validation. */
import { groupBy } from '../../group-by.ts';

/**
 * The part, 0 to `parts` - 1, that each sample is held out in: every class is spread evenly, in the order of the samples, as by
 * scikit-learn's StratifiedKFold without shuffling.
 */
export function stratifiedFolds(classes: ArrayLike<number>, parts: number): Uint8Array {
  // Classes in the order in which they first appear.
  const seen = [...groupBy(Array.from(classes).keys(), (sample) => classes[sample]!).values()];
  const sorted = seen.flatMap((samples, place) => samples.map(() => place));
  const folds = new Uint8Array(classes.length);
  seen.forEach((samples, place) => {
    let next = 0;
    for (let part = 0; part < parts; part++) {
      // Of the classes laid end to end every `parts`th sample, from this one on, belongs to the part.
      const own = sorted.filter((of, at) => at % parts === part && of === place).length;
      for (const sample of samples.slice(next, next + own)) folds[sample] = part;
      next += own;
    }
  });
  return folds;
}
