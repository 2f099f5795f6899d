/** The entries of a JSON file that is one array, one after the other: a file may be larger than memory, and one line. */
import { createReadStream } from 'node:fs';
import { FaultError } from '../../durable/fault-error.ts';

/** No entry of a result file is nearly as long; what is, is not one. */
const longestEntry = 64 * 1024 * 1024;

const [quote, backslash, comma] = [0x22, 0x5c, 0x2c];
const [openBracket, closeBracket, openBrace, closeBrace] = [0x5b, 0x5d, 0x7b, 0x7d];
const isSpace = (byte: number): boolean => byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;

const unreadable = (path: string, what: string): FaultError =>
  new FaultError('unreadable-file', `${path} cannot be read as results: ${what}.`, { path, reason: what });

export interface JsonEntry {
  /** Counted from 1. */
  readonly entry: number;
  readonly value: unknown;
}

/** Cuts bytes at the commas between the entries of the outermost array. */
class Splitter {
  #depth = 0;
  #isInText = false;
  #isEscaped = false;
  #hasBegun = false;
  #length = 0;
  #pieces: Buffer[] = [];
  readonly #path: string;
  entry = 0;

  constructor(path: string) {
    this.#path = path;
  }

  get isComplete(): boolean {
    return this.#hasBegun && this.#depth === 0;
  }

  /** The entries that end in this chunk. */
  *read(chunk: Buffer): Generator<JsonEntry> {
    let begin = this.#depth > 0 ? 0 : -1;
    for (let at = 0; at < chunk.length; at++) {
      const byte = chunk[at]!;
      if (this.#isInText) {
        if (this.#isEscaped) this.#isEscaped = false;
        else if (byte === backslash) this.#isEscaped = true;
        else if (byte === quote) this.#isInText = false;
      } else if (this.#depth === 0) {
        if (this.#begin(byte)) begin = at + 1;
      } else if (byte === quote) this.#isInText = true;
      else if (byte === openBracket || byte === openBrace) this.#depth++;
      else if (this.#depth > 1) {
        if (byte === closeBracket || byte === closeBrace) this.#depth--;
      } else if (byte === comma || byte === closeBracket) {
        if (byte === closeBracket) this.#depth = 0;
        yield* this.#cut(chunk.subarray(begin, at), byte === comma);
        begin = byte === comma ? at + 1 : -1;
      }
    }
    if (begin >= 0) this.#keep(chunk.subarray(begin));
  }

  /** True where the array begins. */
  #begin(byte: number): boolean {
    // Three bytes that some programs put before UTF-8.
    if (isSpace(byte) || (!this.#hasBegun && (byte === 0xef || byte === 0xbb || byte === 0xbf))) return false;
    if (this.#hasBegun) throw unreadable(this.#path, 'something follows the end of the array');
    if (byte !== openBracket)
      throw unreadable(
        this.#path,
        `it begins with ${JSON.stringify(String.fromCharCode(byte))}; COCO's results are an array of detections, "[…]"`,
      );
    this.#hasBegun = true;
    this.#depth = 1;
    return true;
  }

  #keep(piece: Buffer): void {
    this.#length += piece.length;
    if (this.#length > longestEntry)
      throw unreadable(this.#path, `entry ${this.entry + 1} is longer than ${longestEntry} bytes`);
    this.#pieces.push(piece);
  }

  *#cut(piece: Buffer, isFollowed: boolean): Generator<JsonEntry> {
    this.#keep(piece);
    const text = Buffer.concat(this.#pieces).toString('utf8');
    this.#pieces = [];
    this.#length = 0;
    if (text.trim() === '' && !isFollowed && this.entry === 0) return;
    this.entry++;
    try {
      yield { entry: this.entry, value: JSON.parse(text) as unknown };
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      throw unreadable(this.#path, `entry ${this.entry} is not JSON (${error.message})`);
    }
  }
}

/** @throws FaultError 'unreadable-file' with the number of the entry, 'cancelled' */
export async function* jsonArrayEntries(path: string, signal: AbortSignal): AsyncGenerator<JsonEntry> {
  const splitter = new Splitter(path);
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20, signal }))
    yield* splitter.read(chunk as Buffer);
  if (!splitter.isComplete) throw unreadable(path, `it ends in the middle, after ${splitter.entry} entries`);
}
