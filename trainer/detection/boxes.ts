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

/** What of a box lies in the picture. */
export function clipBox([left, top, right, bottom]: Box, width: number, height: number): Box {
  const within = (value: number, limit: number): number => Math.min(Math.max(value, 0), limit);
  return [within(left, width), within(top, height), within(right, width), within(bottom, height)];
}
