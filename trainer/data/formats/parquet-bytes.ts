/** The bytes of a Parquet file, read in bounded parts, and its faults in words. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import type { DataReader } from 'hyparquet';
import { UnusableImage } from '../unusable-image.ts';

/** A page, or a column of labels or names, is read whole. */
export const longestPart = 256 << 20;

export class ParquetBytes {
  /** Of the file, in bytes. */
  readonly size: number;
  readonly #file: number;

  constructor(path: string) {
    this.#file = openSync(path, 'r');
    this.size = fstatSync(this.#file).size;
  }

  /** @throws UnusableImage where the part is too long, or the file ends inside it */
  read(offset: number, length: number): Buffer<ArrayBuffer> {
    if (length > longestPart)
      throw new UnusableImage(`a part of ${length} bytes; at most ${longestPart} are read at once`);
    const bytes = Buffer.alloc(length);
    const got = readSync(this.#file, bytes, 0, length, offset);
    if (got < length) throw new UnusableImage(`it ends inside the part stated at byte ${offset}: truncated`);
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

/** Adds to an error the place it is about: what hyparquet throws at damaged bytes says little of where. */
export function inWords(error: unknown, what: string): UnusableImage {
  if (error instanceof UnusableImage) return error;
  return new UnusableImage(`${what}: ${error instanceof Error ? error.message : String(error)}`, error);
}
