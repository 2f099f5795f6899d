/**
 * What a classifier took each image of a split for: a file of an evaluation, compressed, below `results/`. A line of JSON with
 * the names of the classes, then of all images, in the order of the split, 16-bit numbers, little-endian: the class that they
 * are of, the class that they were taken for, and how sure that was.
 */
import * as v from 'valibot';

export interface Guesses {
  /** The class that each image was taken for, [images]; `noClass` where no score was finite. */
  readonly guesses: Uint16Array;
  /** The share of that class among all, [images]: of probabilities or of votes, in parts of `wholeShare`. */
  readonly shares: Uint16Array;
}

export interface Predictions extends Guesses {
  readonly names: readonly string[];
  /** The true classes, [images]. */
  readonly labels: Uint16Array;
}

/** An image that was taken for no class. */
export const noClass = 0xffff;
/** Stands for a share of 1. */
export const wholeShare = 0xffff;
/** Numbers of 2 bytes each that an image has. */
const numbersPerImage = 3;

const Head = v.strictObject({ names: v.array(v.string()) });

/** The parts of the file, uncompressed. */
export function packPredictions({ names, labels, guesses, shares }: Predictions): readonly Uint8Array[] {
  const images = labels.length;
  const numbers = new DataView(new ArrayBuffer(2 * numbersPerImage * images));
  for (const [nth, part] of [labels, guesses, shares].entries())
    part.forEach((number, at) => numbers.setUint16(2 * (nth * images + at), number, true));
  return [new TextEncoder().encode(`${JSON.stringify({ names })}\n`), new Uint8Array(numbers.buffer)];
}

/** Reads the file's contents. @throws Error, which says what is wrong with them */
export function unpackPredictions(bytes: Uint8Array): Predictions {
  const end = bytes.indexOf('\n'.charCodeAt(0));
  if (end === -1) throw new Error('the names of its classes are missing');
  const { names } = v.parse(Head, JSON.parse(new TextDecoder().decode(bytes.subarray(0, end))));
  const rest = bytes.subarray(end + 1);
  const images = rest.length / (2 * numbersPerImage);
  if (!Number.isInteger(images)) throw new Error(`${rest.length} bytes are no whole number of images`);
  const numbers = new DataView(rest.buffer, rest.byteOffset, rest.byteLength);
  const part = (nth: number): Uint16Array =>
    Uint16Array.from({ length: images }, (_, at) => numbers.getUint16(2 * (nth * images + at), true));
  const [labels, guesses, shares] = [part(0), part(1), part(2)];
  const isClass = (label: number): boolean => label < names.length;
  if (!labels.every(isClass) || !guesses.every((guess) => guess === noClass || isClass(guess)))
    throw new Error(`a class is none of the ${names.length} that have names`);
  return { names, labels, guesses, shares };
}
