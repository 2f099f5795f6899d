/**
 * PASCAL VOC's average precision of boxes.
 *
 * Two programs define it. The devkit (`VOCevaldet.m`) counts an object as found from an overlap of 0.5 on, by 11 levels of
 * recall in 2007 (section 4.2 of its documentation) and by the area under the curve since 2010 (`VOCap.m`). detectron2's
 * `PascalVOCDetectionEvaluator` (detectron2/evaluation/pascal_voc_evaluation.py), by which VICReg's figures were made, asks
 * for more than the threshold, at each of 0.50, 0.55, …, 0.95; its year decides: 2007 is by 11 levels, 2012 by the area,
 * for AP, AP50 and AP75 alike. It also passes its detections through text: scores with three decimals, coordinates with
 * one. Both compare boxes of whole pixels, whose width is right - left + 1 from the first pixel 1; that is the width of
 * a box of ours, whose right is exclusive.
 *
 * Two differences are meant. Equal scores count in the order of the images (NumPy's sort, which detectron2 uses, leaves
 * their order open), and a class without objects is left out of the mean, where detectron2 counts it as 0.
 */
import type { Box } from '../boxes.ts';
import type { AnnotatedImage, Detection } from '../objects.ts';
import { type Evaluation, startEvaluation } from './evaluation.ts';
import { type ClassLine, classLine, type Figure, meanFigures, meanOf } from './figure.ts';
import { matchVoc } from './matching.ts';
import { countedOf, type Matches } from './match-table.ts';
import { areaUnder, averageAt11, curveOf } from './precision-recall.ts';

export type VocRules = 'devkit' | 'detectron2';

/** `elevenLevels`: VOC 2007. */
export type VocAverage = 'elevenLevels' | 'area';

export const vocThresholds: readonly number[] = Array.from({ length: 10 }, (_, at) => (50 + 5 * at) / 100);

/** A number as Python writes it with so many decimals and reads it again: a value exactly between two goes to the even one. */
export function roundedThroughText(value: number, decimals: number): number {
  const halves = value * 2 ** (decimals + 1);
  if (!Number.isInteger(halves) || halves % 2 === 0) return Number(value.toFixed(decimals));
  const scaled = value * 10 ** decimals;
  const below = Math.floor(scaled);
  return Number(`${below % 2 === 0 ? below : below + 1}e-${decimals}`);
}

/** First and last pixel, counted from 1, as the devkit writes boxes; of detections with fractions. */
type PixelBox = Box;

const pixelsOf = ([left, top, right, bottom]: Box): PixelBox => [left + 1, top + 1, right, bottom];

/** Intersection over union of boxes of pixels, with the additions of the devkit, to the bit. */
function overlapOf(one: PixelBox, other: PixelBox): number {
  const width = Math.min(one[2], other[2]) - Math.max(one[0], other[0]) + 1;
  const height = Math.min(one[3], other[3]) - Math.max(one[1], other[1]) + 1;
  if (width <= 0 || height <= 0) return 0;
  const area = (box: PixelBox): number => (box[2] - box[0] + 1) * (box[3] - box[1] + 1);
  return (width * height) / (area(one) + area(other) - width * height);
}

function throughText(detection: Detection): Detection {
  const [left, top, right, bottom] = pixelsOf(detection.box).map((edge) => roundedThroughText(edge, 1));
  return {
    ...detection,
    score: roundedThroughText(detection.score, 3),
    box: [left! - 1, top! - 1, right!, bottom!],
  };
}

export function startVoc(images: readonly AnnotatedImage[], classes: number, rules: VocRules): Evaluation {
  return startEvaluation(images, classes, {
    thresholds: vocThresholds,
    areas: [{ name: 'all', least: 0, most: Number.POSITIVE_INFINITY }],
    match(raw) {
      const rows = rules === 'detectron2' ? { ...raw, detections: raw.detections.map(throughText) } : raw;
      const there = rows.objects.map(({ box }) => pixelsOf(box));
      const overlap = new Float64Array(rows.detections.length * there.length);
      rows.detections.forEach(({ box }, row) => {
        const own = pixelsOf(box);
        there.forEach((other, column) => (overlap[row * there.length + column] = overlapOf(own, other)));
      });
      const found = matchVoc(
        rows.detections.map(({ score }) => score),
        rows.objects.map(({ difficult }) => difficult),
        overlap,
        vocThresholds,
        rules === 'devkit' ? 'from' : 'above',
      );
      return { ...rows, found };
    },
  });
}

/** Average precision of a class at a threshold, 0 to 1; null without objects that count. */
export function vocPrecision(matches: Matches, label: number, threshold: number, average: VocAverage): number | null {
  const counted = countedOf(matches, label, { threshold, area: 0 });
  if (counted.positives === 0) return null;
  return (average === 'area' ? areaUnder : averageAt11)(curveOf(counted));
}

export const vocFigureNames = ['AP', 'AP50', 'AP75'] as const;
export type VocFigureName = (typeof vocFigureNames)[number];

/** The figures of one class. */
function vocClass(
  matches: Matches,
  label: number,
  average: VocAverage,
): Readonly<Record<VocFigureName, number | null>> {
  const values = vocThresholds.map((_, threshold) => vocPrecision(matches, label, threshold, average));
  return { AP: meanOf(values), AP50: values[0]!, AP75: values[5]! };
}

/** A line a class. */
export const vocTable = (matches: Matches, average: VocAverage): readonly ClassLine<VocFigureName>[] =>
  matches.classes.map((_, label) => classLine(matches, label, vocClass(matches, label, average)));

/** Means over the classes that have objects: AP over ten thresholds, AP50 (VOC's own mAP) and AP75. */
export const vocFigures = (
  matches: Matches,
  average: VocAverage,
  table = vocTable(matches, average),
): Readonly<Record<VocFigureName, Figure>> => meanFigures(vocFigureNames, table);
