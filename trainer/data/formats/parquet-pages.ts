/** The pages of a Parquet column: a page is the smallest unit that can be read and unpacked alone. */
import type { PageHeader } from 'hyparquet';
import { parquetHeader, readPage } from 'hyparquet/src/column.js';
import { decompressPage, readDataPage, readDataPageV2 } from 'hyparquet/src/datapage.js';
import { UnusableImage } from '../unusable-image.ts';
import { inWords, longestPart, readerOf, type ParquetBytes } from './parquet-bytes.ts';
import { maximum, type Chunk, type Leaf } from './parquet-columns.ts';
import { said } from '../../protocol/sentence.ts';

/** Sizes to try for a page's header, which holds numbers and at most two short values. */
const headerGuesses = [1 << 10, 1 << 16, 1 << 20];

/** Location of a value: its page, and its row in the page. */
export interface ValuePlace {
  readonly offset: number;
  /** Size of the page with its header. */
  readonly pageBytes: number;
  readonly row: number;
  /** Average number of bytes per value in the page. */
  readonly share: number;
}

interface Page {
  readonly decoder: Leaf;
  readonly header: PageHeader;
  /** First byte of the header, in the file. */
  readonly offset: number;
  /** Size including the header. */
  readonly pageBytes: number;
  /** Header of a data page; undefined for a dictionary. */
  readonly data: PageHeader['data_page_header'] | PageHeader['data_page_header_v2'];
}

function headerAt(
  file: ParquetBytes,
  offset: number,
  end: number,
): { readonly header: PageHeader; readonly bytes: number } {
  for (const guess of headerGuesses) {
    const bytes = file.read(offset, Math.min(guess, end - offset));
    const reader = readerOf(bytes);
    try {
      return { header: parquetHeader(reader), bytes: reader.offset };
    } catch (error) {
      // It may be longer than guessed.
      if (bytes.length === end - offset || guess === headerGuesses.at(-1))
        throw inWords(error, said`the page at byte ${offset} has no header`);
    }
  }
  throw new Error('There is no guess.');
}

/** Walks the pages of a column, reading only their headers. */
function* pages(file: ParquetBytes, chunks: readonly Chunk[], path: string): Generator<Page> {
  for (const chunk of chunks) {
    let rows = 0;
    for (let at = chunk.offset; rows < chunk.rows;) {
      if (at >= chunk.end) throw new UnusableImage(said`column "${path}" ends after ${rows} of ${chunk.rows} rows`);
      const { header, bytes } = headerAt(file, at, chunk.end);
      const pageBytes = bytes + header.compressed_page_size;
      if (!(header.compressed_page_size >= 0 && at + pageBytes <= chunk.end))
        throw new UnusableImage(said`the page at byte ${at} is stated to have ${header.compressed_page_size} bytes`);
      const data = header.data_page_header ?? header.data_page_header_v2;
      rows += data?.num_values ?? 0;
      yield { decoder: chunk.decoder, header, offset: at, pageBytes, data };
      at += pageBytes;
    }
  }
}

/** Locations of a column's values, row by row. @throws UnusableImage if a page is damaged */
export function* placesOf(file: ParquetBytes, chunks: readonly Chunk[], path: string): Generator<ValuePlace> {
  let dictionary: Omit<ValuePlace, 'row'> | null = null;
  for (const { decoder, header, offset, pageBytes, data } of pages(file, chunks, path)) {
    if (header.dictionary_page_header)
      dictionary = { offset, pageBytes, share: Math.ceil(pageBytes / header.dictionary_page_header.num_values) };
    if (!data) continue;
    const here = { offset, pageBytes, share: Math.ceil(pageBytes / data.num_values) };
    if (!data.encoding.endsWith('DICTIONARY')) {
      for (let row = 0; row < data.num_values; row++) yield { ...here, row };
      continue;
    }
    if (dictionary === null)
      throw new UnusableImage(said`the page at byte ${offset} refers to a dictionary, but there is none`);
    const { levels, values } = unpacked(file.read(offset, pageBytes), decoder);
    let at = 0;
    // A row without a value still counts in its page; reading it reports that the value is missing.
    for (let row = 0; row < data.num_values; row++)
      yield levels && levels[row]! < maximum(decoder) ? { ...here, row } : { ...dictionary, row: Number(values[at++]) };
  }
}

/** The values present in a data page; `levels` marks the rows that have one, and is null if all do. */
function unpacked(
  page: Uint8Array,
  decoder: Leaf,
): { readonly levels: readonly number[] | null; readonly values: ArrayLike<unknown> } {
  const reader = readerOf(page);
  const header = parquetHeader(reader);
  if (header.uncompressed_page_size > longestPart)
    throw new UnusableImage(said`a page that decompresses to ${header.uncompressed_page_size} bytes`);
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

/** The value at a row of a page. @throws UnusableImage if it is missing or the page is damaged */
export function valueIn(page: Uint8Array, row: number, decoder: Leaf): Uint8Array {
  let found;
  try {
    found = unpacked(page, decoder);
  } catch (error) {
    throw inWords(error, said`its page cannot be decompressed`);
  }
  const { levels, values } = found;
  const there = maximum(decoder);
  const isThere = levels === null || levels[row] === there;
  const at = levels === null ? row : levels.slice(0, row).filter((level) => level === there).length;
  const value = isThere ? values[at] : null;
  if (!(value instanceof Uint8Array)) throw new UnusableImage(said`its row does not contain an image`);
  return value;
}
