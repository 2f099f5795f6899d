/** Which classes a matrix of confusions shows, and what its cells count. */
import type { PredictedClasses, PredictionChoice } from '../../../electron/api/predictions.ts';

/** A class and what it was taken for, whose images are shown. */
export type ChosenPair = Pick<PredictionChoice, 'label' | 'guess'>;

/** Classes that a matrix can be read with. */
const mostClasses = 16;

/**
 * All classes where they are few. Of many, one that is chosen with those it is confused with most, or else those of the most
 * frequent confusions; in the order of the data set.
 */
export function matrixClasses(
  { classes, confusions }: Pick<PredictedClasses, 'classes' | 'confusions'>,
  chosen: number | null,
): readonly number[] {
  if (classes.length <= mostClasses) return [...classes.keys()];
  const shown = new Set<number>(chosen === null ? [] : [chosen]);
  for (const { label, guess } of confusions) {
    if (chosen !== null && label !== chosen && guess !== chosen) continue;
    for (const one of [label, guess]) if (shown.size < mostClasses) shown.add(one);
  }
  return [...shown].sort((one, other) => one - other);
}

/** Images of a class (row) that were taken for a class (column). */
export function matrixCells(
  { classes, confusions }: Pick<PredictedClasses, 'classes' | 'confusions'>,
  shown: readonly number[],
): readonly (readonly number[])[] {
  const confused = new Map(confusions.map(({ label, guess, images }) => [label * classes.length + guess, images]));
  return shown.map((label) =>
    shown.map((guess) =>
      label === guess ? classes[label]!.right : (confused.get(label * classes.length + guess) ?? 0),
    ),
  );
}

/** Numbers of the classes, those with the smallest share of right images first, those without images last. */
export function worstFirst(classes: PredictedClasses['classes']): readonly number[] {
  const shareOf = (label: number): number => {
    const { right, images } = classes[label]!;
    return images === 0 ? 2 : right / images;
  };
  return [...classes.keys()].sort((one, other) => shareOf(one) - shareOf(other) || one - other);
}
