/** Masks of objects from a picture whose pixels are their numbers. */
import type { Segmentation } from '../objects.ts';

export interface NumberPicture {
  readonly width: number;
  readonly height: number;
  /** One byte a pixel, row by row. */
  readonly pixels: Uint8Array;
}

/** Run lengths of a number, column by column; null if no pixel has it. */
export function maskOfNumber({ width, height, pixels }: NumberPicture, number: number): Segmentation | null {
  const counts: number[] = [];
  let [isInside, run] = [false, 0];
  for (let x = 0; x < width; x++) {
    for (let y = 0; y < height; y++) {
      if ((pixels[y * width + x] === number) !== isInside) {
        counts.push(run);
        isInside = !isInside;
        run = 0;
      }
      run++;
    }
  }
  counts.push(run);
  return counts.length === 1 ? null : { kind: 'run-lengths', height, width, counts };
}
