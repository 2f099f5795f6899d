/** The bytes of a pickle, taken from the front. */
import { PickleEnd, PickleError } from './pickle-values.ts';

/** Python refuses to parse longer decimal numbers too (`sys.get_int_max_str_digits`). */
const mostDigits = 4300;

const escapes: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', a: '\x07', b: '\b', f: '\f', v: '\v' };

/** Every method consumes the bytes of its result. @throws PickleEnd if the bytes end before the value */
export class PickleBytes {
  readonly #buffer: Buffer;
  #at: number;
  constructor(buffer: Buffer, at = 0) {
    this.#buffer = buffer;
    this.#at = at;
  }
  /** Offset of the next byte. */
  get at(): number {
    return this.#at;
  }
  take(length: number): Buffer {
    if (length > this.#buffer.length - this.#at) throw new PickleEnd('it ends in the middle of a value');
    return this.#buffer.subarray(this.#at, (this.#at += length));
  }
  byte(): number {
    if (this.#at >= this.#buffer.length) throw new PickleEnd('it ends in the middle of a value');
    return this.#buffer[this.#at++]!;
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
  line(encoding: 'utf8' | 'latin1' = 'utf8'): string {
    const end = this.#buffer.indexOf(0x0a, this.#at);
    if (end < 0) throw new PickleEnd('it ends in the middle of a line');
    const line = this.#buffer.toString(encoding, this.#at, end);
    this.#at = end + 1;
    return line;
  }
  /** A whole number of `length` bytes, little-endian two's complement. */
  long(length: number): number | bigint {
    if (length > 1024) throw new PickleError(`a whole number of ${length} bytes`);
    let value = 0n;
    const bytes = this.take(length);
    for (let at = length - 1; at >= 0; at--) value = (value << 8n) | BigInt(bytes[at]!);
    return plainest(BigInt.asIntN(Math.max(8 * length, 1), value));
  }
  /** A line with a whole number in decimal digits; Python 2 ends a long one with L. */
  decimal(): number | bigint {
    const digits = this.line().replace(/L$/, '');
    if (digits.length > mostDigits || !/^[+-]?\d+$/.test(digits))
      throw new PickleError(`"${digits.slice(0, 40)}" in place of a whole number`);
    return plainest(BigInt(digits.replace(/^\+/, '')));
  }
  /** A line with a whole number, or with 00 or 01 for false and true. */
  decimalOrBoolean(): number | bigint | boolean {
    const start = this.#at;
    const line = this.line();
    if (line === '00' || line === '01') return line === '01';
    this.#at = start;
    return this.decimal();
  }
  /** A line with a decimal fraction as Python writes it. */
  fraction(): number {
    const line = this.line();
    const special = /^([+-]?)(inf|nan)$/.exec(line);
    const value = special ? (special[2] === 'nan' ? Number.NaN : Infinity) : Number(line);
    if (line === '' || (Number.isNaN(value) && !special))
      throw new PickleError(`"${line.slice(0, 40)}" in place of a number`);
    return special?.[1] === '-' ? -value : value;
  }
  /** A line with a quoted byte string, escaped as in Python's source. */
  quoted(): string {
    const line = this.line('latin1').trim();
    const [first, last] = [line[0], line.at(-1)];
    if (line.length < 2 || first !== last || (first !== "'" && first !== '"'))
      throw new PickleError('a text without quotation marks');
    return line
      .slice(1, -1)
      .replaceAll(/\\(x[\da-fA-F]{2}|[0-7]{1,3}|[^])/g, (_all, code: string) =>
        /^x./.test(code)
          ? String.fromCharCode(Number.parseInt(code.slice(1), 16))
          : /^[0-7]/.test(code)
            ? String.fromCharCode(Number.parseInt(code, 8) & 0xff)
            : (escapes[code] ?? code),
      );
  }
  /** A line of text in which only characters beyond latin1 are escaped. */
  escaped(): string {
    return this.line('latin1').replaceAll(/\\u([\da-fA-F]{4})|\\U00([\da-fA-F]{6})/g, (all, short, long) => {
      const point = Number.parseInt((short ?? long) as string, 16);
      return point > 0x10ffff ? all : String.fromCodePoint(point);
    });
  }
}

const plainest = (value: bigint): number | bigint => (Number.isSafeInteger(Number(value)) ? Number(value) : value);
