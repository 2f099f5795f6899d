/** The objects of a picture as a detector is shown it: scaled, mirrored, in the rows of a table. */
import type { Box } from '../boxes.ts';
import { maskOf } from '../masks/polygons.ts';
import { decodeMask } from '../masks/run-lengths.ts';
import type { AnnotatedImage, AnnotatedObject, Segmentation } from '../objects.ts';
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

/** Without a mask of its own an object fills its box. */
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
  const set = (x: number, y: number): void => {
    const column = to.mirrored ? to.width - 1 - x : x;
    masks[(row * canvas.height + y) * words + (column >> 5)]! |= 1 << (column & 31);
  };
  if (mask === null) {
    const [left, right] = to.mirrored ? [to.width - box[2], to.width - box[0]] : [box[0], box[2]];
    for (let y = Math.round(box[1]); y < Math.round(box[3]); y++)
      for (let x = Math.round(left); x < Math.round(right); x++) set(x, y);
    return;
  }
  const scaled = shownMask(mask, from, to);
  const isNearest = mask.kind === 'run-lengths';
  for (let x = 0; x < to.width; x++) {
    const column = isNearest ? Math.floor(((x + 0.5) * scaled.width) / to.width) : x;
    for (let y = 0; y < to.height; y++) {
      const line = isNearest ? Math.floor(((y + 0.5) * scaled.height) / to.height) : y;
      if (scaled.pixels[column * scaled.height + line] === 1) set(x, y);
    }
  }
}

/** Polygons are scaled and drawn; run lengths stay as large as they are. Column by column. */
function shownMask(mask: Segmentation, from: Size, to: Size): Size & { readonly pixels: Uint8Array } {
  if (mask.kind === 'run-lengths') {
    const { width, height } = mask;
    return { width, height, pixels: decodeMask(mask) };
  }
  const [across, down] = [to.width / from.width, to.height / from.height];
  const rings = mask.rings.map((ring) => ring.map((value, at) => value * (at % 2 === 0 ? across : down)));
  const { width, height } = to;
  return { width, height, pixels: decodeMask(maskOf({ kind: 'polygons', rings }, height, width)) };
}
