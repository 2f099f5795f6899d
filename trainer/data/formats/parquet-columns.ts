/** The footer of a Parquet file: its columns, and the locations of their parts. */
import { UnusableImage } from '../unusable-image.ts';
import { mostRows, type ParquetBytes } from './parquet-bytes.ts';
import type { PhysicalType } from './parquet-values.ts';
import { numberIn, structIn, structsIn, textIn, textsIn, ThriftReader, type ThriftStruct } from './thrift.ts';
import { said } from '../../protocol/sentence.ts';

/** A footer lists the location of every page group: a few kilobytes per gigabyte. */
export const longestFooter = 16 << 20;
/** Values in it: some thirty for each column of each row group. */
export const mostFooterValues = 500_000;
const mostColumns = 4096;
const deepestColumn = 32;
const longestName = 1000;

/** Numbers of the format's enumerations (parquet.thrift). */
const types: Readonly<Record<number, PhysicalType>> = { 1: 'INT32', 2: 'INT64', 6: 'BYTE_ARRAY' };
const codecs: Readonly<Record<number, Codec>> = { 0: 'none', 1: 'snappy', 2: 'gzip', 4: 'brotli', 6: 'zstd' };
const [required, repeated] = [0, 2];
const utf8 = 0;

export type Codec = 'none' | 'snappy' | 'gzip' | 'brotli' | 'zstd';

/** A column with one value per row. */
export interface Leaf {
  readonly path: string;
  /** Null for a type that is not read. */
  readonly type: PhysicalType | null;
  /** Null for packing that is not read. */
  readonly codec: Codec | null;
  /** The definition level of a value that is present; 0 if every row has one. */
  readonly level: number;
  /** Whether its bytes are text. */
  readonly isText: boolean;
}

interface RowGroup {
  readonly rows: number;
  /** Descriptions of the columns' parts, by path. */
  readonly columns: ReadonlyMap<string, ThriftStruct>;
}

export interface Footer {
  readonly rows: number;
  readonly groups: readonly RowGroup[];
  readonly leaves: ReadonlyMap<string, Leaf>;
  /** Key-value metadata stored with the schema. */
  readonly notes: ReadonlyMap<string, string>;
}

type Column = Omit<Leaf, 'codec'>;

/** Columns with one value per row: the schema is a tree, written from the root on, each node with the number of its children. */
function columnsOf(schema: readonly ThriftStruct[]): ReadonlyMap<string, Column> {
  if (schema.length > mostColumns)
    throw new UnusableImage(said`it has ${schema.length} columns; at most ${mostColumns} are read`);
  const columns = new Map<string, Column>();
  const open = [{ path: '', level: 0, isRepeated: false, left: numberIn(schema[0], 5) ?? 0 }];
  for (const element of schema.slice(1)) {
    while (open.length > 0 && open.at(-1)!.left <= 0) open.pop();
    const above = open.at(-1);
    if (above === undefined) break;
    above.left--;
    const name = textIn(element, 4) ?? '';
    const path = above.path === '' ? name : `${above.path}.${name}`;
    if (path.length > longestName || open.length > deepestColumn)
      throw new UnusableImage(
        said`a column whose name has more than ${longestName} characters or ${deepestColumn} parts`,
      );
    const repetition = numberIn(element, 3) ?? required;
    const level = above.level + Number(repetition !== required);
    const isRepeated = above.isRepeated || repetition === repeated;
    const children = numberIn(element, 5) ?? 0;
    if (children > 0) open.push({ path, level, isRepeated, left: children });
    else if (!isRepeated) {
      const isText = numberIn(element, 6) === utf8 || structIn(structIn(element, 10), 1) !== undefined;
      columns.set(path, { path, level, isText, type: types[numberIn(element, 1) ?? -1] ?? null });
    }
  }
  return columns;
}

function groupOf(group: ThriftStruct): RowGroup {
  const rows = numberIn(group, 3) ?? -1;
  if (!Number.isSafeInteger(rows) || rows < 0) throw new UnusableImage(said`a row group of ${rows} rows`);
  const parts = structsIn(group, 1).flatMap((column) => structIn(column, 3) ?? []);
  return { rows, columns: new Map(parts.map((part) => [textsIn(part, 3).join('.'), part])) };
}

/** Reads the footer. @throws UnusableImage if the file has none, or states more than it can hold */
export function readFooter(bytes: ParquetBytes): Footer {
  const { size } = bytes;
  if (size < 12) throw new UnusableImage(said`a file of ${size} bytes cannot be a Parquet file`);
  const end = bytes.read(size - 8, 8);
  if (end.toString('latin1', 4) !== 'PAR1') throw new UnusableImage(said`it does not end like a Parquet file`);
  const length = end.readUInt32LE(0);
  if (length > Math.min(longestFooter, size - 8)) throw new UnusableImage(said`it is stated to have ${length} bytes`);
  const footer = new ThriftReader(bytes.read(size - 8 - length, length), mostFooterValues).struct();
  const columns = columnsOf(structsIn(footer, 2));
  const groups = structsIn(footer, 4).map(groupOf);
  const rows = groups.reduce((sum, group) => sum + group.rows, 0);
  // A picture takes some sixty bytes at least.
  if (rows > Math.min(size, mostRows))
    throw new UnusableImage(said`a file of ${size} bytes is stated to have ${rows} rows; at most ${mostRows} are read`);
  const leaves = [...columns].flatMap(([path, column]): [string, Leaf][] => {
    const part = groups[0]?.columns.get(path);
    return part ? [[path, { ...column, codec: codecs[numberIn(part, 4) ?? -1] ?? null }]] : [];
  });
  const notes = structsIn(footer, 5).map((note) => [textIn(note, 1) ?? '', textIn(note, 2) ?? ''] as const);
  return { rows, groups, leaves: new Map(leaves), notes: new Map(notes) };
}

/** A column's part in one group of rows. */
export interface Chunk {
  readonly leaf: Leaf;
  /** First byte, in the file. */
  readonly offset: number;
  /** Last byte, exclusive. */
  readonly end: number;
  readonly rows: number;
}

/** Finds a column's parts, group by group. @throws UnusableImage if a part is missing, outside the file, or another's too */
export function chunksOf({ groups, leaves }: Footer, path: string, size: number): readonly Chunk[] {
  const column = leaves.get(path);
  const chunks = groups.map(({ columns, rows }): Chunk => {
    const part = columns.get(path);
    if (!part || !column) throw new UnusableImage(said`a row group has no column "${path}"`);
    const leaf = { ...column, codec: codecs[numberIn(part, 4) ?? -1] ?? null };
    if (types[numberIn(part, 1) ?? -1] !== leaf.type || leaf.type === null || leaf.codec === null)
      throw new UnusableImage(said`column "${path}" is of a type or packed in a way that is not read`);
    const [first = -1, dictionary = 0, bytes = -1] = [9, 11, 7].map((field) => numberIn(part, field));
    const offset = dictionary > 0 && dictionary < first ? dictionary : first;
    if (!(offset >= 0 && bytes >= 0 && offset + bytes <= size))
      throw new UnusableImage(
        said`column "${path}" is stated to be at bytes ${offset} to ${offset + bytes} of ${size}`,
      );
    return { leaf, offset, end: offset + bytes, rows };
  });
  const total = chunks.reduce((sum, { offset, end }) => sum + end - offset, 0);
  if (total > size) throw new UnusableImage(said`column "${path}" is stated to have ${total} bytes of ${size}`);
  return chunks;
}
