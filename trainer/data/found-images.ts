import type { ObjectTable } from '../detection/object-table.ts';

/** The images of a split, as `listing/image-table.ts` builds it: plain data over shared memory. */
export interface ImageTable {
  readonly count: number;
  /** UTF-8, concatenated: paths relative to the data set's folder, or inside an archive, with `/`. */
  readonly names: Uint8Array<SharedArrayBuffer>;
  /** End of each name; it begins at the end of the previous one. */
  readonly ends: Uint32Array<SharedArrayBuffer>;
  /** Class numbers, or null in an unlabeled split. */
  readonly labels: Int32Array<SharedArrayBuffer> | null;
  /** Null if every image is a separate file. */
  readonly archived: Archived | null;
}

/** A split as found, with everything needed to open it. */
export interface FoundImages {
  readonly classes: readonly string[];
  readonly images: ImageTable;
  /** What is annotated in them, where one file says it of all. */
  readonly objects?: FoundObjects;
  /** Records of files that had to be unpacked, once for all threads. */
  readonly unpacked?: readonly UnpackedFile[];
}

/** Row of each image in the table; null where they are the same. */
export interface FoundObjects {
  readonly table: ObjectTable;
  readonly rows: Uint32Array<SharedArrayBuffer> | null;
}

export interface UnpackedFile {
  readonly name: string;
  readonly recordBytes: number;
  readonly records: Uint8Array<SharedArrayBuffer>;
}

/** For each image: its archive (an index into the paths in `archives`), its offset there and its size. */
export interface Archived {
  readonly archives: readonly string[];
  readonly archive: Uint32Array<SharedArrayBuffer>;
  readonly offset: Float64Array<SharedArrayBuffer>;
  readonly size: Float64Array<SharedArrayBuffer>;
  /** For images that are rows of a page: the size of the page, and the row. */
  readonly pages: {
    readonly bytes: Float64Array<SharedArrayBuffer>;
    readonly row: Uint32Array<SharedArrayBuffer>;
  } | null;
}
