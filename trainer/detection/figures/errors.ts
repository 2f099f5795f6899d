/**
 * Kinds of errors, by the definitions of TIDE (Bolya, Foley, Hays, Hoffman, "TIDE: A General Toolbox for Identifying Object
 * Detection Errors", ECCV 2020; tidecv/quantify.py) on the matches of the figures: each false detection is of the first
 * kind that fits, and an object that nothing found is missed unless a false detection would find it once corrected.
 */
import { intersectionOverUnion } from '../boxes.ts';
import { ErrorKind } from '../../protocol/detections.ts';
import type { AnnotatedImage, AnnotatedObject, Detection } from '../objects.ts';
import type { MatchedRows } from './evaluation.ts';

export const errorKinds = ErrorKind.options;

export interface DetectionError {
  readonly kind: ErrorKind;
  /** Id of the image. */
  readonly image: string;
  /** Null for a missed object. */
  readonly detection: Detection | null;
  /** The object that is meant; null for background. */
  readonly object: AnnotatedObject | null;
  /** Overlap of the two, of a missed object the largest with any detection of its class. */
  readonly overlap: number;
}

const foreground = 0.5;
const background = 0.1;

export type Overlap = (detection: Detection, object: AnnotatedObject) => number;

/** The overlap of boxes, by which errors of masks are told apart too: it needs no pixels. */
export const boxOverlap: Overlap = (detection, object) => intersectionOverUnion(detection.box, object.box);

interface Nearest {
  readonly object: AnnotatedObject | null;
  readonly overlap: number;
}

function nearest(
  detection: Detection,
  objects: Iterable<AnnotatedObject>,
  overlapOf: Overlap,
  isMeant: (object: AnnotatedObject) => boolean,
): Nearest {
  let best: Nearest = { object: null, overlap: 0 };
  for (const object of objects) {
    if (!isMeant(object)) continue;
    const overlap = overlapOf(detection, object);
    if (overlap > best.overlap) best = { object, overlap };
  }
  return best;
}

function kindOf(
  detection: Detection,
  objects: readonly AnnotatedObject[],
  isFound: ReadonlySet<AnnotatedObject>,
  overlapOf: Overlap,
): { readonly kind: ErrorKind } & Nearest {
  const own = nearest(detection, objects, overlapOf, (object) => object.class === detection.class);
  // From 0.5 on an object of its class was found by another detection, or the figure's rule gave it away.
  if (own.overlap >= background && own.overlap < foreground) return { kind: 'localisation', ...own };
  const other = nearest(detection, objects, overlapOf, (object) => object.class !== detection.class);
  if (other.overlap >= foreground) return { kind: 'class', ...other };
  const before = nearest(
    detection,
    objects,
    overlapOf,
    (object) => object.class === detection.class && isFound.has(object),
  );
  if (before.overlap >= foreground) return { kind: 'duplicate', ...before };
  // Exactly at the threshold, where the rule asks for more than it: nearly right.
  if (own.overlap >= foreground) return { kind: 'localisation', ...own };
  return other.overlap < background
    ? { kind: 'background', object: null, overlap: Math.max(own.overlap, other.overlap) }
    : { kind: 'both', ...other };
}

/** Whether an object counts: crowds and difficult objects neither cause nor excuse an error. */
const counts = ({ crowd, difficult }: AnnotatedObject): boolean => !crowd && !difficult;

/** The errors in one image at an overlap of 0.5, from what `Evaluation.add` returned for it. */
export function errorsOf(
  image: AnnotatedImage,
  rows: readonly MatchedRows[],
  overlapOf: Overlap = boxOverlap,
): readonly DetectionError[] {
  const objects = image.objects.filter(counts);
  const found = new Set<AnnotatedObject>();
  const wrong: Detection[] = [];
  for (const { detections, objects: own, found: matches } of rows)
    detections.forEach((detection, at) => {
      const object = own[matches.objectOf[at]!];
      if (object && counts(object)) found.add(object);
      else if (!object) wrong.push(detection);
    });
  const correctable = new Set<AnnotatedObject>();
  const errors = wrong.map((detection): DetectionError => {
    const { kind, object, overlap } = kindOf(detection, objects, found, overlapOf);
    if (object && (kind === 'localisation' || kind === 'class')) correctable.add(object);
    return { kind, image: image.id, detection, object, overlap };
  });
  const missed = objects
    .filter((object) => !found.has(object) && !correctable.has(object))
    .map((object): DetectionError => {
      const own = rows.find(({ label }) => label === object.class)?.detections ?? [];
      const overlap = own.reduce((largest, detection) => Math.max(largest, overlapOf(detection, object)), 0);
      return { kind: 'missed', image: image.id, detection: null, object, overlap };
    });
  return [...errors, ...missed];
}

export interface ErrorTally {
  add(errors: readonly DetectionError[]): void;
  /** How many of each kind, by class (of the detection; of a missed object its own). */
  readonly counts: Readonly<Record<ErrorKind, Int32Array>>;
  /** The errors of a kind to look at, the highest score first; of missed objects the largest first. */
  worst(kind: ErrorKind): readonly DetectionError[];
}

/** Keeps `limit` errors of each kind, so that memory is bounded however many there are. */
export function tallyErrors(classes: number, limit = 500): ErrorTally {
  const byKind = <T>(make: () => T) =>
    Object.fromEntries(errorKinds.map((kind) => [kind, make()])) as Record<ErrorKind, T>;
  const counted = byKind(() => new Int32Array(classes));
  const kept = byKind((): DetectionError[] => []);
  const weight = ({ detection, object }: DetectionError): number => detection?.score ?? object!.area;
  const best = (errors: readonly DetectionError[]): DetectionError[] =>
    [...errors].sort((one, other) => weight(other) - weight(one)).slice(0, limit);
  return {
    counts: counted,
    add(errors) {
      for (const error of errors) {
        counted[error.kind][error.detection?.class ?? error.object!.class]!++;
        kept[error.kind].push(error);
        if (kept[error.kind].length > 2 * limit) kept[error.kind] = best(kept[error.kind]);
      }
    },
    worst: (kind) => best(kept[kind]),
  };
}
