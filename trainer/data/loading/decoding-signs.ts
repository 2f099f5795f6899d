/**
 * Signs in shared memory by which a loader sees, without a message, which images a decoding worker is decoding: should the
 * worker hang or die, one of them is to blame. No more than two stores for an image.
 */
import { openSync, writeSync } from 'node:fs';
import { diskFault } from '../../durable/disk-fault.ts';
import type { DamagedFile } from '../../protocol/left-out.ts';

/** An image by its place: 0 is the data set, 1 what its images are paired with. */
export interface ImagePlace {
  readonly source: number;
  readonly index: number;
}

/** An image at which a worker hung or died. */
export interface BlamedImage extends ImagePlace, Readonly<Omit<DamagedFile, 'split'>> {}

export const placeKey = ({ source, index }: ImagePlace): string => `${source} ${index}`;

/** Decodings that a worker has begun at once: the images of a batch of pictures, far fewer than these. */
const mostAtOnce = 1024;
const words = 3;

/** Plain data: [mostAtOnce, 3], number of the decoding from 1 on (0: none), source, index. */
export type DecodingSigns = Int32Array<SharedArrayBuffer>;

/** Bytes of a worker's signs. */
export const signBytes = 4 * words * mostAtOnce;

export const noSigns = (): DecodingSigns => new Int32Array(new SharedArrayBuffer(signBytes));

export interface Decoding extends ImagePlace {
  /** Different for each decoding of a worker. */
  readonly number: number;
}

/** The decodings that are going on. */
export function decodingsOf(signs: DecodingSigns): Decoding[] {
  const found: Decoding[] = [];
  for (let at = 0; at < signs.length; at += words) {
    const number = Atomics.load(signs, at);
    if (number !== 0) found.push({ number, source: signs[at + 1]!, index: signs[at + 2]! });
  }
  return found;
}

/** A part of a file that a worker's signs are written to. */
export interface NotePlace {
  readonly path: string;
  /** Bytes before it. */
  readonly from: number;
}

/**
 * What writes one sign: some microseconds, and only to the system's memory, which outlives the process. What the disk refuses is not
 * written: a crash then costs the attempt, or a picture is examined that is not to blame. Neither is a reason not to decode.
 */
function noteIn({ path, from }: NotePlace, signs: DecodingSigns): ((at: number) => void) | null {
  const unlessRefused = <T>(write: () => T): T | null => {
    try {
      return write();
    } catch (error) {
      if (diskFault(error, path) === null) throw error;
      return null;
    }
  };
  const file = unlessRefused(() => openSync(path, 'r+'));
  if (file === null) return null;
  const write = (bytes: Uint8Array | Int32Array, at: number): void => {
    unlessRefused(() => writeSync(file, bytes, 0, bytes.byteLength, from + at));
  };
  // A worker that this one replaces may have left some.
  write(new Uint8Array(signBytes), 0);
  return (at) => write(Int32Array.from(signs.subarray(at, at + words)), 4 * at);
}

/** A worker's side. */
export class DecodingLog {
  readonly #signs: DecodingSigns;
  readonly #free = Array.from({ length: mostAtOnce }, (_, place) => (mostAtOnce - 1 - place) * words);
  readonly #blamed = new Map<string, BlamedImage>();
  readonly #note: ((at: number) => void) | null;
  #number = 0;

  /** @param notes where the signs are also written, for the case that the process does not survive */
  constructor(signs: DecodingSigns, blamed: readonly BlamedImage[], notes: NotePlace | null) {
    this.#signs = signs;
    this.#note = notes && noteIn(notes, signs);
    for (const image of blamed) this.blame(image);
  }

  blame(image: BlamedImage): void {
    this.#blamed.set(placeKey(image), image);
  }

  /** An image that must not be decoded. */
  blamed(place: ImagePlace): BlamedImage | undefined {
    return this.#blamed.size === 0 ? undefined : this.#blamed.get(placeKey(place));
  }

  /** Decodes an image under a sign. */
  async during<T>({ source, index }: ImagePlace, decode: () => Promise<T>): Promise<T> {
    const at = this.#free.pop();
    if (at === undefined) throw new Error(`More than ${mostAtOnce} images are being decoded at once.`);
    this.#signs[at + 1] = source;
    this.#signs[at + 2] = index;
    Atomics.store(this.#signs, at, ++this.#number);
    this.#note?.(at);
    try {
      return await decode();
    } finally {
      Atomics.store(this.#signs, at, 0);
      this.#note?.(at);
      this.#free.push(at);
    }
  }
}
