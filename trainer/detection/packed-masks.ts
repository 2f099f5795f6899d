/**
 * Masks of all objects of a data set as bytes in shared memory. COCO's polygons have some 40 million coordinates of two decimals
 * each: as differences of whole hundredths they take a quarter of what they would as numbers, and come back to the bit.
 */
import type { Segmentation } from './objects.ts';

export type MaskBlocks = readonly Uint8Array<SharedArrayBuffer>[];

/** Place of an object without a mask. */
export const noMask = -1;

/** A mask lies in one block; a place is the number of the block and the offset in it. */
const blockBytes = 1 << 22;
const placesInBlock = 2 ** 32;

const [hundredths, plain, runLengths] = [1, 2, 3];
/** Bytes of the longest number of 32 bits, and of a float64. */
const [longestNumber, floatBytes] = [5, 8];
/** A hundred times this and a difference of two such numbers are far from 2^31. */
const largestPacked = 5_000_000;

/** True for a number that is the nearest to a decimal of two places: then hundredths give it back. */
const isPacked = (value: number): boolean =>
  value >= -largestPacked && value <= largestPacked && Math.round(value * 100) / 100 === value && !Object.is(value, -0);

/** Writes whole numbers, 7 bits a byte, the lowest first. */
class Bytes {
  readonly bytes: Uint8Array;
  at = 0;
  constructor(size: number) {
    this.bytes = new Uint8Array(size);
  }
  number(value: number): void {
    let rest = value;
    for (; rest >= 128; rest >>>= 7) this.bytes[this.at++] = (rest & 127) | 128;
    this.bytes[this.at++] = rest;
  }
  signed(value: number): void {
    this.number(((value << 1) ^ (value >> 31)) >>> 0);
  }
}

function pack(mask: Segmentation): Uint8Array {
  if (mask.kind === 'run-lengths') {
    const out = new Bytes(1 + (3 + mask.counts.length) * longestNumber);
    for (const each of [runLengths, mask.height, mask.width, mask.counts.length]) out.number(each);
    for (const count of mask.counts) out.number(count);
    return out.bytes.subarray(0, out.at);
  }
  const { rings } = mask;
  const isPlain = !rings.every((ring) => ring.every(isPacked));
  const numbers = rings.reduce((sum, ring) => sum + ring.length, 0);
  const out = new Bytes(1 + (1 + rings.length) * longestNumber + numbers * floatBytes);
  out.number(isPlain ? plain : hundredths);
  out.number(rings.length);
  const view = new DataView(out.bytes.buffer);
  for (const ring of rings) {
    out.number(ring.length);
    const last = [0, 0];
    ring.forEach((value, at) => {
      if (isPlain) {
        view.setFloat64(out.at, value);
        out.at += floatBytes;
        return;
      }
      const whole = Math.round(value * 100);
      out.signed(whole - last[at % 2]!);
      last[at % 2] = whole;
    });
  }
  return out.bytes.subarray(0, out.at);
}

export interface MaskWriter {
  /** @returns its place */
  write(mask: Segmentation): number;
  blocks(): MaskBlocks;
}

export function startMasks(): MaskWriter {
  const blocks: Uint8Array<SharedArrayBuffer>[] = [];
  let used = 0;
  return {
    write(mask) {
      const packed = pack(mask);
      const last = blocks.at(-1);
      if (last === undefined || used + packed.length > last.length) {
        blocks.push(new Uint8Array(new SharedArrayBuffer(Math.max(blockBytes, packed.length))));
        used = 0;
      }
      blocks.at(-1)!.set(packed, used);
      const place = (blocks.length - 1) * placesInBlock + used;
      used += packed.length;
      return place;
    },
    blocks: () => blocks,
  };
}

/** Null where there is none. */
export function maskAt(blocks: MaskBlocks, place: number): Segmentation | null {
  if (place === noMask) return null;
  const bytes = blocks[Math.floor(place / placesInBlock)]!;
  let at = place % placesInBlock;
  const number = (): number => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++]!;
      value |= (byte & 127) << shift;
      if (byte < 128) return value >>> 0;
    }
  };
  const kind = number();
  if (kind === runLengths) {
    const [height, width, length] = [number(), number(), number()];
    return { kind: 'run-lengths', height, width, counts: Array.from({ length }, number) };
  }
  const view = new DataView(bytes.buffer);
  const rings = Array.from({ length: number() }, () => {
    const last = [0, 0];
    return Array.from({ length: number() }, (_, place) => {
      if (kind === plain) {
        at += floatBytes;
        return view.getFloat64(at - floatBytes);
      }
      const zigzag = number();
      last[place % 2]! += (zigzag >>> 1) ^ -(zigzag & 1);
      return last[place % 2]! / 100;
    });
  });
  return { kind: 'polygons', rings };
}
