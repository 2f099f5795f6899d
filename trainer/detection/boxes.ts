/** Boxes of objects in pictures: areas and overlaps, in float64 on the host. */

/**
 * Left, top, right, bottom in pixels from the upper left corner of the picture; right and bottom are exclusive. A box of
 * the whole picture is [0, 0, width, height].
 */
export type Box = readonly [left: number, top: number, right: number, bottom: number];

/** 0 for a box that is empty or reversed. */
export function boxArea([left, top, right, bottom]: Box): number {
  return right > left && bottom > top ? (right - left) * (bottom - top) : 0;
}

/** Area that two boxes share. */
export function intersectionArea(one: Box, other: Box): number {
  return boxArea([
    Math.max(one[0], other[0]),
    Math.max(one[1], other[1]),
    Math.min(one[2], other[2]),
    Math.min(one[3], other[3]),
  ]);
}

/** Intersection over union, 0 to 1; 0 where the boxes share no area. */
export function intersectionOverUnion(one: Box, other: Box): number {
  const shared = intersectionArea(one, other);
  return shared === 0 ? 0 : shared / (boxArea(one) + boxArea(other) - shared);
}

/**
 * Intersection over the area of the detection: COCO's overlap with a crowd, in which any number of detections may lie.
 */
export function overlapWithCrowd(detection: Box, crowd: Box): number {
  const shared = intersectionArea(detection, crowd);
  return shared === 0 ? 0 : shared / boxArea(detection);
}

/** What of a box lies in the picture. */
export function clipBox([left, top, right, bottom]: Box, width: number, height: number): Box {
  const within = (value: number, limit: number): number => Math.min(Math.max(value, 0), limit);
  return [within(left, width), within(top, height), within(right, width), within(bottom, height)];
}
