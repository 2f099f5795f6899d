/**
 * Locations of a split's images, in tables compact enough for millions: names concatenated in one buffer, numbers in
 * typed arrays, all in shared memory. A table is plain data, and decoding workers receive it without a copy.
 */
import { FaultError } from '../../durable/fault-error.ts';
import type { DataSource } from '../../protocol/run.ts';
import type { FoundImages, ImageTable } from '../found-images.ts';

export interface Place {
  readonly archive: string;
  readonly offset: number;
  readonly size: number;
  /**
   * Set if several images are packed into a page, which begins at `offset`; `size` is then an image's average part of
   * it.
   */
  readonly page?: { readonly bytes: number; readonly row: number };
}

/** A data set whose images have been located. */
export interface Located {
  readonly data: DataSource;
  /** Locations of its images; undefined if its reader does not list files. */
  readonly found: FoundImages | undefined;
}

/** The name inside its archive, or the path of the file. */
function ownName({ names, ends }: ImageTable, index: number): string {
  const start = index === 0 ? 0 : ends[index - 1]!;
  return Buffer.from(names.buffer, names.byteOffset + start, ends[index]! - start).toString('utf8');
}

export function placeOf({ archived }: ImageTable, index: number): Place | null {
  if (archived === null) return null;
  const { archives, archive, offset, size, pages } = archived;
  return {
    archive: archives[archive[index]!]!,
    offset: offset[index]!,
    size: size[index]!,
    ...(pages ? { page: { bytes: pages.bytes[index]!, row: pages.row[index]! } } : {}),
  };
}

/** The path of an image relative to the data set's folder; inside an archive, prefixed by the archive's path. */
export function nameOf(images: ImageTable, index: number): string {
  const place = placeOf(images, index);
  return place === null ? ownName(images, index) : `${place.archive}/${ownName(images, index)}`;
}

export interface TableBuilder {
  readonly count: () => number;
  /**
   * Images of one archive must be added consecutively. `place` is given for all images or none, and so is its `page`.
   */
  add(name: string, label: number, place?: Place | null): void;
  /** `numberOf`: maps an added label to its class number; null for a table without labels. */
  finish(numberOf: ((label: number) => number) | null): ImageTable;
}

function filled<T extends Int32Array | Uint32Array | Float64Array>(array: T, values: readonly number[]): T {
  array.set(values);
  return array;
}
const int32 = (values: readonly number[]) => filled(new Int32Array(new SharedArrayBuffer(values.length * 4)), values);
const uint32 = (values: readonly number[]) => filled(new Uint32Array(new SharedArrayBuffer(values.length * 4)), values);
const float64 = (values: readonly number[]) =>
  filled(new Float64Array(new SharedArrayBuffer(values.length * 8)), values);

/** Ends of names are 32-bit numbers. */
const longestNames = 0xffffffff;

export function startTable(): TableBuilder {
  let names = Buffer.alloc(1 << 12);
  let used = 0;
  const ends: number[] = [];
  const labels: number[] = [];
  const archives: string[] = [];
  const archive: number[] = [];
  const offset: number[] = [];
  const size: number[] = [];
  const pageBytes: number[] = [];
  const pageRow: number[] = [];

  return {
    count: () => ends.length,
    add(name, label, place = null) {
      const needed = used + Buffer.byteLength(name);
      if (needed > longestNames)
        throw new FaultError(
          'bad-argument',
          `The image names of a split take more than ${longestNames} bytes. Use a subset of it.`,
        );
      if (needed > names.length) names = Buffer.concat([names], Math.max(needed, names.length * 2));
      used += names.write(name, used);
      ends.push(used);
      labels.push(label);
      if (place === null) return;
      if (archives.at(-1) !== place.archive) archives.push(place.archive);
      archive.push(archives.length - 1);
      offset.push(place.offset);
      size.push(place.size);
      if (place.page === undefined) return;
      pageBytes.push(place.page.bytes);
      pageRow.push(place.page.row);
    },
    finish(numberOf) {
      const kept = new Uint8Array(new SharedArrayBuffer(used));
      kept.set(names.subarray(0, used));
      return {
        count: ends.length,
        names: kept,
        ends: uint32(ends),
        labels: numberOf && int32(labels.map(numberOf)),
        archived:
          archives.length === 0
            ? null
            : {
                archives,
                archive: uint32(archive),
                offset: float64(offset),
                size: float64(size),
                pages: pageRow.length === 0 ? null : { bytes: float64(pageBytes), row: uint32(pageRow) },
              },
      };
    },
  };
}

/** The images for which `keeps` is true, in the same order. */
export function selected(images: ImageTable, keeps: (index: number) => boolean): ImageTable {
  const builder = startTable();
  const { count, labels } = images;
  for (let index = 0; index < count; index++) {
    if (keeps(index)) builder.add(ownName(images, index), labels?.[index] ?? -1, placeOf(images, index));
  }
  return builder.finish(labels && ((label) => label));
}
