/**
 * The values of a Parquet page by their encodings (apache/parquet-format, Encodings.md). Nothing is made before the bytes for it
 * are known to be there; runs, which repeat a value any number of times, end where the page's own count of values does.
 */
import { UnusableImage } from '../unusable-image.ts';
import { said } from '../../protocol/sentence.ts';

/** Bytes with a place in them. */
export class Cursor {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  at: number;

  constructor(bytes: Uint8Array, at = 0) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.at = at;
  }

  get left(): number {
    return this.bytes.length - this.at;
  }

  /** Offset of the next `length` bytes, which are consumed. */
  take(length: number): number {
    if (!(length >= 0 && length <= this.left)) throw damagedPage();
    const start = this.at;
    this.at += length;
    return start;
  }

  byte(): number {
    return this.bytes[this.take(1)]!;
  }

  /** Seven bits a byte, the lowest first. */
  varint(): bigint {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.byte();
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    throw damagedPage();
  }

  zigzag(): bigint {
    const value = this.varint();
    return (value >> 1n) ^ -(value & 1n);
  }
}

export const damagedPage = () => new UnusableImage(said`a damaged page`);

/** Whole numbers of `width` bits, the low bits first, from a place in bits on. */
function packedNumber(bytes: Uint8Array, bit: number, width: number): bigint {
  let value = 0n;
  for (let done = 0; done < width;) {
    const shift = (bit + done) & 7;
    const taken = Math.min(8 - shift, width - done);
    const part = (bytes[(bit + done) >>> 3]! >>> shift) & ((1 << taken) - 1);
    value |= BigInt(part) << BigInt(done);
    done += taken;
  }
  return value;
}

/** Numbers of at most 32 bits; faster than one by one. */
function unpackBits(bytes: Uint8Array, start: number, width: number, into: Uint32Array): void {
  const scale = 2 ** width;
  let [held, bits, at] = [0, 0, start];
  for (let each = 0; each < into.length; each++) {
    for (; bits < width; bits += 8) held += bytes[at++]! * 2 ** bits;
    into[each] = held % scale;
    held = Math.floor(held / scale);
    bits -= width;
  }
}

const widest = 32;

/** Levels and places in a dictionary: runs of one value, and groups of eight values in `width` bits each; 0 bits stand for zeros. */
export function readRuns(from: Cursor, width: number, count: number): Uint32Array {
  if (width > widest) throw damagedPage();
  const values = new Uint32Array(count);
  if (width === 0) return values;
  for (let filled = 0; filled < count;) {
    const head = Number(from.varint());
    const length = Math.floor(head / 2);
    if (head % 2 === 0) {
      if (length > count - filled)
        throw new UnusableImage(said`a page of ${count} values with a run of ${length} in it`);
      const start = from.take(Math.ceil(width / 8));
      let value = 0;
      for (let place = from.at - 1; place >= start; place--) value = value * 256 + from.bytes[place]!;
      values.fill(value, filled, filled + length);
      filled += length;
      continue;
    }
    // The last group may be padded.
    const used = Math.min(8 * length, count - filled);
    if (8 * length >= used + 8)
      throw new UnusableImage(said`a page of ${count} values with a run of ${8 * length} in it`);
    const start = from.take(Math.max(Math.min(length * width, from.left), Math.ceil((used * width) / 8)));
    unpackBits(from.bytes, start, width, values.subarray(filled, filled + used));
    filled += used;
  }
  return values;
}

/** Physical types that are read. */
export type PhysicalType = 'INT32' | 'INT64' | 'BYTE_ARRAY';
export type PageValues = readonly number[] | readonly Uint8Array[];

const numberBytes = { INT32: 4, INT64: 8 } as const;

export function readPlain(from: Cursor, type: PhysicalType, count: number): PageValues {
  if (type === 'BYTE_ARRAY') {
    if (count > from.left / 4) throw new UnusableImage(said`${from.left} bytes cannot hold ${count} values`);
    const texts: Uint8Array[] = [];
    for (let each = 0; each < count; each++) {
      const length = from.view.getUint32(from.take(4), true);
      const start = from.take(length);
      texts.push(from.bytes.subarray(start, start + length));
    }
    return texts;
  }
  const size = numberBytes[type];
  if (count > from.left / size) throw new UnusableImage(said`${from.left} bytes cannot hold ${count} values`);
  const start = from.take(count * size);
  return Array.from({ length: count }, (_, each) =>
    size === 4 ? from.view.getInt32(start + 4 * each, true) : Number(from.view.getBigInt64(start + 8 * each, true)),
  );
}

const mostMiniblocks = 512;
const longestBlock = 1 << 16;

/** Differences of whole numbers, packed in blocks of miniblocks, each with a width of its own. */
export function readDeltas(from: Cursor, bits: 32 | 64, count: number): readonly number[] {
  const [block, miniblocks, stated] = [from.varint(), from.varint(), from.varint()].map(Number);
  let value = BigInt.asIntN(bits, from.zigzag());
  const length = block! / miniblocks!;
  const isSound = miniblocks! >= 1 && miniblocks! <= mostMiniblocks && block! <= longestBlock;
  if (!isSound || !(length > 0) || length % 8 !== 0 || stated !== count) throw damagedPage();
  const values = count > 0 ? [Number(value)] : [];
  while (values.length < count) {
    const least = from.zigzag();
    const widths = from.take(miniblocks!);
    for (let each = 0; each < miniblocks! && values.length < count; each++) {
      const width = from.bytes[widths + each]!;
      if (width > 64) throw damagedPage();
      const start = from.take((length * width) / 8);
      const used = Math.min(length, count - values.length);
      for (let place = 0; place < used; place++) {
        value = BigInt.asIntN(bits, value + least + packedNumber(from.bytes, 8 * start + place * width, width));
        values.push(Number(value));
      }
    }
  }
  return values;
}

/** Texts whose lengths come first. */
export function readDeltaLengths(from: Cursor, count: number): readonly Uint8Array[] {
  return readDeltas(from, 32, count).map((length) => {
    const start = from.take(length);
    return from.bytes.subarray(start, start + length);
  });
}

/** Texts that share their beginning with the one before. @param mostBytes of all texts together */
export function readDeltaTexts(from: Cursor, count: number, mostBytes: number): readonly Uint8Array[] {
  const shared = readDeltas(from, 32, count);
  const rests = readDeltaLengths(from, count);
  const total = shared.reduce((sum, length, at) => sum + length + rests[at]!.length, 0);
  if (total > mostBytes) throw new UnusableImage(said`a page that decompresses to ${total} bytes`);
  const texts: Uint8Array[] = [];
  for (const [at, rest] of rests.entries()) {
    const length = shared[at]!;
    const before = texts.at(-1) ?? new Uint8Array();
    if (length < 0 || length > before.length) throw damagedPage();
    if (length === 0) texts.push(rest);
    else {
      const text = new Uint8Array(length + rest.length);
      text.set(before.subarray(0, length));
      text.set(rest, length);
      texts.push(text);
    }
  }
  return texts;
}
