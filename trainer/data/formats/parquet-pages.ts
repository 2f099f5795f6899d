/** The pages of a Parquet column: a page is the smallest unit that can be read and unpacked alone. */
import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from 'node:zlib';
import { UnusableImage } from '../unusable-image.ts';
import { mostRows, mostUnpacked, type ParquetBytes } from './parquet-bytes.ts';
import type { Chunk, Codec, Leaf } from './parquet-columns.ts';
import {
  Cursor,
  damagedPage,
  readDeltaLengths,
  readDeltas,
  readDeltaTexts,
  readPlain,
  readRuns,
  type PageValues,
} from './parquet-values.ts';
import { unpackSnappy } from './snappy.ts';
import { numberIn, structIn, ThriftReader, type ThriftStruct } from './thrift.ts';
import { said } from '../../protocol/sentence.ts';

/** Sizes to try for a page's header, which holds numbers and at most two short values. */
const headerGuesses = [1 << 10, 1 << 16, 1 << 20];
const mostHeaderValues = 100;

/** Numbers of encodings (parquet.thrift). */
const encoding = { plain: 0, plainDictionary: 2, deltas: 5, deltaLengths: 6, deltaTexts: 7, dictionary: 8 };
const isDictionary = (number: number) => number === encoding.plainDictionary || number === encoding.dictionary;

/** Location of a value: its page, and its row in the page. */
export interface ValuePlace {
  readonly offset: number;
  /** Size of the page with its header. */
  readonly pageBytes: number;
  readonly row: number;
  /** Average number of bytes per value in the page. */
  readonly share: number;
}

interface PageHeader {
  readonly kind: 'dictionary' | 'data' | 'data-2' | 'other';
  /** Bytes of the header itself. */
  readonly bytes: number;
  readonly packed: number;
  readonly unpacked: number;
  readonly count: number;
  readonly encoding: number;
  /** Of the second kind of page: missing values, bytes of the levels before the values, whether the values are packed. */
  readonly missing: number;
  readonly repetitionBytes: number;
  readonly levelBytes: number;
  readonly isPacked: boolean;
}

const kinds: Readonly<Record<number, readonly [PageHeader['kind'], field: number]>> = {
  0: ['data', 5],
  2: ['dictionary', 7],
  3: ['data-2', 8],
};

function headerIn(fields: ThriftStruct, bytes: number): PageHeader {
  const [kind, own] = kinds[numberIn(fields, 1) ?? -1] ?? (['other', 0] as const);
  const described = structIn(fields, own);
  const isSecond = kind === 'data-2';
  const natural = (from: ThriftStruct | undefined, field: number): number => {
    const value = numberIn(from, field) ?? 0;
    if (!Number.isSafeInteger(value) || value < 0) throw damagedPage();
    return value;
  };
  return {
    kind: described === undefined ? 'other' : kind,
    bytes,
    packed: natural(fields, 3),
    unpacked: natural(fields, 2),
    count: natural(described, 1),
    encoding: natural(described, isSecond ? 4 : 2),
    missing: isSecond ? natural(described, 2) : 0,
    levelBytes: isSecond ? natural(described, 5) : 0,
    repetitionBytes: isSecond ? natural(described, 6) : 0,
    isPacked: !isSecond || described?.get(7) !== false,
  };
}

function headerOf(bytes: Uint8Array): PageHeader {
  const reader = new ThriftReader(bytes, mostHeaderValues);
  return headerIn(reader.struct(), reader.at);
}

function headerAt(file: ParquetBytes, offset: number, end: number): PageHeader {
  for (const guess of headerGuesses) {
    const bytes = file.read(offset, Math.min(guess, end - offset));
    try {
      return headerOf(bytes);
    } catch (error) {
      // It may be longer than guessed.
      const isLast = bytes.length === end - offset || guess === headerGuesses.at(-1);
      if (isLast) throw new UnusableImage(said`the page at byte ${offset} has no header`, error);
    }
  }
  throw new Error('There is no guess.');
}

interface Page {
  readonly leaf: Leaf;
  readonly header: PageHeader;
  /** First byte of the header, in the file. */
  readonly offset: number;
  /** Size including the header. */
  readonly pageBytes: number;
}

/** Walks the pages of a column, reading only their headers. */
function* pages(file: ParquetBytes, chunks: readonly Chunk[], path: string): Generator<Page> {
  for (const chunk of chunks) {
    let rows = 0;
    for (let at = chunk.offset; rows < chunk.rows;) {
      if (at >= chunk.end) throw new UnusableImage(said`column "${path}" ends after ${rows} of ${chunk.rows} rows`);
      const header = headerAt(file, at, chunk.end);
      const pageBytes = header.bytes + header.packed;
      if (at + pageBytes > chunk.end)
        throw new UnusableImage(said`the page at byte ${at} is stated to have ${header.packed} bytes`);
      const isData = header.kind === 'data' || header.kind === 'data-2';
      if (isData && header.count > chunk.rows - rows)
        throw new UnusableImage(
          said`the page at byte ${at} is stated to have ${header.count} values, where ${chunk.rows - rows} rows are left`,
        );
      if (isData) rows += header.count;
      yield { leaf: chunk.leaf, header, offset: at, pageBytes };
      at += pageBytes;
    }
  }
}

/** Locations of a column's values, row by row. @throws UnusableImage if a page is damaged */
export function* placesOf(file: ParquetBytes, chunks: readonly Chunk[], path: string): Generator<ValuePlace> {
  let dictionary: (Omit<ValuePlace, 'row'> & { readonly count: number }) | null = null;
  for (const { leaf, header, offset, pageBytes } of pages(file, chunks, path)) {
    const { kind, count } = header;
    const here = { offset, pageBytes, share: Math.ceil(pageBytes / count) };
    if (kind === 'dictionary') dictionary = { ...here, count };
    if (kind === 'dictionary' || kind === 'other') continue;
    if (!isDictionary(header.encoding)) {
      for (let row = 0; row < count; row++) yield { ...here, row };
      continue;
    }
    if (dictionary === null)
      throw new UnusableImage(said`the page at byte ${offset} refers to a dictionary, but there is none`);
    const { placeOf, values } = unpacked(file.read(offset, pageBytes), leaf);
    const { count: known, ...place } = dictionary;
    // A row without a value still counts in its page; reading it reports that the value is missing.
    for (let row = 0; row < count; row++) {
      const entry = values[placeOf(row)] as number | undefined;
      if (entry === undefined) {
        yield { ...here, row };
        continue;
      }
      if (entry >= known) throw new UnusableImage(said`value ${entry} of a dictionary of ${known}`);
      yield { ...place, row: entry };
    }
  }
}

/** All values of a column's parts, row by row; null for missing ones. */
export function valuesOf(file: ParquetBytes, chunks: readonly Chunk[], path: string): (number | Uint8Array | null)[] {
  const all: (number | Uint8Array | null)[] = [];
  let dictionary: PageValues = [];
  for (const { leaf, header, offset, pageBytes } of pages(file, chunks, path)) {
    if (header.kind === 'other') continue;
    const { placeOf, values } = unpacked(file.read(offset, pageBytes), leaf);
    if (header.kind === 'dictionary') {
      dictionary = values;
      continue;
    }
    const refers = isDictionary(header.encoding);
    for (let row = 0; row < header.count; row++) {
      const value = values[placeOf(row)] ?? null;
      const entry = refers && value !== null ? dictionary[value as number] : value;
      if (entry === undefined)
        throw new UnusableImage(said`value ${value as number} of a dictionary of ${dictionary.length}`);
      all.push(entry);
    }
  }
  return all;
}

const unpackers: Readonly<Record<Codec, (bytes: Uint8Array, size: number) => Uint8Array>> = {
  none: (bytes) => bytes,
  snappy: unpackSnappy,
  gzip: (bytes, size) => gunzipSync(bytes, { maxOutputLength: Math.max(1, size) }),
  brotli: (bytes, size) => brotliDecompressSync(bytes, { maxOutputLength: Math.max(1, size) }),
  zstd: (bytes, size) => zstdDecompressSync(bytes, { maxOutputLength: Math.max(1, size) }),
};

function unpackedBytes(packed: Uint8Array, size: number, codec: Codec | null): Uint8Array {
  if (codec === null) throw new UnusableImage(said`its page is packed in a way that is not read`);
  let bytes: Uint8Array;
  try {
    bytes = unpackers[codec](packed, size);
  } catch (error) {
    if (error instanceof UnusableImage) throw error;
    const why = error instanceof Error ? error.message : String(error);
    throw new UnusableImage(said`its page cannot be decompressed: ${why}`, error);
  }
  if (bytes.length !== size)
    throw new UnusableImage(said`a page of ${bytes.length} bytes, which is stated to have ${size}`);
  return bytes;
}

interface Unpacked {
  /** Where the value of a row is among them; -1 for a row without one. */
  readonly placeOf: (row: number) => number;
  /** The values that are there; of a page that refers to a dictionary, their places in it. */
  readonly values: PageValues;
}

/** Places of the values that are there, by row; -1 for the others. */
function placesIn(levels: Uint32Array, present: number): Int32Array {
  let at = 0;
  return Int32Array.from(levels, (level) => (level === present ? at++ : -1));
}

/** Levels of the rows, which say whether there is a value; null if all rows have one. */
function levelsOf(header: PageHeader, leaf: Leaf, from: Cursor, levels: Uint8Array): Uint32Array | null {
  if (leaf.level === 0 || header.kind === 'dictionary') return null;
  const width = 32 - Math.clz32(leaf.level);
  if (header.kind === 'data-2') return readRuns(new Cursor(levels), width, header.count);
  const length = from.view.getUint32(from.take(4), true);
  const start = from.take(length);
  return readRuns(new Cursor(from.bytes.subarray(start, start + length)), width, header.count);
}

function valuesIn(header: PageHeader, leaf: Leaf, from: Cursor, count: number): PageValues {
  const type = leaf.type!;
  const bits = type === 'INT32' ? 32 : 64;
  const texts = type === 'BYTE_ARRAY';
  if (header.kind === 'dictionary' || header.encoding === encoding.plain) return readPlain(from, type, count);
  // A page of missing values alone may not even state the width.
  if (isDictionary(header.encoding)) return count === 0 ? [] : [...readRuns(from, from.byte(), count)];
  if (header.encoding === encoding.deltas && !texts) return readDeltas(from, bits, count);
  if (header.encoding === encoding.deltaLengths && texts) return readDeltaLengths(from, count);
  if (header.encoding === encoding.deltaTexts && texts)
    return readDeltaTexts(from, count, mostUnpacked(header.packed, count));
  throw new UnusableImage(said`a page in encoding ${header.encoding}, which is not read`);
}

/** The values of a page with its header. @throws UnusableImage if it is damaged, or unpacks to more than it can stand for */
export function unpacked(page: Uint8Array, leaf: Leaf): Unpacked {
  const header = headerOf(page);
  const { count, missing, repetitionBytes, levelBytes, isPacked } = header;
  const most = mostUnpacked(header.packed, count);
  if (count > mostRows || header.unpacked > most)
    throw new UnusableImage(
      said`a page of ${header.packed} bytes that decompresses to ${header.unpacked}; at most ${most} are read`,
    );
  const body = page.subarray(header.bytes, header.bytes + header.packed);
  const before = repetitionBytes + levelBytes;
  if (body.length < header.packed || before > Math.min(body.length, header.unpacked)) throw damagedPage();
  const stored = body.subarray(before);
  const size = header.unpacked - before;
  const from = new Cursor(isPacked && size > 0 ? unpackedBytes(stored, size, leaf.codec) : stored);
  const levels = levelsOf(header, leaf, from, body.subarray(repetitionBytes, before));
  const places = levels && placesIn(levels, leaf.level);
  const absent = places?.reduce((sum, place) => sum + Number(place < 0), 0) ?? 0;
  if (header.kind === 'data-2' && absent !== missing) throw damagedPage();
  const placeOf = (row: number) => (places === null ? row : places[row]!);
  return { placeOf, values: valuesIn(header, leaf, from, count - absent) };
}

/** The value at a row of a page. @throws UnusableImage if it is missing or the page is damaged */
export function valueIn({ placeOf, values }: Unpacked, row: number): Uint8Array {
  const value = values[placeOf(row)];
  if (!(value instanceof Uint8Array)) throw new UnusableImage(said`its row does not contain an image`);
  return value;
}
