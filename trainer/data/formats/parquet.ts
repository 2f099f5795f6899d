/**
 * Parquet files whose columns hold encoded images, read page by page: a page, the smallest unit that can be read alone,
 * has about ten pictures, a row group about a hundred. https://parquet.apache.org/docs/file-format/
 *
 * What a file states is believed as far as its own bytes can hold it: bounds of memory in `parquet-bytes.ts` and
 * `parquet-columns.ts`.
 */
import { UnusableImage } from '../unusable-image.ts';
import { ParquetBytes } from './parquet-bytes.ts';
import { chunksOf, readFooter, type Footer, type Leaf } from './parquet-columns.ts';
import { placesOf, valuesOf, type ValuePlace } from './parquet-pages.ts';
import { said, type Sentence } from '../../protocol/sentence.ts';

export interface ParquetFile {
  readonly rows: number;
  /** Columns with one value per row, by path (`image.bytes`), with their physical type. */
  readonly leaves: ReadonlyMap<string, Leaf>;
  /** Key-value metadata stored with the schema. */
  readonly notes: ReadonlyMap<string, string>;
  /** All values of a column, row by row; null for missing ones. */
  values(path: string): readonly (number | string | Uint8Array | null)[];
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

const textDecoder = new TextDecoder();

/** Longest text that is read: a path. */
const longestText = 4096;

/** Texts of bytes, null for one that is too long. Rows that share a text in the file share it in memory. */
function textsOf(values: readonly (number | Uint8Array | null)[]): readonly (number | string | null)[] {
  const known = new Map<Uint8Array, string | null>();
  return values.map((value) => {
    if (!(value instanceof Uint8Array)) return value;
    const text = known.get(value) ?? (value.length > longestText ? null : textDecoder.decode(value));
    known.set(value, text);
    return text;
  });
}

/** Adds to a reason what it is about. */
function about(what: Sentence, error: unknown): unknown {
  return error instanceof UnusableImage ? new UnusableImage(said`${what}: ${error.reason}`, error) : error;
}

/** @throws UnusableImage if the file is not a Parquet file */
export function openParquet(path: string): ParquetFile {
  const file = new ParquetBytes(path);
  let footer: Footer;
  try {
    footer = readFooter(file);
  } catch (error) {
    file.close();
    throw about(said`its footer cannot be read`, error);
  }
  const { rows, leaves, notes } = footer;
  const chunks = (column: string) => chunksOf(footer, column, file.size);
  return {
    rows,
    leaves,
    notes,
    values(column) {
      try {
        const values = valuesOf(file, chunks(column), column);
        return leaves.get(column)?.isText === true ? textsOf(values) : values;
      } catch (error) {
        throw about(said`column "${column}"`, error);
      }
    },
    *places(column) {
      try {
        yield* placesOf(file, chunks(column), column);
      } catch (error) {
        throw about(said`column "${column}"`, error);
      }
    },
    close: () => file.close(),
  };
}
