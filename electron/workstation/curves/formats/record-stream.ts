/**
 * TensorFlow's record files (tensorflow/core/lib/io/record_writer.h), little-endian:
 *
 *     uint64 length | uint32 masked CRC-32C of length | bytes | uint32 masked CRC-32C of bytes
 */
import { streamPlain } from '../../../../trainer/durable/plain-file.ts';
import { crc32c, masked } from './crc32c.ts';

const headBytes = 12;
const tailBytes = 4;
/** Graphs and pictures are longer and hold no curve; their checksums are not looked at. */
export const longestRecord = 8 << 20;

export interface Record {
  /** Null: longer than is read, or differing from its checksum. */
  readonly bytes: Uint8Array | null;
  readonly why: 'whole' | 'long' | 'damaged';
}

/** How a file ended: whole, inside a record as its writer died, or at bytes that are no record. */
export type RecordEnd = { readonly kind: 'whole' } | { readonly kind: 'torn' | 'lost'; readonly at: number };

/** Bounded memory: a chunk of the file and one record. Returns how the file ended. */
export async function* recordsOf(path: string): AsyncGenerator<Record, RecordEnd> {
  const stream = streamPlain(path, { highWaterMark: 1 << 20 });
  let held: Buffer = Buffer.alloc(0);
  /** Offset of `held` in the file. */
  let offset = 0;
  /** Bytes still to be passed over of a record that is not read. */
  let passing = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    held = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
    for (;;) {
      const passed = Math.min(passing, held.length);
      held = held.subarray(passed);
      offset += passed;
      passing -= passed;
      if (passing > 0 || held.length < headBytes) break;
      const length = lengthIn(held);
      if (length === null) return { kind: 'lost', at: offset };
      const whole = headBytes + length + tailBytes;
      if (length > longestRecord) {
        yield { bytes: null, why: 'long' };
        passing = whole;
        continue;
      }
      if (held.length < whole) break;
      const bytes = held.subarray(headBytes, headBytes + length);
      const isWhole = masked(crc32c(bytes)) === held.readUInt32LE(headBytes + length);
      yield isWhole ? { bytes, why: 'whole' } : { bytes: null, why: 'damaged' };
      held = held.subarray(whole);
      offset += whole;
    }
  }
  return held.length === 0 && passing === 0 ? { kind: 'whole' } : { kind: 'torn', at: offset };
}

/** The length of the record that begins here; null if what is here differs from its checksum. */
export function lengthIn(head: Buffer): number | null {
  if (head.length < headBytes || masked(crc32c(head.subarray(0, 8))) !== head.readUInt32LE(8)) return null;
  const length = head.readBigUInt64LE(0);
  return length <= BigInt(Number.MAX_SAFE_INTEGER - 2 * headBytes) ? Number(length) : null;
}

export function recordOf(bytes: Uint8Array): Buffer {
  const record = Buffer.alloc(headBytes + bytes.length + tailBytes);
  record.writeBigUInt64LE(BigInt(bytes.length), 0);
  record.writeUInt32LE(masked(crc32c(record.subarray(0, 8))), 8);
  record.set(bytes, headBytes);
  record.writeUInt32LE(masked(crc32c(bytes)), headBytes + bytes.length);
  return record;
}
