/**
 * All annotated objects of a split, compact enough for COCO's 860,000 with their polygons: typed arrays over shared memory.
 * A table is plain data, and decoding workers receive it without a copy.
 */
import type { AnnotatedImage, AnnotatedObject } from './objects.ts';
import { maskAt, type MaskBlocks } from './packed-masks.ts';

export interface ObjectTable {
  /** End of each image's objects, in the order of the images; they begin at the end of the previous image's. */
  readonly ends: Uint32Array<SharedArrayBuffer>;
  /** As the annotations state them; 0 where they do not. */
  readonly widths: Uint32Array<SharedArrayBuffer>;
  readonly heights: Uint32Array<SharedArrayBuffer>;
  /** Ids of the images, UTF-8, concatenated, and the end of each. */
  readonly ids: Uint8Array<SharedArrayBuffer>;
  readonly idEnds: Uint32Array<SharedArrayBuffer>;
  /** Of each object: its class, its box in four numbers, its area, whether it is a crowd or difficult, the place of its mask. */
  readonly classes: Int32Array<SharedArrayBuffer>;
  readonly boxes: Float64Array<SharedArrayBuffer>;
  readonly areas: Float64Array<SharedArrayBuffer>;
  readonly flags: Uint8Array<SharedArrayBuffer>;
  readonly masks: Float64Array<SharedArrayBuffer>;
  readonly blocks: MaskBlocks;
  /** For each class the id that the file knows it by, for result files. */
  readonly categoryIds: readonly string[];
}

/** Objects in any order, as they are read. */
export interface ObjectColumns {
  /** Number of the image, or -1 for an object that is left out. */
  readonly image: number[];
  readonly class: number[];
  readonly boxes: number[];
  readonly areas: number[];
  readonly flags: number[];
  readonly masks: number[];
}

export interface StatedImage {
  readonly id: string;
  readonly width: number;
  readonly height: number;
}

export const crowdFlag = 1;
export const difficultFlag = 2;

export const startColumns = (): ObjectColumns => ({
  image: [],
  class: [],
  boxes: [],
  areas: [],
  flags: [],
  masks: [],
});

const int32 = (length: number) => new Int32Array(new SharedArrayBuffer(length * 4));
const uint32 = (length: number) => new Uint32Array(new SharedArrayBuffer(length * 4));
const float64 = (length: number) => new Float64Array(new SharedArrayBuffer(length * 8));

/** Objects of an image stay in the order in which they were read. */
export function objectTable(
  { image, class: label, boxes, areas, flags, masks }: ObjectColumns,
  images: readonly StatedImage[],
  blocks: MaskBlocks,
  categoryIds: readonly string[],
): ObjectTable {
  const ends = uint32(images.length);
  let kept = 0;
  for (const row of image) {
    if (row < 0) continue;
    ends[row]! += 1;
    kept++;
  }
  let sum = 0;
  /** Where the next object of each image goes. */
  const next = ends.map((count) => {
    const start = sum;
    sum += count;
    return start;
  });
  const ids = Buffer.from(images.map(({ id }) => id).join(''));
  const table: ObjectTable = {
    ends,
    widths: uint32(images.length),
    heights: uint32(images.length),
    ids: new Uint8Array(new SharedArrayBuffer(ids.length)),
    idEnds: uint32(images.length),
    classes: int32(kept),
    boxes: float64(kept * 4),
    areas: float64(kept),
    flags: new Uint8Array(new SharedArrayBuffer(kept)),
    masks: float64(kept),
    blocks,
    categoryIds,
  };
  image.forEach((row, from) => {
    if (row < 0) return;
    const to = next[row]!++;
    table.classes[to] = label[from]!;
    for (let side = 0; side < 4; side++) table.boxes[to * 4 + side] = boxes[from * 4 + side]!;
    table.areas[to] = areas[from]!;
    table.flags[to] = flags[from]!;
    table.masks[to] = masks[from]!;
  });
  table.ids.set(ids);
  let idEnd = 0;
  images.forEach(({ id, width, height }, row) => {
    ends[row] = next[row]!;
    idEnd += Buffer.byteLength(id);
    table.idEnds[row] = idEnd;
    table.widths[row] = width;
    table.heights[row] = height;
  });
  return table;
}

function objectAt({ classes, boxes, areas, flags, masks, blocks }: ObjectTable, at: number): AnnotatedObject {
  const side = (which: number) => boxes[at * 4 + which]!;
  return {
    class: classes[at]!,
    box: [side(0), side(1), side(2), side(3)],
    area: areas[at]!,
    crowd: (flags[at]! & crowdFlag) !== 0,
    difficult: (flags[at]! & difficultFlag) !== 0,
    mask: maskAt(blocks, masks[at]!),
  };
}

/** Numbers of the first object of an image and of the first of the next image. */
export const objectRange = ({ ends }: ObjectTable, row: number): readonly [from: number, to: number] => [
  row === 0 ? 0 : ends[row - 1]!,
  ends[row]!,
];

/** @param file path of the image */
export function annotatedImage(table: ObjectTable, row: number, file: string): AnnotatedImage {
  const { ids, idEnds, widths, heights } = table;
  const [from, to] = objectRange(table, row);
  const idStart = row === 0 ? 0 : idEnds[row - 1]!;
  return {
    file,
    id: Buffer.from(ids.buffer, ids.byteOffset + idStart, idEnds[row]! - idStart).toString('utf8'),
    width: widths[row]!,
    height: heights[row]!,
    objects: Array.from({ length: to - from }, (_, object) => objectAt(table, from + object)),
  };
}
