/**
 * Masks as COCO's run lengths: merged, measured and compared without their pixels. The definitions are those of
 * `maskApi.c` of pycocotools (https://github.com/cocodataset/cocoapi), with which the golden values were computed.
 */
import { type Box, intersectionOverUnion, overlapWithCrowd } from '../boxes.ts';
import type { RunLengths } from '../objects.ts';

/** @throws RangeError if the runs do not fill the picture */
export function checkRunLengths({ height, width, counts }: RunLengths): void {
  for (const [name, size] of Object.entries({ height, width }))
    if (!Number.isSafeInteger(size) || size < 1)
      throw new RangeError(`a mask's ${name} is ${size}; it must be a whole number of pixels`);
  let pixels = 0;
  for (const [at, count] of counts.entries()) {
    if (!Number.isSafeInteger(count) || count < 0)
      throw new RangeError(`run ${at + 1} of a mask is ${count} pixels long; it must be a whole number from 0`);
    pixels += count;
  }
  if (pixels !== height * width)
    throw new RangeError(
      `the runs of a mask have ${pixels} pixels, but ${width} x ${height} are ${width * height} pixels`,
    );
}

/** Runs of a mask given as bytes, column by column; every byte but 0 is inside. */
export function encodeMask(pixels: Uint8Array, height: number, width: number): RunLengths {
  const counts: number[] = [];
  let isInside = false;
  let length = 0;
  for (let at = 0; at < height * width; at++) {
    if ((pixels[at] !== 0) !== isInside) {
      counts.push(length);
      length = 0;
      isInside = !isInside;
    }
    length++;
  }
  counts.push(length);
  return { height, width, counts };
}

/** A byte per pixel, 1 inside, column by column. */
export function decodeMask({ height, width, counts }: RunLengths): Uint8Array {
  const pixels = new Uint8Array(height * width);
  let begin = 0;
  for (const [run, count] of counts.entries()) {
    if (run % 2 === 1) pixels.fill(1, begin, begin + count);
    begin += count;
  }
  return pixels;
}

export const emptyMask = (height: number, width: number): RunLengths => ({ height, width, counts: [height * width] });

export function maskArea({ counts }: RunLengths): number {
  let area = 0;
  for (let run = 1; run < counts.length; run += 2) area += counts[run]!;
  return area;
}

/** The smallest box around a mask; [0, 0, 0, 0] around an empty one. */
export function maskBox({ height, counts }: RunLengths): Box {
  let [left, top, right, bottom] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, 0, 0];
  let begin = 0;
  for (const [run, count] of counts.entries()) {
    const end = begin + count;
    if (run % 2 === 1 && count > 0) {
      const [first, last] = [Math.floor(begin / height), Math.floor((end - 1) / height)];
      left = Math.min(left, first);
      right = Math.max(right, last + 1);
      // A run that goes on in the next column touches the lower and the upper edge.
      top = first === last ? Math.min(top, begin % height) : 0;
      bottom = first === last ? Math.max(bottom, ((end - 1) % height) + 1) : height;
    }
    begin = end;
  }
  return right === 0 ? [0, 0, 0, 0] : [left, top, right, bottom];
}

const sizeOf = ({ height, width }: RunLengths): string => `${width} x ${height}`;

/** @throws RangeError if the masks are of pictures of different sizes */
function refuseOtherSize(one: RunLengths, other: RunLengths): void {
  if (one.height !== other.height || one.width !== other.width)
    throw new RangeError(
      `masks of ${sizeOf(one)} and ${sizeOf(other)} pixels cannot be compared: they are not of one picture`,
    );
}

/** Calls back for every stretch of pixels over which neither mask changes. */
function walk(
  one: RunLengths,
  other: RunLengths,
  visit: (length: number, isInOne: boolean, isInOther: boolean) => void,
): void {
  let [runOfOne, runOfOther] = [0, 0];
  let [leftOfOne, leftOfOther] = [one.counts[0] ?? 0, other.counts[0] ?? 0];
  for (;;) {
    while (leftOfOne === 0 && runOfOne + 1 < one.counts.length) leftOfOne = one.counts[++runOfOne]!;
    while (leftOfOther === 0 && runOfOther + 1 < other.counts.length) leftOfOther = other.counts[++runOfOther]!;
    const length = Math.min(leftOfOne, leftOfOther);
    if (length === 0) return;
    visit(length, runOfOne % 2 === 1, runOfOther % 2 === 1);
    leftOfOne -= length;
    leftOfOther -= length;
  }
}

/** Union of masks of one picture, or their intersection. @throws RangeError without masks, or if their sizes differ */
export function mergeMasks(masks: readonly RunLengths[], how: 'union' | 'intersection'): RunLengths {
  const [first, ...others] = masks;
  if (!first) throw new RangeError('there are no masks to merge');
  return others.reduce((merged, mask) => {
    refuseOtherSize(merged, mask);
    const counts: number[] = [];
    let isInside = false;
    let length = 0;
    walk(merged, mask, (stretch, isInOne, isInOther) => {
      const is = how === 'union' ? isInOne || isInOther : isInOne && isInOther;
      if (is !== isInside) {
        counts.push(length);
        length = 0;
        isInside = is;
      }
      length += stretch;
    });
    counts.push(length);
    return { height: mask.height, width: mask.width, counts };
  }, first);
}

/** A mask with what its overlaps need, measured once. */
export interface MeasuredMask {
  readonly runs: RunLengths;
  readonly box: Box;
  readonly area: number;
}

export const measureMask = (runs: RunLengths): MeasuredMask => ({ runs, box: maskBox(runs), area: maskArea(runs) });

/**
 * Intersection over union of two masks, or with a crowd over the area of the detection.
 * @throws RangeError if the masks are of pictures of different sizes
 */
export function maskOverlap(detection: MeasuredMask, object: MeasuredMask, isCrowd: boolean): number {
  refuseOtherSize(detection.runs, object.runs);
  const overlap = isCrowd ? overlapWithCrowd : intersectionOverUnion;
  if (overlap(detection.box, object.box) === 0) return 0;
  let shared = 0;
  walk(detection.runs, object.runs, (length, isInOne, isInOther) => {
    if (isInOne && isInOther) shared += length;
  });
  if (shared === 0) return 0;
  return shared / (isCrowd ? detection.area : detection.area + object.area - shared);
}
