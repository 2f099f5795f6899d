/** Reads the bytes of a Parquet file in bounded parts, and words its errors. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import type { DataReader } from 'hyparquet';
import { UnusableImage } from '../unusable-image.ts';
import { said, type Sentence } from '../../protocol/sentence.ts';

/** Largest part read at once: a page, or a column of labels or names. */
export const longestPart = 256 << 20;

export class ParquetBytes {
  /** Size of the file in bytes. */
  readonly size: number;
  readonly #file: number;

  constructor(path: string) {
    this.#file = openSync(path, 'r');
    this.size = fstatSync(this.#file).size;
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

/** The bytes as hyparquet reads them. */
export const readerOf = (bytes: Uint8Array): DataReader => ({
  view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength),
  offset: 0,
});

/** Adds the location to an error: hyparquet's errors for damaged bytes do not include it. */
export function inWords(error: unknown, what: Sentence): UnusableImage {
  if (error instanceof UnusableImage) return error;
  return new UnusableImage(said`${what}: ${error instanceof Error ? error.message : String(error)}`, error);
}
