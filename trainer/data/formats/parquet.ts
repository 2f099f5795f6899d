/**
 * Parquet files whose columns hold encoded images, read page by page: a page is what can be read and unpacked by itself, some ten
 * pictures, where a row group has a hundred. https://parquet.apache.org/docs/file-format/
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from 'node:zlib';
import {
  parquetMetadata,
  parquetSchema,
  type ColumnMetaData,
  type Compressors,
  type DataReader,
  type FileMetaData,
  type PageHeader,
} from 'hyparquet';
import { parquetHeader, readColumn, readPage } from 'hyparquet/src/column.js';
import { DEFAULT_PARSERS } from 'hyparquet/src/convert.js';
import { decompressPage, readDataPage, readDataPageV2 } from 'hyparquet/src/datapage.js';
import { getMaxDefinitionLevel, getMaxRepetitionLevel, getTreePath } from 'hyparquet/src/schema.js';
import { UnusableImage } from '../unusable-image.ts';

/** A footer says of every page group where it lies: some kilobytes a gigabyte. */
const longestFooter = 256 << 20;
/** A page, or a column of labels or names, is read whole. */
const longestPart = 256 << 20;
/** A page's header has numbers, and at most two short values. */
const headerGuesses = [1 << 10, 1 << 16, 1 << 20];

/** What a column's pages are unpacked with. */
export type Leaf = Parameters<typeof readColumn>[2];

/** Where a value lies: the page, and its place there. */
export interface ValuePlace {
  readonly offset: number;
  /** Of the page, with its header. */
  readonly pageBytes: number;
  readonly row: number;
  /** What of the page's bytes one of its values has on average. */
  readonly share: number;
}

export interface ParquetFile {
  readonly rows: number;
  /** Columns that hold one value a row, by their path (`image.bytes`), with their physical type. */
  readonly leaves: ReadonlyMap<string, Leaf>;
  /** What its writer noted beside the schema. */
  readonly notes: ReadonlyMap<string, string>;
  /** All values of a column, row by row; null where there is none. */
  values(path: string): unknown[];
  /** Where the values of a column lie, row by row. */
  places(path: string): Generator<ValuePlace>;
  close(): void;
}

const imageColumns = ['image.bytes', 'img.bytes', 'jpg.bytes', 'png.bytes', 'image', 'img', 'jpg', 'png'];

/** The column that holds the pictures, by the names in use. */
export function imageColumnOf(leaves: ReadonlyMap<string, Leaf>): string | null {
  return imageColumns.find((path) => leaves.get(path)?.type === 'BYTE_ARRAY') ?? null;
}

/** How a file's pictures are unpacked. */
export function imageLeafOf(path: string): Leaf {
  const file = openParquet(path);
  file.close();
  const column = imageColumnOf(file.leaves);
  if (column === null) throw new UnusableImage(`its archive no longer has an image column`);
  return file.leaves.get(column)!;
}

const bounded = { maxOutputLength: longestPart };
const compressors: Compressors = {
  GZIP: (bytes) => gunzipSync(bytes, bounded),
  BROTLI: (bytes) => brotliDecompressSync(bytes, bounded),
  ZSTD: (bytes) => zstdDecompressSync(bytes, bounded),
};

/** What the reader below throws at damaged bytes says little of where. */
function inWords(error: unknown, what: string): UnusableImage {
  if (error instanceof UnusableImage) return error;
  return new UnusableImage(`${what}: ${error instanceof Error ? error.message : String(error)}`, error);
}

/** @throws UnusableImage where the file is no Parquet file */
export function openParquet(path: string): ParquetFile {
  const file = openSync(path, 'r');
  const { size } = fstatSync(file);

  function read(offset: number, length: number): Buffer<ArrayBuffer> {
    if (length > longestPart)
      throw new UnusableImage(`a part of ${length} bytes; at most ${longestPart} are read at once`);
    const bytes = Buffer.alloc(length);
    const got = readSync(file, bytes, 0, length, offset);
    if (got < length) throw new UnusableImage(`it ends inside the part stated at byte ${offset}: truncated`);
    return bytes;
  }

  let metadata: FileMetaData;
  let leaves: ParquetFile['leaves'];
  try {
    metadata = readFooter(size, read);
    leaves = leavesOf(metadata);
  } catch (error) {
    closeSync(file);
    throw inWords(error, 'its footer cannot be read');
  }
  const groups = metadata.row_groups.map(({ columns, num_rows: rows }) => ({ columns, rows: Number(rows) }));

  function chunksOf(path: string) {
    return groups.map(({ columns, rows }) => {
      const found = columns.map(({ meta_data: own }) => own).find((own) => own?.path_in_schema.join('.') === path);
      if (!found) throw new UnusableImage(`a row group has no column "${path}"`);
      const own = decoderOf(metadata, found);
      const { data_page_offset: first, dictionary_page_offset: dictionary } = found;
      const offset = Number(dictionary !== undefined && dictionary > 0n && dictionary < first ? dictionary : first);
      const bytes = Number(found.total_compressed_size);
      if (!(offset >= 0 && bytes >= 0 && offset + bytes <= size))
        throw new UnusableImage(`column "${path}" is stated to be at bytes ${offset} to ${offset + bytes} of ${size}`);
      return { decoder: own, offset, end: offset + bytes, rows };
    });
  }

  function headerAt(offset: number, end: number): { readonly header: PageHeader; readonly bytes: number } {
    for (const guess of headerGuesses) {
      const bytes = read(offset, Math.min(guess, end - offset));
      const reader = readerOf(bytes);
      try {
        return { header: parquetHeader(reader), bytes: reader.offset };
      } catch (error) {
        // It may be longer than was guessed.
        if (bytes.length === end - offset || guess === headerGuesses.at(-1))
          throw inWords(error, `the page at byte ${offset} has no header`);
      }
    }
    throw new Error('There is no guess.');
  }

  function* pages(path: string) {
    for (const chunk of chunksOf(path)) {
      let rows = 0;
      for (let at = chunk.offset; rows < chunk.rows;) {
        if (at >= chunk.end) throw new UnusableImage(`column "${path}" ends after ${rows} of ${chunk.rows} rows`);
        const { header, bytes } = headerAt(at, chunk.end);
        const pageBytes = bytes + header.compressed_page_size;
        if (!(header.compressed_page_size >= 0 && at + pageBytes <= chunk.end))
          throw new UnusableImage(`the page at byte ${at} is stated to have ${header.compressed_page_size} bytes`);
        const data = header.data_page_header ?? header.data_page_header_v2;
        rows += data?.num_values ?? 0;
        yield { decoder: chunk.decoder, header, offset: at, pageBytes, data };
        at += pageBytes;
      }
    }
  }

  function* placesOf(path: string): Generator<ValuePlace> {
    let dictionary: Omit<ValuePlace, 'row'> | null = null;
    for (const { decoder, header, offset, pageBytes, data } of pages(path)) {
      if (header.dictionary_page_header)
        dictionary = { offset, pageBytes, share: Math.ceil(pageBytes / header.dictionary_page_header.num_values) };
      if (!data) continue;
      const here = { offset, pageBytes, share: Math.ceil(pageBytes / data.num_values) };
      if (!data.encoding.endsWith('DICTIONARY')) {
        for (let row = 0; row < data.num_values; row++) yield { ...here, row };
        continue;
      }
      if (dictionary === null)
        throw new UnusableImage(`the page at byte ${offset} refers to a dictionary, but there is none`);
      const { levels, values } = unpacked(read(offset, pageBytes), decoder);
      let at = 0;
      // A row without a value keeps its place in the page itself, which says so when it is read.
      for (let row = 0; row < data.num_values; row++)
        yield levels && levels[row]! < maximum(decoder)
          ? { ...here, row }
          : { ...dictionary, row: Number(values[at++]) };
    }
  }

  return {
    rows: groups.reduce((sum, { rows }) => sum + rows, 0),
    leaves,
    notes: new Map((metadata.key_value_metadata ?? []).map(({ key, value = '' }) => [key, value])),
    values(path) {
      try {
        return chunksOf(path).flatMap(({ decoder, offset, end, rows }) => {
          const select = { groupStart: 0, selectStart: 0, selectEnd: rows, groupRows: rows };
          const { data } = readColumn(readerOf(read(offset, end - offset)), select, decoder);
          const values = data.flatMap((part) => Array.from<unknown>(part));
          if (values.length !== rows) throw new UnusableImage(`it has ${values.length} values for ${rows} rows`);
          // A value below a group comes as a list of one.
          return values.map((value): unknown => (Array.isArray(value) ? value[0] : value) ?? null);
        });
      } catch (error) {
        throw inWords(error, `column "${path}"`);
      }
    },
    *places(path) {
      try {
        yield* placesOf(path);
      } catch (error) {
        throw inWords(error, `column "${path}"`);
      }
    },
    close: () => closeSync(file),
  };
}

function readFooter(size: number, read: (offset: number, length: number) => Buffer): FileMetaData {
  if (size < 12) throw new UnusableImage(`a file of ${size} bytes cannot be a Parquet file`);
  const length = read(size - 8, 8).readUInt32LE(0);
  if (length > Math.min(longestFooter, size - 8)) throw new UnusableImage(`it is stated to have ${length} bytes`);
  return parquetMetadata(read(size - 8 - length, length + 8), { geoparquet: false });
}

const readerOf = (bytes: Uint8Array): DataReader => ({
  view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength),
  offset: 0,
});

function decoderOf(metadata: FileMetaData, column: ColumnMetaData): Leaf {
  const { path_in_schema: pathInSchema, type, codec } = column;
  const schemaPath = getTreePath(parquetSchema(metadata), pathInSchema);
  const { element } = schemaPath.at(-1)!;
  return { pathInSchema, type, codec, schemaPath, element, parsers: DEFAULT_PARSERS, compressors, utf8: false };
}

function leavesOf(metadata: FileMetaData): ReadonlyMap<string, Leaf> {
  const columns = metadata.row_groups[0]?.columns.flatMap(({ meta_data: own }) => own ?? []) ?? [];
  const decoders = columns.map((own) => decoderOf(metadata, own));
  const single = decoders.filter(({ schemaPath }) => getMaxRepetitionLevel(schemaPath) === 0);
  return new Map(single.map((decoder) => [decoder.pathInSchema.join('.'), decoder]));
}

const maximum = ({ schemaPath }: Leaf): number => getMaxDefinitionLevel(schemaPath);

/** The values of a data page, those that are there; `levels` says of each row whether it is, and is null where all are. */
function unpacked(
  page: Uint8Array,
  decoder: Leaf,
): { readonly levels: readonly number[] | null; readonly values: ArrayLike<unknown> } {
  const reader = readerOf(page);
  const header = parquetHeader(reader);
  if (header.uncompressed_page_size > longestPart)
    throw new UnusableImage(`a page that decompresses to ${header.uncompressed_page_size} bytes`);
  const body = page.subarray(reader.offset, reader.offset + header.compressed_page_size);
  if (header.dictionary_page_header)
    return { levels: null, values: readPage(reader, header, decoder, undefined, undefined, 0).data ?? [] };
  const { definitionLevels, dataPage } = header.data_page_header
    ? readDataPage(
        decompressPage(body, header.uncompressed_page_size, decoder.codec, decoder.compressors),
        header.data_page_header,
        decoder,
      )
    : readDataPageV2(body, header, decoder);
  return { levels: definitionLevels?.length ? definitionLevels : null, values: dataPage };
}

/** The value at a row of a page. @throws UnusableImage where there is none, or the page is damaged */
export function valueIn(page: Uint8Array, row: number, decoder: Leaf): Uint8Array {
  let found;
  try {
    found = unpacked(page, decoder);
  } catch (error) {
    throw inWords(error, 'its page cannot be decompressed');
  }
  const { levels, values } = found;
  const there = maximum(decoder);
  const isThere = levels === null || levels[row] === there;
  const at = levels === null ? row : levels.slice(0, row).filter((level) => level === there).length;
  const value = isThere ? values[at] : null;
  if (!(value instanceof Uint8Array)) throw new UnusableImage('its row does not contain an image');
  return value;
}
