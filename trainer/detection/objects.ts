/** Objects in pictures: what people annotated, and what a detector found. */
import type { Box } from './boxes.ts';

/** A mask of a picture: lengths of runs that are outside and inside in turn, column by column, the first one outside. */
export interface RunLengths {
  readonly height: number;
  readonly width: number;
  readonly counts: readonly number[];
}

export type Segmentation =
  /** Rings as flat x, y, … in pixels. */
  | { readonly kind: 'polygons'; readonly rings: readonly (readonly number[])[] }
  | ({ readonly kind: 'run-lengths' } & RunLengths);

export interface AnnotatedObject {
  /** Index into the classes of the data set. */
  readonly class: number;
  readonly box: Box;
  /** In pixels. COCO: given by the file, of the mask; VOC: of the box. */
  readonly area: number;
  /** COCO's iscrowd. */
  readonly crowd: boolean;
  /** VOC's difficult. */
  readonly difficult: boolean;
  /** Rings of polygons as flat x, y, …; or run lengths; null where there is none. */
  readonly mask: Segmentation | null;
}

export interface AnnotatedImage {
  /** Path from the data set's folder. */
  readonly file: string;
  /** COCO's image id as text, VOC's id. */
  readonly id: string;
  readonly width: number;
  readonly height: number;
  readonly objects: readonly AnnotatedObject[];
}
