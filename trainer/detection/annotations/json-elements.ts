/**
 * Reads the lists of a JSON document of any size, `{"images": […], "annotations": […]}`, element by element: COCO's file of
 * 118,000 pictures has 450 MB. The document is never in memory as a whole, one element is.
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { printable } from '../../data/rejects.ts';
import { UnusableImage } from '../../data/unusable-image.ts';
import { quoted, said } from '../../protocol/sentence.ts';

/** Lets commands in while a long file is read; `data/listing/time-slices.ts` makes one. */
export interface Pace {
  due(): boolean;
  next(done: number, total: number | null): Promise<void>;
}

const pieceBytes = 1 << 20;
/** The longest of COCO's is 400 KB. */
const longestElement = 64 << 20;

const [quote, backslash, comma, colon] = [0x22, 0x5c, 0x2c, 0x3a];
const [openList, closeList, openObject, closeObject] = [0x5b, 0x5d, 0x7b, 0x7d];
const isBlank = (byte: number): boolean => byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
/** Some programs write it in front of UTF-8. */
const byteOrderMark = [0xef, 0xbb, 0xbf];

/** Python writes these where a number is none; JSON has no such words. */
const notNumbers = /"(?:[^"\\]|\\.)*"|-?\b(?:NaN|Infinity)\b/g;

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    try {
      return JSON.parse(text.replace(notNumbers, (found) => (found.startsWith('"') ? found : 'null')));
    } catch {
      throw new UnusableImage(said`not JSON at "${quoted(printable(text.slice(0, 60)))}"`, error);
    }
  }
}

type Take = (element: unknown) => void;

/** Knows brackets and texts, and leaves what is in an element to JSON.parse. */
class Scanner {
  readonly #lists: ReadonlyMap<string, Take>;
  readonly found = new Set<string>();
  /** Start of the element or the key that is being read, in the bytes at hand; -1 for none. */
  from = -1;
  #begun = false;
  #depth = 0;
  #key = '';
  #take: Take | null = null;
  #inText = false;
  #escaped = false;

  constructor(lists: ReadonlyMap<string, Take>) {
    this.#lists = lists;
  }

  get isWhole(): boolean {
    return this.#begun && this.#depth === 0;
  }

  /** Goes on at `start`; what is before has been seen. */
  scan(bytes: Buffer, start: number, end: number): void {
    for (let at = start; at < end; at++) {
      const byte = bytes[at]!;
      // Most bytes are digits of coordinates.
      if (byte < openList && byte !== quote && this.#depth > 2 && !this.#inText) continue;
      if (this.#inText) {
        if (this.#escaped) this.#escaped = false;
        else if (byte === backslash) this.#escaped = true;
        else if (byte === quote) this.#endText(bytes, at);
      } else if (byte === quote) this.#startText(at);
      else if (byte === openList || byte === openObject) this.#open(byte, at);
      else if (byte === closeList || byte === closeObject) this.#close(bytes, at);
      else if (this.#depth > 2) continue;
      else if (byte === comma || isBlank(byte)) this.#endPlain(bytes, at);
      else if (byte === colon || this.#depth === 1) continue;
      else if (this.#depth === 0) this.#outside(byte);
      else if (this.#take !== null && this.from < 0) this.from = at;
    }
  }

  #outside(byte: number): void {
    if (!this.#begun && byteOrderMark.includes(byte)) return;
    throw new UnusableImage(said`no JSON document: it does not begin with {, or goes on after its end`);
  }

  #startText(at: number): void {
    if (this.#depth === 0) this.#outside(quote);
    this.#inText = true;
    if (this.#depth === 1 || (this.#depth === 2 && this.#take !== null && this.from < 0)) this.from = at;
  }

  #endText(bytes: Buffer, at: number): void {
    this.#inText = false;
    if (this.#depth !== 1) return;
    // A text that is a value is no key, but nothing opens before the next key.
    this.#key = String(parsed(bytes.toString('utf8', this.from, at + 1)));
    this.from = -1;
  }

  #open(byte: number, at: number): void {
    if (this.#depth === 0 && (byte === openList || this.#begun)) this.#outside(byte);
    this.#begun = true;
    if (this.#depth === 1) {
      this.#take = this.#lists.get(this.#key) ?? null;
      if (this.#take !== null && byte === openObject) throw new UnusableImage(said`"${this.#key}" is no list in it`);
      if (this.#take !== null) this.found.add(this.#key);
    }
    if (this.#depth === 2 && this.#take !== null) this.from = at;
    this.#depth++;
  }

  #close(bytes: Buffer, at: number): void {
    this.#endPlain(bytes, at);
    if (this.#depth === 0) this.#outside(closeObject);
    this.#depth--;
    if (this.#depth === 1) this.#take = null;
    if (this.#depth === 2 && this.from >= 0) this.#element(bytes, at + 1);
  }

  /** The end of an element that is a number, a text or a word. */
  #endPlain(bytes: Buffer, at: number): void {
    if (this.#depth === 2 && this.from >= 0) this.#element(bytes, at);
  }

  #element(bytes: Buffer, end: number): void {
    const text = bytes.toString('utf8', this.from, end);
    this.from = -1;
    this.#take!(parsed(text));
  }
}

/**
 * @param lists what to do with each element of these lists of the document, in the order of the file
 * @returns the lists that are there
 * @throws UnusableImage
 */
export async function readElements(
  path: string,
  lists: Readonly<Record<string, Take>>,
  pace: Pace,
): Promise<ReadonlySet<string>> {
  const scanner = new Scanner(new Map(Object.entries(lists)));
  const file = openSync(path, 'r');
  try {
    const total = fstatSync(file).size;
    let bytes = Buffer.allocUnsafe(pieceBytes);
    let kept = 0;
    for (let done = 0; ;) {
      if (kept === bytes.length) {
        if (kept >= longestElement)
          throw new UnusableImage(said`an entry of more than ${longestElement} bytes: it is no file of annotations`);
        bytes = Buffer.concat([bytes], bytes.length * 2);
      }
      const read = readSync(file, bytes, kept, bytes.length - kept, null);
      if (read === 0) break;
      done += read;
      const filled = kept + read;
      scanner.scan(bytes, kept, filled);
      const start = scanner.from < 0 ? filled : scanner.from;
      bytes.copyWithin(0, start, filled);
      kept = filled - start;
      if (scanner.from >= 0) scanner.from = 0;
      if (pace.due()) await pace.next(done, total);
    }
    if (!scanner.isWhole)
      throw new UnusableImage(said`it ends in the middle of its JSON document: it was not copied or downloaded whole`);
    return scanner.found;
  } finally {
    closeSync(file);
  }
}
