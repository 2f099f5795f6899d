/** Precision against recall, and the three average precisions that the field makes of it. */

/** The detections of a class, the highest score first, and how many objects there are to find. */
export interface Ranking {
  /** 1 where an object was found. */
  readonly isRight: Uint8Array;
  readonly positives: number;
}

/**
 * Where recall grows, which is at the detections that are right: in between precision only falls, so no envelope sees more.
 */
export interface Curve {
  /** Positions of those detections. */
  readonly at: Int32Array;
  readonly recall: Float64Array;
  readonly precision: Float64Array;
}

/** How often each image was drawn, and the image of each detection. */
export interface Drawn {
  readonly times: Uint16Array;
  readonly image: Int32Array;
}

/** pycocotools adds NumPy's `spacing(1)` to the detections so that none is divided by 0; so do its golden values. */
const spacing = Number.EPSILON;

/** @param drawn counts a detection as often as its image was drawn, in place of once; `positives` is of the drawn images */
export function curveOf({ isRight, positives }: Ranking, drawn?: Drawn): Curve {
  let steps = 0;
  for (let at = 0; at < isRight.length; at++) steps += isRight[at]!;
  const curve = { at: new Int32Array(steps), recall: new Float64Array(steps), precision: new Float64Array(steps) };
  let step = 0;
  let right = 0;
  let seen = 0;
  for (let at = 0; at < isRight.length; at++) {
    const weight = drawn ? drawn.times[drawn.image[at]!]! : 1;
    if (weight === 0) continue;
    seen += weight;
    if (isRight[at] === 0) continue;
    right += weight;
    curve.at[step] = at;
    curve.recall[step] = right / positives;
    curve.precision[step++] = right / (seen + spacing);
  }
  if (step === steps) return curve;
  return {
    at: curve.at.subarray(0, step),
    recall: curve.recall.subarray(0, step),
    precision: curve.precision.subarray(0, step),
  };
}

/** The highest precision at that recall or beyond. */
function envelope({ precision }: Curve): Float64Array {
  const highest = precision.slice();
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

/** A curve to draw: at most `limit` of its points, the last one among them. */
export function pointsOf(
  { score, ...ranking }: Ranking & { readonly score: Float64Array },
  limit = 200,
): readonly CurvePoint[] {
  const { at, recall, precision } = curveOf(ranking);
  const stride = Math.max(1, Math.ceil(at.length / limit));
  return Array.from(at.keys())
    .filter((step) => (at.length - 1 - step) % stride === 0)
    .map((step) => ({ recall: recall[step]!, precision: precision[step]!, score: score[at[step]!]! }));
}
