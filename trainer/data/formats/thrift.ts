/**
 * Structs of Thrift's compact protocol, in which Parquet writes its headers (Apache Thrift, thrift-compact-protocol.md). What a
 * struct may take in memory is bounded before it is read: a list states its length in a few bytes.
 */
import { UnusableImage } from '../unusable-image.ts';
import { said } from '../../protocol/sentence.ts';

export type ThriftStruct = ReadonlyMap<number, Thrift>;
export type Thrift = boolean | number | Uint8Array | readonly Thrift[] | ThriftStruct;

/** Types of fields and of elements. */
const type = { stop: 0, true: 1, false: 2, byte: 3, i16: 4, i32: 5, i64: 6, double: 7, binary: 8, list: 9, struct: 12 };
/** A number of 64 bits has at most this many bytes. */
const longestNumber = 10;
/** Parquet's footer nests its structs six deep. */
const deepest = 16;

const damaged = () => new UnusableImage(said`a damaged header`);

/** Reads structs one after the other from the front of the bytes. */
export class ThriftReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;
  #left: number;
  #depth = 0;

  /** @param mostValues numbers, texts, lists and structs in all */
  constructor(bytes: Uint8Array, mostValues: number) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#left = mostValues;
  }

  /** Offset of the next byte. */
  get at(): number {
    return this.#at;
  }

  /** @throws UnusableImage if it is damaged, goes on beyond the bytes or has too many values */
  struct(): ThriftStruct {
    if (++this.#depth > deepest) throw damaged();
    const fields = new Map<number, Thrift>();
    for (let id = 0; ;) {
      const head = this.#byte();
      const kind = head & 15;
      if (kind === type.stop) break;
      id = head >> 4 === 0 ? this.#signed() : id + (head >> 4);
      fields.set(id, kind === type.true || kind === type.false ? kind === type.true : this.#value(kind));
    }
    this.#depth--;
    return fields;
  }

  #value(kind: number): Thrift {
    if (--this.#left < 0) throw new UnusableImage(said`a header of too many values`);
    if (kind === type.byte) return (this.#byte() << 24) >> 24;
    if (kind === type.i16 || kind === type.i32 || kind === type.i64) return this.#signed();
    if (kind === type.double) return this.#view.getFloat64(this.#taken(8), true);
    if (kind === type.binary) {
      const length = this.#unsigned();
      const start = this.#taken(length);
      return this.#bytes.subarray(start, start + length);
    }
    if (kind === type.struct) return this.struct();
    if (kind === type.list) return this.#list();
    throw damaged();
  }

  #list(): readonly Thrift[] {
    if (++this.#depth > deepest) throw damaged();
    const head = this.#byte();
    const kind = head & 15;
    const length = head >> 4 === 15 ? this.#unsigned() : head >> 4;
    // Every element takes a byte at least.
    if (length > this.#bytes.length - this.#at) throw damaged();
    const values: Thrift[] = [];
    const isBoolean = kind === type.true || kind === type.false;
    for (let each = 0; each < length; each++)
      values.push(isBoolean ? this.#value(type.byte) === type.true : this.#value(kind));
    this.#depth--;
    return values;
  }

  #taken(length: number): number {
    if (length > this.#bytes.length - this.#at) throw damaged();
    const start = this.#at;
    this.#at += length;
    return start;
  }

  #byte(): number {
    return this.#bytes[this.#taken(1)]!;
  }

  /** Seven bits a byte, the lowest first. Beyond 2^53 only the magnitude is right. */
  #unsigned(): number {
    let value = 0;
    for (let at = 0; at < longestNumber; at++) {
      const byte = this.#byte();
      value += (byte & 0x7f) * 128 ** at;
      if (byte < 0x80) return value;
    }
    throw damaged();
  }

  /** The sign is the lowest bit. */
  #signed(): number {
    const value = this.#unsigned();
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }
}

const textDecoder = new TextDecoder();

/** The fields of a struct by their kind; a field that is absent or of another kind is undefined, a list of another kind empty. */
export const numberIn = (fields: ThriftStruct | undefined, id: number): number | undefined => {
  const value = fields?.get(id);
  return typeof value === 'number' ? value : undefined;
};
export const structIn = (fields: ThriftStruct | undefined, id: number): ThriftStruct | undefined => {
  const value = fields?.get(id);
  return value instanceof Map ? value : undefined;
};
export const textIn = (fields: ThriftStruct | undefined, id: number): string | undefined => {
  const value = fields?.get(id);
  return value instanceof Uint8Array ? textDecoder.decode(value) : undefined;
};
const listIn = (fields: ThriftStruct | undefined, id: number): readonly Thrift[] => {
  const value = fields?.get(id);
  return Array.isArray(value) ? (value as readonly Thrift[]) : [];
};
export const structsIn = (fields: ThriftStruct | undefined, id: number): readonly ThriftStruct[] =>
  listIn(fields, id).filter((value): value is ThriftStruct => value instanceof Map);
export const textsIn = (fields: ThriftStruct | undefined, id: number): readonly string[] =>
  listIn(fields, id).flatMap((value) => (value instanceof Uint8Array ? [textDecoder.decode(value)] : []));
