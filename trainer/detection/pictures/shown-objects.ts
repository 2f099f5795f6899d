/** The objects of a picture as a detector is shown it: scaled, mirrored, in the rows of a table. */
import type { Box } from '../boxes.ts';
import { maskOf } from '../masks/polygons.ts';
import { decodeMask } from '../masks/run-lengths.ts';
import type { AnnotatedImage, AnnotatedObject, RunLengths, Segmentation } from '../objects.ts';
import type { Size } from './fit.ts';

/** How a picture is shown: its size on the canvas, and whether it is mirrored. */
export interface Shown extends Size {
  readonly mirrored: boolean;
}

/** What a detector learns: crowds are no objects; boxes smaller than this after scaling are none either, in pixels. */
const leastSide = 1e-5;

export const isLearned = ({ crowd }: AnnotatedObject): boolean => !crowd;

export function shownBox([left, top, right, bottom]: Box, from: Size, to: Shown): Box {
  const [across, down] = [to.width / from.width, to.height / from.height];
  const within = (value: number, most: number): number => Math.min(Math.max(value, 0), most);
  const [a, b] = [within(left * across, to.width), within(right * across, to.width)];
  const [x, y] = to.mirrored ? [to.width - b, to.width - a] : [a, b];
  return [x, within(top * down, to.height), y, within(bottom * down, to.height)];
}

/** Objects in the rows of a batch's tables, one picture after another. */
export interface ObjectRows {
  /** Rows a picture. */
  readonly most: number;
  readonly boxes: Float32Array;
  readonly classes: Int32Array;
  readonly present: Float32Array;
  /** A bit a pixel of the canvas, the lowest first; null where masks are not wanted. */
  readonly masks: Int32Array | null;
}

export function objectRows(pictures: number, most: number, canvas: Size, withMasks: boolean): ObjectRows {
  const rows = pictures * most;
  return {
    most,
    boxes: new Float32Array(4 * rows),
    classes: new Int32Array(rows),
    present: new Float32Array(rows),
    masks: withMasks ? new Int32Array((rows * canvas.height * canvas.width) / 32) : null,
  };
}

/** Writes the objects of the picture in place `at` of a batch; returns how many there are. */
export function writeObjects(
  rows: ObjectRows,
  at: number,
  image: AnnotatedImage,
  from: Size,
  to: Shown,
  canvas: Size,
): number {
  let count = 0;
  for (const object of image.objects) {
    if (!isLearned(object)) continue;
    const box = shownBox(object.box, from, to);
    if (box[2] - box[0] <= leastSide || box[3] - box[1] <= leastSide) continue;
    if (count === rows.most) throw new RangeError(`${image.file} has more than ${rows.most} objects.`);
    const row = at * rows.most + count;
    rows.boxes.set(box, 4 * row);
    rows.classes[row] = object.class;
    rows.present[row] = 1;
    if (rows.masks) writeMask(rows.masks, row, object, box, from, to, canvas);
    count++;
  }
  return count;
}

/** Marks pixels of one object: those of a column from one row to another, as the picture is before it is mirrored. */
type Mark = (column: number, from: number, end: number) => void;

function writeMask(
  masks: Int32Array,
  row: number,
  { mask }: AnnotatedObject,
  box: Box,
  from: Size,
  to: Shown,
  canvas: Size,
): void {
  const words = canvas.width / 32;
  const first = row * canvas.height * words;
  const mark: Mark = (shown, begin, end) => {
    const column = to.mirrored ? to.width - 1 - shown : shown;
    const bit = 1 << (column & 31);
    const last = first + end * words;
    for (let at = first + begin * words + (column >> 5); at < last; at += words) masks[at]! |= bit;
  };
  if (mask === null) markBox(box, to, mark);
  else if (mask.kind === 'polygons') markPolygons(mask, from, to, mark);
  else markRunLengths(mask, to, mark);
}

/** Without a mask of its own an object fills its box. @param box as it is shown */
function markBox([left, top, right, bottom]: Box, { mirrored, width }: Shown, mark: Mark): void {
  const [begin, end] = mirrored ? [width - right, width - left] : [left, right];
  for (let column = Math.round(begin); column < Math.round(end); column++)
    mark(column, Math.round(top), Math.round(bottom));
}

/** Polygons are scaled and drawn. */
function markPolygons({ rings }: Extract<Segmentation, { kind: 'polygons' }>, from: Size, to: Size, mark: Mark): void {
  const { width, height } = to;
  const [across, down] = [width / from.width, height / from.height];
  const scaled = rings.map((ring) => ring.map((value, at) => value * (at % 2 === 0 ? across : down)));
  let begin = 0;
  for (const [run, count] of maskOf({ kind: 'polygons', rings: scaled }, height, width).counts.entries()) {
    const end = begin + count;
    // A run goes on at the top of the next column.
    for (let at = begin; run % 2 === 1 && at < end;) {
      const column = Math.floor(at / height);
      const next = Math.min(end, (column + 1) * height);
      mark(column, at - column * height, next - column * height);
      at = next;
    }
    begin = end;
  }
}

/** Run lengths are as large as they are: each pixel that is shown takes the nearest. */
function markRunLengths(mask: RunLengths, to: Size, mark: Mark): void {
  const { width, height } = mask;
  const pixels = decodeMask(mask);
  for (let x = 0; x < to.width; x++) {
    const column = Math.floor(((x + 0.5) * width) / to.width);
    for (let y = 0; y < to.height; y++) {
      const line = Math.floor(((y + 0.5) * height) / to.height);
      if (pixels[column * height + line] === 1) mark(x, y, y + 1);
    }
  }
}
