/** Precision against recall, and the three average precisions that the field makes of it. */

export interface Curve {
  /** After each detection, the highest score first. */
  readonly recall: Float64Array;
  readonly precision: Float64Array;
}

/** pycocotools adds NumPy's `spacing(1)` to the detections so that none is divided by 0; so do its golden values. */
const spacing = Number.EPSILON;

/** @param weights how often each detection counts; once without it */
export function curveOf(isRight: Uint8Array, positives: number, weights?: ArrayLike<number>): Curve {
  const recall = new Float64Array(isRight.length);
  const precision = new Float64Array(isRight.length);
  let right = 0;
  let seen = 0;
  for (let at = 0; at < isRight.length; at++) {
    const weight = weights ? weights[at]! : 1;
    seen += weight;
    if (isRight[at] === 1) right += weight;
    recall[at] = right / positives;
    precision[at] = right / (seen + spacing);
  }
  return { recall, precision };
}

/** The highest precision at that recall or beyond. */
function envelope({ precision }: Curve): Float64Array {
  const highest = Float64Array.from(precision);
  for (let at = highest.length - 2; at >= 0; at--) highest[at] = Math.max(highest[at]!, highest[at + 1]!);
  return highest;
}

/** Mean of the envelope at `levels` of recall, 0 beyond the last; both ascend. */
function meanAt(levels: readonly number[], curve: Curve): number {
  const highest = envelope(curve);
  let at = 0;
  let sum = 0;
  for (const level of levels) {
    while (at < highest.length && curve.recall[at]! < level) at++;
    if (at === highest.length) break;
    sum += highest[at]!;
  }
  return sum / levels.length;
}

/** `numpy.linspace(0, 1, 101)`, to the bit. */
const cocoLevels = Array.from({ length: 101 }, (_, at) => at * 0.01);

/** COCO: the mean over 101 levels of recall (`COCOeval.accumulate`). */
export const averageAt101 = (curve: Curve): number => meanAt(cocoLevels, curve);

/**
 * `numpy.arange(0, 1.1, 0.1)`, to the bit, as in detectron2's rewrite of the devkit: a recall of exactly 3, 6 or 7 tenths
 * does not reach its level, which is a bit above.
 */
const vocLevels = Array.from({ length: 11 }, (_, at) => at * 0.1);

/** PASCAL VOC 2007: the mean over 11 levels of recall (section 4.2 of its devkit). */
export const averageAt11 = (curve: Curve): number => meanAt(vocLevels, curve);

/** PASCAL VOC since 2010: the area under the envelope (`VOCap` of its devkit). */
export function areaUnder(curve: Curve): number {
  const highest = envelope(curve);
  let before = 0;
  let area = 0;
  curve.recall.forEach((recall, at) => {
    area += (recall - before) * highest[at]!;
    before = recall;
  });
  return area;
}

export interface CurvePoint {
  readonly recall: number;
  readonly precision: number;
  /** Detections from this score on are counted. */
  readonly score: number;
}

/** A curve to draw: the points where recall grows, at most `limit` of them, the last one among them. */
export function pointsOf(
  {
    isRight,
    positives,
    score,
  }: { readonly isRight: Uint8Array; readonly positives: number; readonly score: Float64Array },
  limit = 200,
): readonly CurvePoint[] {
  const { recall, precision } = curveOf(isRight, positives);
  const steps = Array.from(isRight.keys()).filter((at) => isRight[at] === 1);
  const stride = Math.max(1, Math.ceil(steps.length / limit));
  return steps
    .filter((_, step) => (steps.length - 1 - step) % stride === 0)
    .map((at) => ({ recall: recall[at]!, precision: precision[at]!, score: score[at]! }));
}
