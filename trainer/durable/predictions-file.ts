/** Bytes of the file with what a classifier took each image for (`protocol/predictions.ts`), uncompressed. */
import * as v from 'valibot';
import { noClass, type Predictions } from '../protocol/predictions.ts';

/** Numbers of 2 bytes each that an image has. */
const numbersPerImage = 3;

const Head = v.strictObject({ names: v.array(v.string()) });

/** The parts of the file, uncompressed. */
export function packPredictions({ names, labels, guesses, shares }: Predictions): readonly Uint8Array[] {
  const images = labels.length;
  const numbers = new DataView(new ArrayBuffer(2 * numbersPerImage * images));
  for (const [nth, part] of [labels, guesses, shares].entries())
    part.forEach((number, at) => numbers.setUint16(2 * (nth * images + at), number, true));
  return [Buffer.from(`${JSON.stringify({ names })}\n`), new Uint8Array(numbers.buffer)];
}

/** Reads the file's contents. @throws Error, which says what is wrong with them */
export function unpackPredictions(bytes: Uint8Array): Predictions {
  const end = bytes.indexOf('\n'.charCodeAt(0));
  if (end === -1) throw new Error('the names of its classes are missing');
  const { names } = v.parse(Head, JSON.parse(Buffer.from(bytes.subarray(0, end)).toString()));
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
