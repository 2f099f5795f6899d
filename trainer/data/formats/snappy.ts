/** Unpacks snappy's raw format (google/snappy, format_description.txt) into a buffer whose size the reader knows. */
import { UnusableImage } from '../unusable-image.ts';
import { said } from '../../protocol/sentence.ts';

const damaged = () => new UnusableImage(said`damaged snappy data`);
/** Lengths of literals from here on are in the bytes that follow: one to four. */
const longLiteral = 60;

function little(bytes: Uint8Array, at: number, count: number): number {
  if (at + count > bytes.length) throw damaged();
  let value = 0;
  for (let place = count - 1; place >= 0; place--) value = value * 256 + bytes[at + place]!;
  return value;
}

/** @throws UnusableImage unless the data is whole and fills `size` bytes */
export function unpackSnappy(packed: Uint8Array, size: number): Uint8Array {
  const unpacked = new Uint8Array(size);
  let [at, filled] = [0, 0];
  // The size, seven bits a byte, which is known from elsewhere.
  while (at < packed.length && packed[at]! >= 0x80) at++;
  at++;
  while (at < packed.length) {
    const tag = packed[at++]!;
    if ((tag & 3) === 0) {
      const stated = tag >> 2;
      const extra = stated < longLiteral ? 0 : stated - longLiteral + 1;
      const length = 1 + (extra === 0 ? stated : little(packed, at, extra));
      at += extra;
      if (length > packed.length - at || length > size - filled) throw damaged();
      unpacked.set(packed.subarray(at, at + length), filled);
      at += length;
      filled += length;
      continue;
    }
    // A copy of what is there already, with its distance in 11, 16 or 32 bits.
    const extra = [0, 1, 2, 4][tag & 3]!;
    const length = extra === 1 ? 4 + ((tag >> 2) & 7) : 1 + (tag >> 2);
    const back = little(packed, at, extra) + (extra === 1 ? (tag >> 5) * 256 : 0);
    at += extra;
    if (back === 0 || back > filled || length > size - filled) throw damaged();
    if (back >= length) unpacked.copyWithin(filled, filled - back, filled - back + length);
    // It may repeat what it writes itself.
    else for (let place = 0; place < length; place++) unpacked[filled + place] = unpacked[filled + place - back]!;
    filled += length;
  }
  if (filled !== size) throw damaged();
  return unpacked;
}
