/**
 * MATLAB files as data sets use them (MathWorks, MAT-File Format, Level 5): tables, that is, struct arrays of numbers
 * and texts (`meta.mat` of the ImageNet development kit), and arrays of numbers (SVHN).
 */
import { inflateSync } from 'node:zlib';
import { UnusableImage } from '../unusable-image.ts';
import { said } from '../../protocol/sentence.ts';

interface Element {
  readonly type: number;
  readonly bytes: Buffer;
}

/** Data types: table 1-1 of the format. */
const [uint8, uint16, utf16, matrix, compressed] = [2, 4, 17, 14, 15];
const numbers: Readonly<Record<number, { readonly size: number; read(bytes: Buffer): number }>> = {
  1: { size: 1, read: (bytes) => bytes.readInt8() },
  2: { size: 1, read: (bytes) => bytes.readUInt8() },
  3: { size: 2, read: (bytes) => bytes.readInt16LE() },
  [uint16]: { size: 2, read: (bytes) => bytes.readUInt16LE() },
  5: { size: 4, read: (bytes) => bytes.readInt32LE() },
  6: { size: 4, read: (bytes) => bytes.readUInt32LE() },
  7: { size: 4, read: (bytes) => bytes.readFloatLE() },
  9: { size: 8, read: (bytes) => bytes.readDoubleLE() },
};
/** Classes of arrays: table 1-3. */
const [structArray, text] = [2, 4];
const headerBytes = 128;
/** Maximum uncompressed size of a table, and elements in an array: each takes some two hundred bytes more. */
export const mostTableBytes = 64 << 20;
export const mostElements = 1_000_000;

/** Data elements in order: a tag of type and length, then the bytes, padded to a multiple of 8. */
function* elements(bytes: Buffer): Generator<Element> {
  let count = 0;
  for (let at = 0; at + 8 <= bytes.length;) {
    const first = bytes.readUInt32LE(at);
    // Up to four bytes are stored in the tag itself, their number in its upper half.
    const isSmall = first > 0xffff;
    const type = first & 0xffff;
    const length = isSmall ? first >>> 16 : bytes.readUInt32LE(at + 4);
    const start = at + (isSmall ? 4 : 8);
    if (++count > mostElements) throw new UnusableImage(said`a MATLAB file of more than ${mostElements} elements`);
    if (start + length > bytes.length || (isSmall && length > 4))
      throw new UnusableImage(said`a truncated MATLAB file: an element states ${length} bytes`);
    yield { type, bytes: bytes.subarray(start, start + length) };
    at = isSmall ? at + 8 : start + (type === compressed ? length : Math.ceil(length / 8) * 8);
  }
}

/** The parts of an array: flags, dimensions, name, and those specific to its class. */
function partsOf({ bytes }: Element) {
  const [flags, sizes, name, ...rest] = elements(bytes);
  const dimensions = Array.from({ length: Math.floor((sizes?.bytes.length ?? 0) / 4) }, (_, at) =>
    sizes!.bytes.readInt32LE(4 * at),
  );
  return { kind: flags?.bytes[0] ?? 0, dimensions, name: name?.bytes.toString('latin1') ?? '', rest };
}

function valueOf(field: Element): number | string | null {
  const { kind, rest } = partsOf(field);
  const [data] = rest;
  if (!data) return null;
  if (kind === text) return data.bytes.toString(data.type === uint16 || data.type === utf16 ? 'utf16le' : 'utf8');
  const number = numbers[data.type];
  return number?.size === data.bytes.length ? number.read(data.bytes) : null;
}

/** The rows of the struct array `name`. Values other than a single number or a text are null. */
export function readMatTable(bytes: Buffer, name: string): readonly Readonly<Record<string, number | string | null>>[] {
  for (const parts of arraysIn(bytes, mostTableBytes)) {
    if (parts.name !== name || parts.kind !== structArray) continue;
    const [lengthOfNames, names, ...values] = parts.rest;
    const length = lengthOfNames && lengthOfNames.bytes.length === 4 ? lengthOfNames.bytes.readInt32LE() : 0;
    if (!names || length < 1 || names.bytes.length < length)
      throw new UnusableImage(said`its table "${name}" has no fields`);
    const fields = Array.from({ length: Math.floor(names.bytes.length / length) }, (_, at) =>
      names.bytes.toString('latin1', at * length, (at + 1) * length).replace(/\0.*/s, ''),
    );
    return Array.from({ length: Math.floor(values.length / fields.length) }, (_, row) =>
      Object.fromEntries(fields.map((field, at) => [field, valueOf(values[row * fields.length + at]!)])),
    );
  }
  throw new UnusableImage(said`it has no table "${name}"`);
}

/** Numbers that are not bytes: labels, of which SVHN's largest file has half a million. */
export const mostNumbers = 10_000_000;

export interface NumericArray {
  /** In MATLAB's order: the first changes fastest. */
  readonly dimensions: readonly number[];
  readonly values: Uint8Array | readonly number[];
}

/** The arrays of numbers, by name. @param mostBytes maximum uncompressed size of each */
export function readMatArrays(bytes: Buffer, mostBytes: number): ReadonlyMap<string, NumericArray> {
  const found = new Map<string, NumericArray>();
  for (const { name, dimensions, rest } of arraysIn(bytes, mostBytes)) {
    const [data] = rest;
    const number = data && numbers[data.type];
    if (!number) continue;
    const count = data.bytes.length / number.size;
    if (data.type !== uint8 && count > mostNumbers)
      throw new UnusableImage(
        said`its array "${name}" has ${count} numbers; at most ${mostNumbers} are read that are not bytes`,
      );
    if (dimensions.some((size) => size < 0) || dimensions.reduce((product, size) => product * size, 1) !== count)
      throw new UnusableImage(
        said`its array "${name}" has ${count} values, which do not fill ${dimensions.join(' x ')}`,
      );
    const values =
      data.type === uint8
        ? data.bytes
        : Array.from({ length: count }, (_, at) => number.read(data.bytes.subarray(at * number.size)));
    found.set(name, { dimensions, values });
  }
  return found;
}

function* arraysIn(bytes: Buffer, mostBytes: number): Generator<ReturnType<typeof partsOf>> {
  if (!bytes.toString('latin1', 0, 6).startsWith('MATLAB') || bytes.toString('latin1', 126, 128) !== 'IM')
    throw new UnusableImage(said`not a little-endian MATLAB 5 file`);
  for (const element of elements(bytes.subarray(headerBytes))) {
    const array = element.type === compressed ? [...elements(inflated(element.bytes, mostBytes))][0] : element;
    if (array?.type === matrix) yield partsOf(array);
  }
}

function inflated(bytes: Buffer, mostBytes: number): Buffer {
  try {
    return inflateSync(bytes, { maxOutputLength: mostBytes });
  } catch (error) {
    throw new UnusableImage(said`a MATLAB file whose contents are damaged or too large`, error);
  }
}
