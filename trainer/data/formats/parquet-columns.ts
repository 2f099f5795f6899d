/** The footer of a Parquet file: its columns, and the locations of their parts. */
import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from 'node:zlib';
import { parquetMetadata, parquetSchema, type ColumnMetaData, type Compressors, type FileMetaData } from 'hyparquet';
import type { readColumn } from 'hyparquet/src/column.js';
import { DEFAULT_PARSERS } from 'hyparquet/src/convert.js';
import { getMaxDefinitionLevel, getMaxRepetitionLevel, getTreePath } from 'hyparquet/src/schema.js';
import { UnusableImage } from '../unusable-image.ts';
import { longestPart, type ParquetBytes } from './parquet-bytes.ts';
import { said } from '../../protocol/sentence.ts';

/** A footer lists the location of every page group: a few kilobytes per gigabyte. */
const longestFooter = 256 << 20;

/** Decoder settings for a column's pages. */
export type Leaf = Parameters<typeof readColumn>[2];

const bounded = { maxOutputLength: longestPart };
const compressors: Compressors = {
  GZIP: (bytes) => gunzipSync(bytes, bounded),
  BROTLI: (bytes) => brotliDecompressSync(bytes, bounded),
  ZSTD: (bytes) => zstdDecompressSync(bytes, bounded),
};

/** Reads the footer. @throws UnusableImage if the file has none */
export function readFooter(bytes: ParquetBytes): FileMetaData {
  const { size } = bytes;
  if (size < 12) throw new UnusableImage(said`a file of ${size} bytes cannot be a Parquet file`);
  const length = bytes.read(size - 8, 8).readUInt32LE(0);
  if (length > Math.min(longestFooter, size - 8)) throw new UnusableImage(said`it is stated to have ${length} bytes`);
  return parquetMetadata(bytes.read(size - 8 - length, length + 8), { geoparquet: false });
}

function decoderOf(metadata: FileMetaData, column: ColumnMetaData): Leaf {
  const { path_in_schema: pathInSchema, type, codec } = column;
  const schemaPath = getTreePath(parquetSchema(metadata), pathInSchema);
  const { element } = schemaPath.at(-1)!;
  return { pathInSchema, type, codec, schemaPath, element, parsers: DEFAULT_PARSERS, compressors, utf8: false };
}

/** Columns with one value per row, by path. */
export function leavesOf(metadata: FileMetaData): ReadonlyMap<string, Leaf> {
  const columns = metadata.row_groups[0]?.columns.flatMap(({ meta_data: own }) => own ?? []) ?? [];
  const decoders = columns.map((own) => decoderOf(metadata, own));
  const single = decoders.filter(({ schemaPath }) => getMaxRepetitionLevel(schemaPath) === 0);
  return new Map(single.map((decoder) => [decoder.pathInSchema.join('.'), decoder]));
}

/** The definition level of a value that is present. */
export const maximum = ({ schemaPath }: Leaf): number => getMaxDefinitionLevel(schemaPath);

/** A column's part in one group of rows. */
export interface Chunk {
  readonly decoder: Leaf;
  /** First byte, in the file. */
  readonly offset: number;
  /** Last byte, exclusive. */
  readonly end: number;
  readonly rows: number;
}

/** Finds a column's parts, group by group. @throws UnusableImage if a part is missing or outside the file */
export function chunksOf(metadata: FileMetaData, path: string, size: number): readonly Chunk[] {
  return metadata.row_groups.map(({ columns, num_rows: rows }) => {
    const found = columns.map(({ meta_data: own }) => own).find((own) => own?.path_in_schema.join('.') === path);
    if (!found) throw new UnusableImage(said`a row group has no column "${path}"`);
    const decoder = decoderOf(metadata, found);
    const { data_page_offset: first, dictionary_page_offset: dictionary } = found;
    const offset = Number(dictionary !== undefined && dictionary > 0n && dictionary < first ? dictionary : first);
    const bytes = Number(found.total_compressed_size);
    if (!(offset >= 0 && bytes >= 0 && offset + bytes <= size))
      throw new UnusableImage(
        said`column "${path}" is stated to be at bytes ${offset} to ${offset + bytes} of ${size}`,
      );
    return { decoder, offset, end: offset + bytes, rows: Number(rows) };
  });
}
