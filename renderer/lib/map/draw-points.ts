/**
 * Points written as pixels: 60,000 of them take a few milliseconds without a graphics card, and look the same everywhere.
 */
import type { MapView } from './geometry.ts';

export interface Pixels {
  readonly width: number;
  readonly height: number;
  /** Rows from the top, each a colour as `colourOf` gives it. */
  readonly values: Uint32Array;
}

/** Drawn first, and last. */
export const levels = { behind: 0, usual: 1, before: 2 } as const;

/** A colour as the four bytes of a pixel, in the order of an ImageData. */
export function colourOf(red: number, green: number, blue: number): number {
  return ((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0;
}

/** Half the widths of a disc's rows, from its top. */
function discOf(radius: number): Int32Array {
  const reach = Math.floor(radius);
  return Int32Array.from({ length: 2 * reach + 1 }, (_, row) =>
    Math.floor(Math.sqrt(Math.max(0, radius * radius - (row - reach) ** 2))),
  );
}

/**
 * Fills the canvas with the ground and draws every point as a disc, those behind first.
 *
 * @param positions [points, 2]
 * @param colours and ranks a number a point
 * @param radius in pixels of the canvas
 */
export function drawPoints(
  { width, height, values }: Pixels,
  positions: Float32Array,
  { scale, left, top }: MapView,
  colours: Uint32Array,
  ranks: Uint8Array,
  ground: number,
  radius: number,
): void {
  values.fill(ground);
  const disc = discOf(radius);
  const reach = (disc.length - 1) / 2;
  for (const level of Object.values(levels)) {
    for (let point = 0; point < ranks.length; point++) {
      if (ranks[point] !== level) continue;
      const x = Math.round(positions[2 * point]! * scale + left);
      const y = Math.round(positions[2 * point + 1]! * scale + top);
      if (x < -reach || y < -reach || x >= width + reach || y >= height + reach) continue;
      const colour = colours[point]!;
      for (let row = 0; row < disc.length; row++) {
        const down = y + row - reach;
        if (down < 0 || down >= height) continue;
        const half = disc[row]!;
        const from = Math.max(0, x - half);
        const to = Math.min(width - 1, x + half);
        // A loop, since `fill` costs more than the few pixels of a row.
        for (let at = down * width + from; at <= down * width + to; at++) values[at] = colour;
      }
    }
  }
}
