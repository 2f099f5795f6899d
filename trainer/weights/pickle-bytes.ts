/** The bytes of a pickle, taken from the front. */
import { PickleError } from './pickle-values.ts';

/** Every method consumes the bytes of its result. @throws PickleError if the bytes end before the value */
export class PickleBytes {
  readonly #buffer: Buffer;
  #at = 0;
  constructor(buffer: Buffer) {
    this.#buffer = buffer;
  }
  take(length: number): Buffer {
    if (length > this.#buffer.length - this.#at) throw new PickleError('it ends in the middle of a value');
    return this.#buffer.subarray(this.#at, (this.#at += length));
  }
  byte(): number {
    return this.take(1)[0]!;
  }
  uint16(): number {
    return this.take(2).readUInt16LE();
  }
  int32(): number {
    return this.take(4).readInt32LE();
  }
  uint32(): number {
    return this.take(4).readUInt32LE();
  }
  uint64(): number {
    const value = this.take(8).readBigUInt64LE();
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new PickleError(`a length of ${value} bytes`);
    return Number(value);
  }
  text(length: number): string {
    return this.take(length).toString('utf8');
  }
  latin1(length: number): string {
    return this.take(length).toString('latin1');
  }
  line(): string {
    const end = this.#buffer.indexOf(0x0a, this.#at);
    if (end < 0) throw new PickleError('it ends in the middle of a line');
    const line = this.#buffer.toString('utf8', this.#at, end);
    this.#at = end + 1;
    return line;
  }
  /** A whole number of `length` bytes, little-endian two's complement. */
  long(length: number): number | bigint {
    if (length > 1024) throw new PickleError(`a whole number of ${length} bytes`);
    let value = 0n;
    const bytes = this.take(length);
    for (let at = length - 1; at >= 0; at--) value = (value << 8n) | BigInt(bytes[at]!);
    value = BigInt.asIntN(Math.max(8 * length, 1), value);
    return Number.isSafeInteger(Number(value)) ? Number(value) : value;
  }
}
