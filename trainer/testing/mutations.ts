/** Damage to a file: bytes changed, cut out, doubled, moved in from another file, lengths made huge, each drawn by fast-check. */
import fc from 'fast-check';

interface Change {
  readonly kind: 'flip' | 'set' | 'cut' | 'double' | 'splice' | 'huge' | 'end';
  /** Places and lengths, as fractions of the file. */
  readonly at: number;
  readonly length: number;
  readonly value: number;
}

const fraction = fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true });
const change: fc.Arbitrary<Change> = fc.record({
  kind: fc.constantFrom('flip', 'set', 'cut', 'double', 'splice', 'huge', 'end'),
  at: fraction,
  length: fraction,
  value: fc.nat({ max: 255 }),
});

/** What a length or a count may be replaced by: in binary, both orders of bytes, in digits, and as Thrift and protocol buffers have it. */
const numbers: readonly Buffer[] = [
  ...['ff', 'ffff', 'ffffffff', '7fffffff', 'ffffff7f', '80000000', '00000080', '00000001', '01000000'],
  ...['ffffffffffffff7f', '7fffffffffffffff', '0000000000000000', 'ffffffff0f', 'feffffff0f', '80808080808080808001'],
]
  .map((hex) => Buffer.from(hex, 'hex'))
  .concat(['99999999', '4294967296', '-1', '1e99', '77777777777'].map((digits) => Buffer.from(digits)));

/** Most changes are short: long ones leave little of a file to be read. */
const lengthOf = (change: Change): number => Math.ceil(64 * change.length ** 4);

function changed(bytes: Buffer, { at, value, ...rest }: Change, other: Buffer): Buffer {
  const place = Math.floor(at * bytes.length);
  const length = lengthOf({ at, value, ...rest });
  const before = bytes.subarray(0, place);
  switch (rest.kind) {
    case 'flip':
    case 'set': {
      const copy = Buffer.from(bytes);
      if (place < copy.length) copy[place] = rest.kind === 'set' ? value : copy[place]! ^ (1 << (value & 7));
      return copy;
    }
    case 'cut':
      return Buffer.concat([before, bytes.subarray(place + length)]);
    case 'double':
      return Buffer.concat([before, bytes.subarray(place, place + length), bytes.subarray(place)]);
    case 'splice': {
      const from = Math.floor((value / 256) * other.length);
      return Buffer.concat([before, other.subarray(from, from + length), bytes.subarray(place + length)]);
    }
    case 'huge': {
      const number = numbers[value % numbers.length]!;
      return Buffer.concat([before, number, bytes.subarray(place + number.length)]);
    }
    case 'end':
      return before;
  }
}

/** One of the files, with one to four changes. */
export const mutated = (files: readonly Buffer[]): fc.Arbitrary<Buffer> =>
  fc
    .tuple(fc.constantFrom(...files), fc.constantFrom(...files), fc.array(change, { minLength: 1, maxLength: 4 }))
    .map(([file, other, changes]) => changes.reduce((bytes, one) => changed(bytes, one, other), file));
