/**
 * Netpbm's formats: PBM, PGM and PPM, plain (P1 to P3) and binary (P4 to P6), as PIL reads them, and PAM (P7), which PIL
 * does not read, by the same rules. Grey of more than 8 bits is scaled to 16 bits and clipped to 255; colours of more
 * than 8 bits are scaled to 8.
 */
import { UnusableImage } from '../unusable-image.ts';
import { scaledGrey, type DeepGrey } from './deep-grey.ts';
import type { Rows } from './rows.ts';
import { said } from '../../protocol/sentence.ts';

const lineFeed = 10;
const carriageReturn = 13;
const hash = 35;
const isSpace = (byte: number) => byte === 32 || (byte >= 9 && byte <= 13);
const damaged = () => new UnusableImage(said`a damaged or truncated Netpbm file that cannot be decoded`);
const cut = () => new UnusableImage(said`a Netpbm file truncated inside its header`);

/** Longest word that is a number. */
const longestWord = 10;

/** Reads words; a comment, from # to the end of its line, is passed over wherever it stands. */
class Words {
  at: number;
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array, at: number) {
    this.#bytes = bytes;
    this.at = at;
  }

  /** The next byte outside comments, or null at the end. */
  byte(): number | null {
    while (this.at < this.#bytes.length) {
      const byte = this.#bytes[this.at++]!;
      if (byte !== hash) return byte;
      while (this.at < this.#bytes.length) {
        const skipped = this.#bytes[this.at++]!;
        if (skipped === lineFeed || skipped === carriageReturn) break;
      }
    }
    return null;
  }

  /** The next word and the one separator after it, or null at the end. */
  word(): string | null {
    let word = '';
    for (let byte = this.byte(); byte !== null; byte = this.byte()) {
      if (!isSpace(byte)) word += String.fromCharCode(byte);
      else if (word !== '') break;
      if (word.length > longestWord) throw damaged();
    }
    return word === '' ? null : word;
  }

  /** The next word as a number; `missing` is thrown at the end of the file. */
  number(missing: () => Error): number {
    const word = this.word();
    if (word === null) throw missing();
    if (!/^\d+$/.test(word)) throw damaged();
    return Number(word);
  }
}

interface Header {
  readonly width: number;
  readonly height: number;
  /** Samples a pixel; the first three are red, green and blue, or the first is grey. */
  readonly depth: number;
  readonly maximum: number;
  readonly encoding: 'plain' | 'binary' | 'plain bits' | 'binary bits';
  readonly start: number;
}

/** PAM: lines of a name and a value up to ENDHDR. */
function pamHeader(bytes: Uint8Array): Header {
  const values = new Map<string, string>();
  for (let at = 3; ;) {
    const end = bytes.indexOf(lineFeed, at);
    if (end < 0 || end - at > 1000) throw cut();
    const line = Buffer.from(bytes.subarray(at, end)).toString('latin1').trim();
    at = end + 1;
    if (line === 'ENDHDR') {
      const number = (name: string) => {
        const text = values.get(name) ?? '';
        if (!/^\d{1,10}$/.test(text)) throw cut();
        return Number(text);
      };
      const [width, height, depth, maximum] = [number('WIDTH'), number('HEIGHT'), number('DEPTH'), number('MAXVAL')];
      if (depth < 1 || depth > 4)
        throw new UnusableImage(said`a PAM file with ${depth} samples a pixel; 1 to 4 are read`);
      return { width, height, depth, maximum, encoding: 'binary', start: at };
    }
    const [, name, value] = /^([A-Z]+)\s+(.*)$/.exec(line) ?? [];
    if (name !== undefined) values.set(name, value!);
  }
}

function headerOf(bytes: Uint8Array): Header {
  const kind = bytes[1]! - 48;
  if (kind === 7) return pamHeader(bytes);
  const words = new Words(bytes, 2);
  const width = words.number(cut);
  const height = words.number(cut);
  const isBits = kind === 1 || kind === 4;
  const maximum = isBits ? 1 : words.number(cut);
  const encoding = kind <= 3 ? (isBits ? 'plain bits' : 'plain') : isBits ? 'binary bits' : 'binary';
  return { width, height, depth: kind === 3 || kind === 6 ? 3 : 1, maximum, encoding, start: words.at };
}

/** Python's round. */
function roundHalfEven(value: number): number {
  const rounded = Math.round(value);
  return rounded - value === 0.5 && rounded % 2 === 1 ? rounded - 1 : rounded;
}

/** The smallest and the largest grey value of a picture. */
function rangeIn(bytes: Uint8Array, { width, height, depth, encoding, start }: Header): readonly [number, number] {
  const words = new Words(bytes, start);
  let low = 65535;
  let high = 0;
  for (let i = 0, at = start; i < width * height * depth; i++, at += 2) {
    const value = encoding === 'plain' ? words.number(damaged) : (bytes[at]! << 8) | bytes[at + 1]!;
    // A second channel is alpha.
    if (i % depth !== 0) continue;
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  return [low, high];
}

/** Level of every value up to `maximum`, where the values of a range are scaled to 0 to 255. */
const scaled = (maximum: number, [low, high]: readonly [number, number]): Uint8Array =>
  Uint8Array.from({ length: maximum + 1 }, (_, value) => scaledGrey(value, low, high));

/** Level of every value up to `maximum`. */
function levels(maximum: number, isGrey: boolean): Uint8Array {
  const greatest = isGrey && maximum > 255 ? 65535 : 255;
  return Uint8Array.from({ length: maximum + 1 }, (_, value) =>
    Math.min(255, roundHalfEven((value / maximum) * greatest)),
  );
}

const isDeepGrey = ({ maximum, depth }: Header) => maximum > 255 && depth < 3;

/** A source of samples in the order of the file. */
type Samples = (count: number, into: Uint8Array) => void;

function plainSamples(bytes: Uint8Array, { start, maximum }: Header, table: Uint8Array): Samples {
  const words = new Words(bytes, start);
  return (count, into) => {
    for (let i = 0; i < count; i++) {
      const value = words.number(damaged);
      if (value > maximum) throw damaged();
      into[i] = table[value]!;
    }
  };
}

function plainBits(bytes: Uint8Array, { start }: Header): Samples {
  const words = new Words(bytes, start);
  return (count, into) => {
    for (let i = 0; i < count;) {
      const byte = words.byte();
      if (byte === null || (!isSpace(byte) && byte !== 48 && byte !== 49)) throw damaged();
      if (!isSpace(byte)) into[i++] = byte === 48 ? 255 : 0;
    }
  };
}

function binarySamples(bytes: Uint8Array, { start, maximum }: Header, table: Uint8Array): Samples {
  let at = start;
  const isWide = maximum > 255;
  return (count, into) => {
    for (let i = 0; i < count; i++) {
      const value = isWide ? (bytes[at]! << 8) | bytes[at + 1]! : bytes[at]!;
      into[i] = table[Math.min(value, maximum)]!;
      at += isWide ? 2 : 1;
    }
  };
}

function binaryBits(bytes: Uint8Array, { start }: Header): Samples {
  let at = start;
  return (count, into) => {
    for (let i = 0; i < count; i++) into[i] = (bytes[at + (i >> 3)]! >> (7 - (i & 7))) & 1 ? 0 : 255;
    at += (count + 7) >> 3;
  };
}

function samplesOf(bytes: Uint8Array, header: Header, deepGrey: DeepGrey): Samples {
  const { width, height, depth, maximum, encoding, start } = header;
  const rowBytes = encoding === 'binary bits' ? (width + 7) >> 3 : width * depth * (maximum > 255 ? 2 : 1);
  if (encoding.startsWith('binary') && start + rowBytes * height > bytes.length) throw damaged();
  if (encoding === 'plain bits') return plainBits(bytes, header);
  if (encoding === 'binary bits') return binaryBits(bytes, header);
  const scales = isDeepGrey(header) && deepGrey !== 'cut-off';
  const range = scales && deepGrey === 'own-range' ? rangeIn(bytes, header) : ([0, maximum] as const);
  const table = scales ? scaled(maximum, range) : levels(maximum, depth <= 2);
  return encoding === 'plain' ? plainSamples(bytes, header, table) : binarySamples(bytes, header, table);
}

/** Rows have to be read from the first to the last, each once. */
function openRows(bytes: Uint8Array, header: Header, deepGrey: DeepGrey): Rows {
  const { width, height, depth } = header;
  const samples = samplesOf(bytes, header, deepGrey);
  const row = new Uint8Array(width * depth);
  return {
    width,
    height,
    read(_y, into) {
      samples(row.length, row);
      for (let x = 0; x < width; x++) {
        for (let channel = 0; channel < 3; channel++)
          into[x * 3 + channel] = row[x * depth + (depth < 3 ? 0 : channel)]!;
      }
    },
  };
}

/** True for P1 to P7 and a separator. */
export function isNetpbm(bytes: Uint8Array): boolean {
  const [first, kind, third] = bytes;
  return first === 0x50 && kind! >= 0x31 && kind! <= 0x37 && (isSpace(third!) || (third === hash && kind !== 0x37));
}

export function netpbm(
  bytes: Uint8Array,
): Pick<Rows, 'width' | 'height'> & { readonly deepGrey: boolean; open(deepGrey: DeepGrey): Rows } {
  const header = headerOf(bytes);
  const { width, height, maximum } = header;
  if (maximum < 1 || maximum > 65535)
    throw new UnusableImage(said`a Netpbm file whose greatest value is ${maximum}; 1 to 65535 are read`);
  return { width, height, deepGrey: isDeepGrey(header), open: (deepGrey) => openRows(bytes, header, deepGrey) };
}
