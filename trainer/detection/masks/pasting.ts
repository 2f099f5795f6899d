/**
 * A detector's small mask put into its box in the picture, as detectron2's `paste_masks_in_image` does on a processor
 * (detectron2/layers/mask_ops.py): bilinear samples at the middles of the picture's pixels with `align_corners` off, zero
 * beyond the mask, all in float32, inside from the threshold on.
 */
import type { Box } from '../boxes.ts';
import type { RunLengths } from '../objects.ts';
import { emptyMask } from './run-lengths.ts';

const single = Math.fround;

/** Where in a mask of `side` cells the middles of the pixels from `begin` to `end` lie. */
function samplePlaces(begin: number, end: number, low: number, high: number, side: number): Float32Array {
  return Float32Array.from({ length: end - begin }, (_, at) => {
    const share = single(single(begin + at + 0.5 - low) / single(high - low));
    const place = single(single(share * 2) - 1);
    return single(single(single(single(place + 1) * side) - 1) / 2);
  });
}

/**
 * @param mask probabilities, row by row, `side` x `side`
 * @returns an empty mask for a box without area
 */
export function pasteMask(
  mask: Float32Array,
  side: number,
  box: Box,
  { height, width }: { readonly height: number; readonly width: number },
  threshold = 0.5,
): RunLengths {
  const [left, top, right, bottom] = [single(box[0]), single(box[1]), single(box[2]), single(box[3])];
  if (!(right > left && bottom > top)) return emptyMask(height, width);
  const firstColumn = Math.max(0, Math.floor(left) - 1);
  const firstRow = Math.max(0, Math.floor(top) - 1);
  const endColumn = Math.min(width, Math.ceil(right) + 1);
  const endRow = Math.min(height, Math.ceil(bottom) + 1);
  if (endColumn <= firstColumn || endRow <= firstRow) return emptyMask(height, width);
  const columns = samplePlaces(firstColumn, endColumn, left, right, side);
  const rows = samplePlaces(firstRow, endRow, top, bottom, side);
  const value = (row: number, column: number): number =>
    row >= 0 && row < side && column >= 0 && column < side ? mask[row * side + column]! : 0;

  const counts: number[] = [];
  let isInside = false;
  let begin = 0;
  const change = (at: number): void => {
    counts.push(at - begin);
    begin = at;
    isInside = !isInside;
  };
  for (let column = 0; column < columns.length; column++) {
    const west = Math.floor(columns[column]!);
    const toEast = single(columns[column]! - west);
    const toWest = single(1 - toEast);
    for (let row = 0; row < rows.length; row++) {
      const north = Math.floor(rows[row]!);
      const toSouth = single(rows[row]! - north);
      const toNorth = single(1 - toSouth);
      const upper = single(
        single(value(north, west) * single(toNorth * toWest)) +
          single(value(north, west + 1) * single(toNorth * toEast)),
      );
      const both = single(upper + single(value(north + 1, west) * single(toSouth * toWest)));
      const sampled = single(both + single(value(north + 1, west + 1) * single(toSouth * toEast)));
      if (sampled >= threshold !== isInside) change((firstColumn + column) * height + firstRow + row);
    }
    const goesOn = firstRow === 0 && endRow === height && column + 1 < columns.length;
    if (isInside && !goesOn) change((firstColumn + column) * height + endRow);
  }
  if (begin < height * width || counts.length === 0) counts.push(height * width - begin);
  return { height, width, counts };
}
