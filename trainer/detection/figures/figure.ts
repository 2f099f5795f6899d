/** A figure over classes, and why it says nothing where it does. */
import type { Matches } from './match-table.ts';

export interface Figure {
  /** 0 to 1; null where nothing could be found. */
  readonly value: number | null;
  /**
   * `no-detections`: there are objects, the detector named none in any image, so the figure is 0. `no-objects`: no class
   * has an object of that kind (pycocotools writes -1).
   */
  readonly reason: 'no-detections' | 'no-objects' | null;
}

/** Mean of what is there; null if nothing is. */
export function meanOf(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0) / known.length;
}

export interface ClassLine<Name extends string> {
  /** Index into the classes of the data set. */
  readonly label: number;
  /** Objects that count, of any area, and detections of the class. */
  readonly objects: number;
  readonly detections: number;
  /** 0 to 1; null where the class has no objects of that kind. */
  readonly figures: Readonly<Record<Name, number | null>>;
}

export function classLine<Name extends string>(
  { areas, classes }: Matches,
  label: number,
  figures: Readonly<Record<Name, number | null>>,
): ClassLine<Name> {
  const { score, objects } = classes[label]!;
  const shown = objects.counts.filter((_, at) => at % areas.length === 0);
  return { label, objects: shown.reduce((sum, count) => sum + count, 0), detections: score.length, figures };
}

/** Means over classes; those without objects are left out. */
export function meanFigures<Name extends string>(
  names: readonly Name[],
  lines: readonly ClassLine<Name>[],
): Readonly<Record<Name, Figure>> {
  const isSilent = lines.every(({ detections }) => detections === 0);
  const figureOf = (name: Name): Figure => {
    const value = meanOf(lines.map(({ figures }) => figures[name]));
    if (value === null) return { value, reason: 'no-objects' };
    return { value, reason: isSilent ? 'no-detections' : null };
  };
  return Object.fromEntries(names.map((name) => [name, figureOf(name)])) as Record<Name, Figure>;
}
