/** Numbers at given places of a file's header; every place is checked. */
import { UnusableImage } from '../unusable-image.ts';
import { said } from '../../protocol/sentence.ts';

export class Fields {
  readonly #bytes: Uint8Array;
  readonly #title: string;
  /** Byte order of numbers of more than one byte. */
  littleEndian: boolean;

  /** `title` names the format in the error for a file that ends too early. */
  constructor(bytes: Uint8Array, title: string, littleEndian: boolean) {
    this.#bytes = bytes;
    this.#title = title;
    this.littleEndian = littleEndian;
  }

  /** Bytes from `at` on. Throws UnusableImage if the file has fewer. */
  slice(at: number, length: number): Uint8Array {
    if (at < 0 || length < 0 || at + length > this.#bytes.length) {
      throw new UnusableImage(said`a ${this.#title} file truncated inside its header`);
    }
    return this.#bytes.subarray(at, at + length);
  }

  /** An unsigned number of 1 to 8 bytes. */
  unsigned(at: number, length: number): number {
    const bytes = this.slice(at, length);
    let value = 0;
    for (let i = 0; i < length; i++) value = value * 256 + bytes[this.littleEndian ? length - 1 - i : i]!;
    return value;
  }

  u8(at: number): number {
    return this.unsigned(at, 1);
  }

  u16(at: number): number {
    return this.unsigned(at, 2);
  }

  u32(at: number): number {
    return this.unsigned(at, 4);
  }
}
