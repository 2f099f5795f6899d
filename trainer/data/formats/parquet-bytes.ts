/** Reads the bytes of a Parquet file in bounded parts, and words its errors. */
import { closeSync, readSync } from 'node:fs';
import { openPlainSync } from '../../durable/plain-file.ts';
import { UnusableImage } from '../unusable-image.ts';
import { said } from '../../protocol/sentence.ts';

/** Largest part read at once, packed or unpacked: a page. */
export const longestPart = 256 << 20;

/** Rows of a file: as many as an archive has members; larger data sets come in many files. */
export const mostRows = 5_000_000;

/**
 * How far a page of `packed` bytes and `values` values may unpack: as far as deflate, which packs tightest of what leaves pictures
 * whole (1032 to 1), and a page of equal numbers, which other programs pack tighter.
 */
export const mostUnpacked = (packed: number, values: number): number =>
  Math.min(longestPart, (64 << 10) + 1032 * packed + 16 * values);

export class ParquetBytes {
  /** Size of the file in bytes. */
  readonly size: number;
  readonly #file: number;

  constructor(path: string) {
    const { file, size } = openPlainSync(path);
    this.#file = file;
    this.size = size;
  }

  /** @throws UnusableImage if the part is too long or extends past the end of the file */
  read(offset: number, length: number): Buffer<ArrayBuffer> {
    if (length > longestPart)
      throw new UnusableImage(said`a part of ${length} bytes; at most ${longestPart} are read at once`);
    const bytes = Buffer.alloc(length);
    const got = readSync(this.#file, bytes, 0, length, offset);
    if (got < length) throw new UnusableImage(said`it ends inside the part stated at byte ${offset}: truncated`);
    return bytes;
  }

  close(): void {
    closeSync(this.#file);
  }
}
