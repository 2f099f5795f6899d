/** What can be wrong with annotations: each kind is decided here, counted, and said with what is done about it. */
import { clipBox, type Box } from '../boxes.ts';
import type { ObjectProblem, ObjectProblemKind } from '../../protocol/objects.ts';
import { problemOfRing } from '../masks/polygons.ts';
import { maskArea as areaOfRuns } from '../masks/run-lengths.ts';
import type { Segmentation } from '../objects.ts';

const mostExamples = 20;

export interface Problems {
  /** @param image the picture it is in */
  add(kind: ObjectProblemKind, image: string): void;
  /** Counts what was found elsewhere. */
  include(problem: ObjectProblem): void;
  /** In the order in which kinds were met. */
  list(): ObjectProblem[];
}

export function startProblems(): Problems {
  const found = new Map<ObjectProblemKind, { count: number; readonly examples: string[] }>();
  const include = ({ kind, count, examples }: ObjectProblem): void => {
    const known = found.get(kind) ?? { count: 0, examples: [] };
    found.set(kind, known);
    known.count += count;
    for (const image of examples)
      if (known.examples.length < mostExamples && !known.examples.includes(image)) known.examples.push(image);
  };
  return {
    add: (kind, image) => include({ kind, count: 1, examples: [image] }),
    include,
    list: () => [...found].map(([kind, { count, examples }]) => ({ kind, count, examples: [...examples] })),
  };
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

/**
 * A box beyond the picture by so many pixels is left as it is: COCO's own are, by rounding, and the official evaluation takes
 * them so. Training cuts every box at the edges.
 */
const rounding = 1;

/**
 * The box as it is used, or null if the object is left out. Of a picture whose size is not stated, the box is not compared with it.
 */
export function judgedBox(box: Box, { width, height }: Size, tell: (kind: ObjectProblemKind) => void): Box | null {
  const refuse = (kind: ObjectProblemKind): null => {
    tell(kind);
    return null;
  };
  const [left, top, right, bottom] = box;
  if (!box.every(Number.isFinite)) return refuse('no-numbers');
  if (right < left || bottom < top) return refuse('reversed');
  if (right === left || bottom === top) return refuse('no-area');
  const isSized = width > 0 && height > 0;
  if (isSized && (left >= width || top >= height || right <= 0 || bottom <= 0)) return refuse('outside');
  const beyond = isSized ? Math.max(-left, -top, right - width, bottom - height) : 0;
  if (beyond > rounding) tell('beyond');
  const used = beyond > rounding ? clipBox(box, width, height) : box;
  if (Math.min(used[2] - used[0], used[3] - used[1]) < 1) tell('below-a-pixel');
  return used;
}

/** The area inside a ring, by its corners; a ring that crosses itself has less than it covers. */
function ringArea(ring: readonly number[]): number {
  let sum = 0;
  for (let at = 0; at < ring.length; at += 2) {
    const next = (at + 2) % ring.length;
    sum += ring[at]! * ring[next + 1]! - ring[next]! * ring[at + 1]!;
  }
  return Math.abs(sum) / 2;
}

/** Pixels, by the corners of polygons, each part for itself, or by the runs. */
export function maskArea(mask: Segmentation): number {
  if (mask.kind === 'polygons') return mask.rings.reduce((sum, ring) => sum + ringArea(ring), 0);
  return areaOfRuns(mask);
}

/** Rounding to pixels moves the area of a small or thin object far. */
const [comparedFrom, mostTimes] = [64, 2];

/** Whether a stated area cannot be that of the mask. */
export const disagrees = (stated: number, ofMask: number): boolean =>
  Math.abs(stated - ofMask) > comparedFrom &&
  Math.max(stated, ofMask) > mostTimes * Math.max(Math.min(stated, ofMask), 1e-9);

const ringProblems = {
  odd: 'odd-ring',
  'too-few-points': 'short-ring',
  'not-finite': 'ring-no-numbers',
  'too-far': 'ring-no-numbers',
} as const;

/** Rings that enclose something. @returns null if none is left */
export function judgedRings(
  rings: readonly (readonly number[])[],
  tell: (kind: ObjectProblemKind) => void,
): Segmentation | null {
  const kept = rings.filter((ring) => {
    const problem = problemOfRing(ring);
    if (problem !== null) tell(ringProblems[problem]);
    return problem === null;
  });
  return kept.length === 0 ? null : { kind: 'polygons', rings: kept };
}

/** More objects than the evaluation takes detections a picture. */
const mostDetections = 100;

export const isCrowded = (objects: number): boolean => objects > mostDetections;

/** Fewer boxes say nothing about all. */
const fewestBoxes = 10;

/** How the four numbers of a box are meant: two corners, or a corner and a size. */
export type BoxForm = 'corners' | 'size';

export interface FormCheck {
  /** Four numbers as they are in the file. */
  see(numbers: Box, size: Size): void;
  /** What all of them together say. */
  conclude(): 'normalised' | 'box-order' | null;
}

/**
 * Whether boxes are written in another form than the format has: as parts of the picture's width and height, or with sizes in
 * place of corners, or the reverse. A file is suspected if some of its boxes make no sense as they should be and all of them do in
 * the other form.
 */
export function startFormCheck(form: BoxForm): FormCheck {
  let [boxes, fractions, whole, senseless, fitting] = [0, 0, 0, 0, 0];
  return {
    see(numbers, { width, height }) {
      const [a, b, c, d] = numbers;
      if (!numbers.every(Number.isFinite)) return;
      boxes++;
      if (numbers.every((each) => each >= 0 && each <= 1)) fractions++;
      if (numbers.every(Number.isInteger)) whole++;
      if (width === 0 || height === 0) return;
      const isCorners = c > a && d > b;
      const isSize = a + c <= width + rounding && b + d <= height + rounding && c > 0 && d > 0;
      const isInside = c <= width + rounding && d <= height + rounding;
      if (form === 'corners') {
        if (!isCorners) senseless++;
        if (isSize) fitting++;
      } else {
        if (!isSize) senseless++;
        if (isCorners && isInside) fitting++;
      }
    },
    conclude() {
      if (boxes > 0 && fractions === boxes && whole < boxes) return 'normalised';
      return boxes >= fewestBoxes && fitting >= 0.98 * boxes && senseless >= 0.05 * boxes ? 'box-order' : null;
    },
  };
}
