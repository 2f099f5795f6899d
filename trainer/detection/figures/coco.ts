/**
 * COCO's figures of boxes or masks, by the definitions of `COCOeval` (pycocotools/cocoeval.py, version 2.0.11): average
 * precision over ten thresholds of overlap and 101 levels of recall, and the recall that 1, 10 and 100 detections of a class
 * per image reach, averaged over classes. The areas that call an object small, medium or large are those of the annotation;
 * those of detections are their boxes', or with masks their masks', as detectron2 evaluates.
 */
import { type Box, intersectionOverUnion, overlapWithCrowd } from '../boxes.ts';
import { maskOf } from '../masks/polygons.ts';
import { maskOverlap, type MeasuredMask, measureMask } from '../masks/run-lengths.ts';
import type { AnnotatedImage, AnnotatedObject, Detection } from '../objects.ts';
import type { ClassRows } from './class-rows.ts';
import { type Evaluation, startEvaluation } from './evaluation.ts';
import { matchCoco } from './matching.ts';
import { type AreaRange, countedOf, type Matches } from './match-table.ts';
import { averageAt101, curveOf } from './precision-recall.ts';
import { type ClassLine, classLine, type Figure, meanFigures, meanOf } from './figure.ts';

/** `numpy.linspace(0.5, 0.95, 10)`, to the bit. */
const step = (0.95 - 0.5) / 9;
export const cocoThresholds: readonly number[] = Array.from({ length: 10 }, (_, at) =>
  at === 9 ? 0.95 : at * step + 0.5,
);

export const cocoAreas: readonly AreaRange[] = [
  { name: 'all', least: 0, most: 1e5 ** 2 },
  { name: 'small', least: 0, most: 32 ** 2 },
  { name: 'medium', least: 32 ** 2, most: 96 ** 2 },
  { name: 'large', least: 96 ** 2, most: 1e5 ** 2 },
];

/** Detections of a class per image that count. */
export const cocoMaximum = 100;

export type OverlapOf = 'boxes' | 'masks';

function measuredObject(object: AnnotatedObject, { id, height, width }: AnnotatedImage): MeasuredMask {
  if (object.mask === null)
    throw new RangeError(`An object in image "${id}" has no mask; evaluate boxes, or leave the image out.`);
  return measureMask(maskOf(object.mask, height, width));
}

function measuredDetection({ mask }: Detection, { id }: AnnotatedImage): MeasuredMask {
  if (!mask) throw new RangeError(`A detection in image "${id}" has no mask; evaluate boxes.`);
  return measureMask(mask);
}

/**
 * Width times height even of a reversed box, as in `COCO.loadRes`: below 0 it lies in no range of areas, so that such a
 * detection counts neither for nor against.
 */
const signedArea = ([left, top, right, bottom]: Box): number => (right - left) * (bottom - top);

/** Overlaps [detections, objects] and the areas of the detections. */
function compare(
  { detections, objects }: ClassRows,
  image: AnnotatedImage,
  of: OverlapOf,
): { readonly overlap: Float64Array; readonly area: readonly number[] } {
  const overlap = new Float64Array(detections.length * objects.length);
  const fill = (measure: (row: number, column: number) => number): Float64Array => {
    for (let row = 0; row < detections.length; row++)
      for (let column = 0; column < objects.length; column++)
        overlap[row * objects.length + column] = measure(row, column);
    return overlap;
  };
  if (of === 'boxes') {
    const measure = (row: number, column: number): number => {
      const object = objects[column]!;
      return (object.crowd ? overlapWithCrowd : intersectionOverUnion)(detections[row]!.box, object.box);
    };
    return { overlap: fill(measure), area: detections.map(({ box }) => signedArea(box)) };
  }
  const found = detections.map((detection) => measuredDetection(detection, image));
  const there = objects.map((object) => measuredObject(object, image));
  const measure = (row: number, column: number): number =>
    maskOverlap(found[row]!, there[column]!, objects[column]!.crowd);
  return { overlap: fill(measure), area: found.map(({ area }) => area) };
}

export function startCoco(images: readonly AnnotatedImage[], classes: number, of: OverlapOf): Evaluation {
  return startEvaluation(images, classes, {
    thresholds: cocoThresholds,
    areas: cocoAreas,
    most: cocoMaximum,
    match(rows, image) {
      const { overlap, area } = compare(rows, image, of);
      const scores = rows.detections.map(({ score }) => score);
      const objects = {
        area: rows.objects.map((object) => object.area),
        isCrowd: rows.objects.map(({ crowd }) => crowd),
      };
      return { ...rows, found: matchCoco({ scores, area }, objects, overlap, cocoThresholds, cocoAreas) };
    },
  });
}

/** Average precision of a class, 0 to 1; null without objects. */
export function cocoPrecision(matches: Matches, label: number, threshold: number, area = 0): number | null {
  const counted = countedOf(matches, label, { threshold, area, maximum: cocoMaximum });
  return counted.positives === 0 ? null : averageAt101(curveOf(counted));
}

function recallOf(matches: Matches, label: number, threshold: number, area: number, maximum: number): number | null {
  const { isRight, positives } = countedOf(matches, label, { threshold, area, maximum });
  return positives === 0 ? null : isRight.reduce((sum, is) => sum + is, 0) / positives;
}

export const cocoFigureNames = [
  'AP',
  'AP50',
  'AP75',
  'APs',
  'APm',
  'APl',
  'AR1',
  'AR10',
  'AR100',
  'ARs',
  'ARm',
  'ARl',
] as const;
export type CocoFigureName = (typeof cocoFigureNames)[number];

const everyThreshold = cocoThresholds.map((_, at) => at);

/** The twelve figures of one class, 0 to 1; null where there are no objects of that area. */
function cocoClass(matches: Matches, label: number): Readonly<Record<CocoFigureName, number | null>> {
  const precision = (thresholds: readonly number[], area: number): number | null =>
    meanOf(thresholds.map((threshold) => cocoPrecision(matches, label, threshold, area)));
  const recall = (maximum: number, area: number): number | null =>
    meanOf(everyThreshold.map((threshold) => recallOf(matches, label, threshold, area, maximum)));
  return {
    AP: precision(everyThreshold, 0),
    AP50: precision([0], 0),
    AP75: precision([5], 0),
    APs: precision(everyThreshold, 1),
    APm: precision(everyThreshold, 2),
    APl: precision(everyThreshold, 3),
    AR1: recall(1, 0),
    AR10: recall(10, 0),
    AR100: recall(100, 0),
    ARs: recall(100, 1),
    ARm: recall(100, 2),
    ARl: recall(100, 3),
  };
}

/** A line a class. */
export const cocoTable = (matches: Matches): readonly ClassLine<CocoFigureName>[] =>
  matches.classes.map((_, label) => classLine(matches, label, cocoClass(matches, label)));

/** The twelve figures: means over the classes that have objects. */
export const cocoFigures = (matches: Matches, table = cocoTable(matches)): Readonly<Record<CocoFigureName, Figure>> =>
  meanFigures(cocoFigureNames, table);
