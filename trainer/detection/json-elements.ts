/**
 * Reads the lists of a JSON document of any size element by element: the document itself, `[…]`, as COCO's results are, or
 * lists by their keys, `{"images": […], "annotations": […]}`, as COCO's annotations are: its file of 118,000 pictures has
 * 450 MB. The document is never in memory as a whole, one element is.
 */
import { closeSync, readSync } from 'node:fs';
import { openPlainSync } from '../durable/plain-file.ts';
import { inEnglish, said, type Sentence } from '../protocol/sentence.ts';

/** Lets commands in while a long file is read; `data/listing/time-slices.ts` makes one. */
export interface Pace {
  due(): boolean;
  next(done: number, total: number | null): Promise<void>;
}

/** Reason why a document cannot be read. */
export class WrongDocument extends Error {
  readonly reason: Sentence;

  constructor(reason: Sentence) {
    super(inEnglish(reason));
    this.name = 'WrongDocument';
    this.reason = reason;
  }
}

/** Takes the text of an element, which has no brackets too many, and its number, from 1 on. */
export type TakeElement = (text: string, number: number) => void;

/** What takes the elements of the document, or of its lists by their keys. */
export type ElementTakers = TakeElement | ReadonlyMap<string, TakeElement>;

const pieceBytes = 1 << 20;
/** The longest of COCO's is 400 KB. */
export const longestElement = 16 << 20;

const [quote, backslash, comma] = [0x22, 0x5c, 0x2c];
const [openList, closeList, openObject, closeObject] = [0x5b, 0x5d, 0x7b, 0x7d];
const isBlank = (byte: number): boolean => byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
/** Some programs write it in front of UTF-8. */
const byteOrderMark = [0xef, 0xbb, 0xbf];

/** Knows brackets and texts, cuts lists at their commas, and leaves what is in an element to JSON.parse. */
class Scanner {
  readonly #takers: ElementTakers;
  /** Depth of brackets in which the elements are. */
  readonly #level: 1 | 2;
  readonly found = new Set<string>();
  /** Start of the element or the key that is being read, in the bytes at hand; -1 for none. */
  from = -1;
  #begun = false;
  #depth = 0;
  #key = '';
  #take: TakeElement | null = null;
  #number = 0;
  #inText = false;
  #escaped = false;

  constructor(takers: ElementTakers) {
    this.#takers = takers;
    this.#level = typeof takers === 'function' ? 1 : 2;
  }

  get isWhole(): boolean {
    return this.#begun && this.#depth === 0;
  }

  /** Goes on at `start`; what is before has been seen. */
  scan(bytes: Buffer, start: number, end: number): void {
    for (let at = start; at < end; at++) {
      const byte = bytes[at]!;
      // Most bytes are digits of coordinates.
      if (byte < openList && byte !== quote && this.#depth > this.#level && !this.#inText) continue;
      if (this.#inText) {
        if (this.#escaped) this.#escaped = false;
        else if (byte === backslash) this.#escaped = true;
        else if (byte === quote) this.#endText(bytes, at);
      } else if (byte === quote) this.#startText(at);
      else if (byte === openList || byte === openObject) this.#open(byte, at);
      else if (byte === closeList || byte === closeObject) this.#close(byte, bytes, at);
      else if (byte === comma && this.#isAmongElements) this.#endElement(bytes, at);
      else if (this.#depth === 0 && !isBlank(byte)) this.#outside(byte);
    }
  }

  get #isAmongElements(): boolean {
    return this.#depth === this.#level && this.#take !== null;
  }

  #outside(byte: number): never | void {
    if (!this.#begun && byteOrderMark.includes(byte)) return;
    throw new WrongDocument(
      this.#level === 1
        ? said`no list in JSON: it does not begin with [, or goes on after its end`
        : said`no JSON document: it does not begin with {, or goes on after its end`,
    );
  }

  #startText(at: number): void {
    if (this.#depth === 0) this.#outside(quote);
    this.#inText = true;
    if (this.#depth === 1 && this.#level === 2) this.from = at;
  }

  #endText(bytes: Buffer, at: number): void {
    this.#inText = false;
    if (this.#depth !== 1 || this.#level === 1) return;
    // A text that is a value is no key, but nothing opens before the next key.
    const text = bytes.toString('utf8', this.from, at + 1);
    this.from = -1;
    try {
      this.#key = String(JSON.parse(text));
    } catch {
      throw new WrongDocument(said`no JSON document: one of its keys is damaged`);
    }
  }

  #open(byte: number, at: number): void {
    if (this.#depth === 0 && (this.#begun || byte !== (this.#level === 1 ? openList : openObject))) this.#outside(byte);
    this.#begun = true;
    this.#depth++;
    if (this.#depth !== this.#level) return;
    this.#take = typeof this.#takers === 'function' ? this.#takers : (this.#takers.get(this.#key) ?? null);
    if (this.#take === null) return;
    if (byte === openObject) throw new WrongDocument(said`"${this.#key}" is no list in it`);
    this.found.add(this.#key);
    this.#number = 0;
    this.from = at + 1;
  }

  #close(byte: number, bytes: Buffer, at: number): void {
    if (this.#depth === 0) this.#outside(byte);
    if (this.#isAmongElements) {
      if (byte === closeObject) throw new WrongDocument(said`no JSON document: a list ends with }`);
      const isEmpty = this.#number === 0 && bytes.subarray(this.from, at).every(isBlank);
      if (!isEmpty) this.#endElement(bytes, at);
      this.from = -1;
      this.#take = null;
    }
    this.#depth--;
  }

  #endElement(bytes: Buffer, end: number): void {
    const text = bytes.toString('utf8', this.from, end);
    this.from = end + 1;
    this.#number++;
    this.#take!(text, this.#number);
  }
}

/**
 * @param takers what to do with each element, in the order of the file
 * @returns the keys of lists that are there
 * @throws WrongDocument, and what a taker throws
 */
export async function readElements(path: string, takers: ElementTakers, pace: Pace): Promise<ReadonlySet<string>> {
  const scanner = new Scanner(takers);
  const { file, size: total } = openPlainSync(path);
  try {
    let bytes = Buffer.allocUnsafe(pieceBytes);
    let kept = 0;
    for (let done = 0; ;) {
      if (kept === bytes.length) {
        if (kept >= longestElement)
          throw new WrongDocument(said`an entry of more than ${longestElement} bytes: it is no file of annotations`);
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
      throw new WrongDocument(said`it ends in the middle of its JSON document: it was not copied or downloaded whole`);
    return scanner.found;
  } finally {
    closeSync(file);
  }
}
