/** The images of a split, as `listing/image-table.ts` builds it: plain data over shared memory. */
export interface ImageTable {
  readonly count: number;
  /** UTF-8, end to end: paths from the data set's folder, or from the start of an archive, with `/`. */
  readonly names: Uint8Array<SharedArrayBuffer>;
  /** Where each name ends; it begins where the one before ends. */
  readonly ends: Uint32Array<SharedArrayBuffer>;
  /** Class numbers, or null in an unlabeled split. */
  readonly labels: Int32Array<SharedArrayBuffer> | null;
  /** Null where every image is a file of its own. */
  readonly archived: Archived | null;
}

/** A split as it was found, and all that opening it takes. */
export interface FoundImages {
  readonly classes: readonly string[];
  readonly images: ImageTable;
}

/** For each image the archive it lies in (a place in `archives`, which are paths), its first byte there and its bytes. */
export interface Archived {
  readonly archives: readonly string[];
  readonly archive: Uint32Array<SharedArrayBuffer>;
  readonly offset: Float64Array<SharedArrayBuffer>;
  readonly size: Float64Array<SharedArrayBuffer>;
  /** Where an image is a row of a page: the bytes of that page, and the row. */
  readonly pages: {
    readonly bytes: Float64Array<SharedArrayBuffer>;
    readonly row: Uint32Array<SharedArrayBuffer>;
  } | null;
}
