/**
 * Parquet files whose columns hold encoded images, read page by page: a page, the smallest unit that can be read alone,
 * has about ten pictures, a row group about a hundred. https://parquet.apache.org/docs/file-format/
 */
import type { FileMetaData } from 'hyparquet';
import { readColumn } from 'hyparquet/src/column.js';
import { UnusableImage } from '../unusable-image.ts';
import { inWords, ParquetBytes, readerOf } from './parquet-bytes.ts';
import { chunksOf, leavesOf, readFooter, type Chunk, type Leaf } from './parquet-columns.ts';
import { placesOf, type ValuePlace } from './parquet-pages.ts';
import { said } from '../../protocol/sentence.ts';

export interface ParquetFile {
  readonly rows: number;
  /** Columns with one value per row, by path (`image.bytes`), with their physical type. */
  readonly leaves: ReadonlyMap<string, Leaf>;
  /** Key-value metadata stored with the schema. */
  readonly notes: ReadonlyMap<string, string>;
  /** All values of a column, row by row; null for missing ones. */
  values(path: string): unknown[];
  /** Locations of a column's values, row by row. */
  places(path: string): Generator<ValuePlace>;
  close(): void;
}

const imageColumns = ['image.bytes', 'img.bytes', 'jpg.bytes', 'png.bytes', 'image', 'img', 'jpg', 'png'];

/** The column with the pictures, found by its usual names. */
export function imageColumnOf(leaves: ReadonlyMap<string, Leaf>): string | null {
  return imageColumns.find((path) => leaves.get(path)?.type === 'BYTE_ARRAY') ?? null;
}

/** Decoder settings for a file's pictures. */
export function imageLeafOf(path: string): Leaf {
  const file = openParquet(path);
  file.close();
  const column = imageColumnOf(file.leaves);
  if (column === null) throw new UnusableImage(said`its archive no longer has an image column`);
  return file.leaves.get(column)!;
}

/** All values of a column's parts, row by row; null for missing ones. */
function valuesOf(file: ParquetBytes, chunks: readonly Chunk[]): unknown[] {
  return chunks.flatMap(({ decoder, offset, end, rows }) => {
    const select = { groupStart: 0, selectStart: 0, selectEnd: rows, groupRows: rows };
    const { data } = readColumn(readerOf(file.read(offset, end - offset)), select, decoder);
    const values = data.flatMap((part) => Array.from<unknown>(part));
    if (values.length !== rows) throw new UnusableImage(said`it has ${values.length} values for ${rows} rows`);
    // A value below a group comes as a list of one.
    return values.map((value): unknown => (Array.isArray(value) ? value[0] : value) ?? null);
  });
}

/** @throws UnusableImage if the file is not a Parquet file */
export function openParquet(path: string): ParquetFile {
  const file = new ParquetBytes(path);
  let metadata: FileMetaData;
  let leaves: ParquetFile['leaves'];
  try {
    metadata = readFooter(file);
    leaves = leavesOf(metadata);
  } catch (error) {
    file.close();
    throw inWords(error, said`its footer cannot be read`);
  }
  return {
    rows: metadata.row_groups.reduce((sum, { num_rows: rows }) => sum + Number(rows), 0),
    leaves,
    notes: new Map((metadata.key_value_metadata ?? []).map(({ key, value = '' }) => [key, value])),
    values(column) {
      try {
        return valuesOf(file, chunksOf(metadata, column, file.size));
      } catch (error) {
        throw inWords(error, said`column "${column}"`);
      }
    },
    *places(column) {
      try {
        yield* placesOf(file, chunksOf(metadata, column, file.size), column);
      } catch (error) {
        throw inWords(error, said`column "${column}"`);
      }
    },
    close: () => file.close(),
  };
}
