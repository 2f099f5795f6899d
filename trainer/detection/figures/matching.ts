/** Which detection finds which object in one image and class: COCO's rule and PASCAL VOC's. */
import type { AreaRange, ImageMatches } from './match-table.ts';

/** Positions of detections, the highest score first, those of equal scores as given; `limit` of them. */
export function byScore(scores: readonly number[], limit = Number.POSITIVE_INFINITY): readonly number[] {
  const order = scores.map((_, at) => at).sort((one, other) => scores[other]! - scores[one]!);
  return order.length > limit ? order.slice(0, limit) : order;
}

export interface CocoObjects {
  readonly area: readonly number[];
  readonly isCrowd: readonly boolean[];
}

export interface CocoDetections {
  /** The highest first. */
  readonly scores: readonly number[];
  readonly area: readonly number[];
}

/** What was found, and which object each detection found (or was excused by) at the first threshold, area `all`; -1: none. */
export interface MatchedImage extends ImageMatches {
  readonly objectOf: Int32Array;
}

/**
 * COCO's matching (`COCOeval.evaluateImg`): detection by detection, the highest score first, takes the free object with
 * the largest overlap from the threshold on. Crowds and objects outside the range of areas are ignored: they are taken
 * when no other object will do, a crowd by any number of detections, and what takes them counts neither for nor against. So
 * does a detection that finds nothing and is itself outside the range.
 *
 * @param overlap [detections, objects]
 */
export function matchCoco(
  detections: CocoDetections,
  objects: CocoObjects,
  overlap: Float64Array,
  thresholds: readonly number[],
  areas: readonly AreaRange[],
): MatchedImage {
  const [rows, columns] = [detections.scores.length, objects.area.length];
  const matched = new Uint16Array(rows * areas.length);
  const ignored = new Uint16Array(rows * areas.length);
  const objectOf = new Int32Array(rows).fill(-1);
  const taken = new Uint8Array(columns);
  const positives = areas.map(({ least, most }, area) => {
    const isOutside = (size: number): boolean => size < least || size > most;
    const isIgnored = objects.area.map((size, at) => objects.isCrowd[at]! || isOutside(size));
    const kept = objects.area.map((_, at) => at).filter((at) => !isIgnored[at]);
    const order = [...kept, ...objects.area.map((_, at) => at).filter((at) => isIgnored[at])];
    thresholds.forEach((threshold, bit) => {
      taken.fill(0);
      for (let row = 0; row < rows; row++) {
        let best = Math.min(threshold, 1 - 1e-10);
        let match = -1;
        for (const column of order) {
          if (taken[column] === 1 && !objects.isCrowd[column]) continue;
          if (match !== -1 && !isIgnored[match] && isIgnored[column]) break;
          if (overlap[row * columns + column]! < best) continue;
          best = overlap[row * columns + column]!;
          match = column;
        }
        const place = row * areas.length + area;
        if (match !== -1) {
          taken[match] = 1;
          matched[place]! |= 1 << bit;
        }
        if (match === -1 ? isOutside(detections.area[row]!) : isIgnored[match]) ignored[place]! |= 1 << bit;
        if (area === 0 && bit === 0) objectOf[row] = match;
      }
    });
    return kept.length;
  });
  return { scores: detections.scores, matched, ignored, objects: positives, objectOf };
}

/** From which overlap on an object counts as found: the devkit includes the threshold, detectron2 does not. */
export type VocReach = 'from' | 'above';

/**
 * PASCAL VOC's matching (`VOCevaldet.m` of the devkit, detectron2/evaluation/pascal_voc_evaluation.py): each detection is
 * compared with the object it overlaps most, whether that was found before or not. A second detection of an object is
 * false; one of a difficult object counts neither for nor against.
 *
 * @param overlap [detections, objects]
 */
export function matchVoc(
  scores: readonly number[],
  isDifficult: readonly boolean[],
  overlap: Float64Array,
  thresholds: readonly number[],
  reach: VocReach,
): MatchedImage {
  const columns = isDifficult.length;
  const matched = new Uint16Array(scores.length);
  const ignored = new Uint16Array(scores.length);
  const objectOf = new Int32Array(scores.length).fill(-1);
  /** Bit t of an object: found at threshold t. */
  const found = new Uint16Array(columns);
  for (let row = 0; row < scores.length; row++) {
    let largest = 0;
    let nearest = -1;
    for (let column = 0; column < columns; column++) {
      if (overlap[row * columns + column]! <= largest) continue;
      largest = overlap[row * columns + column]!;
      nearest = column;
    }
    if (nearest === -1) continue;
    thresholds.forEach((threshold, bit) => {
      const reaches = reach === 'from' ? largest >= threshold : largest > threshold;
      if (!reaches) return;
      const isFree = (found[nearest]! & (1 << bit)) === 0;
      if (isDifficult[nearest]) ignored[row]! |= 1 << bit;
      else if (isFree) {
        found[nearest]! |= 1 << bit;
        matched[row]! |= 1 << bit;
      }
      if (bit === 0 && (isFree || isDifficult[nearest])) objectOf[row] = nearest;
    });
  }
  return { scores, matched, ignored, objects: [isDifficult.filter((is) => !is).length], objectOf };
}
