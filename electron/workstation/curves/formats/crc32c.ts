/**
 * CRC-32C (Castagnoli), RFC 3720 section 12.1, and the mask that TensorFlow's record files put over it
 * (tensorflow/core/lib/hash/crc32c.h): a checksum of bytes that contain checksums would be weak.
 */

/** The polynomial 0x1EDC6F41, its bits reversed. */
const polynomial = 0x82f63b78;

/** Of four bytes at once: `tables[k]` is that of a byte followed by k zero bytes. */
const tables = Array.from({ length: 4 }, () => new Uint32Array(256));
for (let byte = 0; byte < 256; byte += 1) {
  let sum = byte;
  for (let bit = 0; bit < 8; bit += 1) sum = sum & 1 ? (sum >>> 1) ^ polynomial : sum >>> 1;
  tables[0]![byte] = sum;
}
for (let byte = 0; byte < 256; byte += 1) {
  for (let zeros = 1; zeros < 4; zeros += 1) {
    const before = tables[zeros - 1]![byte]!;
    tables[zeros]![byte] = (before >>> 8) ^ tables[0]![before & 0xff]!;
  }
}
const [byOne, byTwo, byThree, byFour] = tables as [Uint32Array, Uint32Array, Uint32Array, Uint32Array];

/** @param before the checksum of the bytes that came before these */
export function crc32c(bytes: Uint8Array, before = 0): number {
  let sum = ~before >>> 0;
  let at = 0;
  for (const whole = bytes.length - 3; at < whole; at += 4) {
    sum ^= bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
    sum =
      byFour[sum & 0xff]! ^ byThree[(sum >>> 8) & 0xff]! ^ byTwo[(sum >>> 16) & 0xff]! ^ byOne[(sum >>> 24) & 0xff]!;
  }
  for (; at < bytes.length; at += 1) sum = (sum >>> 8) ^ byOne[(sum ^ bytes[at]!) & 0xff]!;
  return ~sum >>> 0;
}

/** Rotated right by 15 bits, plus a constant. */
export function masked(sum: number): number {
  return (((sum >>> 15) | (sum << 17)) + 0xa282ead8) >>> 0;
}
