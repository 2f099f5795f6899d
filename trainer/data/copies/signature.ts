/**
 * Perceptual signature of a picture: the lowest frequencies of its brightness. Which coefficients are positive is a
 * hash of 63 bits, as in pHash (Zauner, "Implementation and benchmarking of perceptual image hash functions", 2010, which
 * takes their median as the threshold); the values are a finer comparison of pictures whose hashes are close. Both are blind to
 * colour, size, brightness, contrast and saving with losses. Mirroring changes the signs of the odd horizontal
 * frequencies and nothing else, so one signature finds mirrored copies too.
 */
import { pixelsOf } from '../pixels/kernels.ts';
import { resample } from '../pixels/resample.ts';
import type { Pixels } from '../pixels/rows.ts';

/** Side of the reduced picture, and of the square of frequencies that is kept. */
const side = 16;
const kept = 8;
/** Values of a signature; the first, the mean brightness, is always 0. */
export const valueCount = kept * kept;
/** The hash is kept as this many words of 16 bits. */
export const wordCount = 4;

/** Deviation, in grey levels, below which a picture is plain: what saving with losses adds is not far below. */
const leastContrast = 4;
/**
 * Number of coefficients the energy must be spread over, as (sum e)^2 / sum e^2. An even ramp has 1.4 and all ramps are alike;
 * photographs have 5 to 30.
 */
const leastSpread = 2;

export interface Signature {
  /** Unit vector of coefficients times their frequency, so that it is the picture's gradient; row by row, times 127. */
  readonly values: Int8Array;
  /** A bit for each value: whether it is clearly positive. */
  readonly hash: Uint16Array;
}

/** Orthonormal DCT-II: [kept, side]. */
const basis = Float64Array.from({ length: kept * side }, (_, at) => {
  const frequency = Math.floor(at / side);
  const scale = Math.sqrt((frequency === 0 ? 1 : 2) / side);
  return scale * Math.cos((Math.PI * ((at % side) + 0.5) * frequency) / side);
});

/** Word and bit of a coefficient. Neighbours are in different words, so each word has low and high frequencies. */
const wordOf = (at: number): number => ((at % kept) + Math.floor(at / kept)) % wordCount;
const bitOf = (at: number): number => 2 * Math.floor(at / kept) + Math.floor((at % kept) / wordCount);

/**
 * Bits are set for values above this, not above 0: most coefficients of simple pictures are nearly 0, and saving again
 * changes their signs.
 */
const bitThreshold = 1;

function hashOf(values: Int8Array): Uint16Array {
  const hash = new Uint16Array(wordCount);
  for (let at = 1; at < valueCount; at++) if (values[at]! > bitThreshold) hash[wordOf(at)]! |= 1 << bitOf(at);
  return hash;
}

/** Stays as it is: signatures of all inspections are compared. */
const resizing = { interpolation: 'bilinear', resizing: 'pillow-12.1' } as const;

/** Rows of a picture that are averaged to one are enough; more only take time. */
const rowsOfOne = 8;

const light = new Float64Array(side * side);
const across = new Float64Array(side * kept);

/** Brightness of the reduced picture, row by row. */
function reduce(picture: Pixels): void {
  const { width, height, channels } = picture;
  // Of a tall picture every nth row: as lines of n rows, of which the first is taken.
  const step = Math.max(1, Math.floor(height / (rowsOfOne * side)));
  const line = width * step;
  const rows = Math.floor(height / step);
  const source = { pixels: picture.pixels.subarray((step >> 1) * width * channels), width: line, channels };
  const pixels = pixelsOf(resample(source, { left: 0, top: 0, width, height: rows }, side, side, resizing));
  for (let at = 0, from = 0; at < light.length; at++, from += channels) {
    light[at] =
      channels === 1 ? pixels[from]! : 0.299 * pixels[from]! + 0.587 * pixels[from + 1]! + 0.114 * pixels[from + 2]!;
  }
}

/** The lowest coefficients of `light`, rows first. */
function transform(): Float64Array {
  for (let y = 0; y < side; y++)
    for (let u = 0; u < kept; u++) {
      let sum = 0;
      for (let x = 0; x < side; x++) sum += light[y * side + x]! * basis[u * side + x]!;
      across[y * kept + u] = sum;
    }
  const coefficients = new Float64Array(valueCount);
  for (let v = 0; v < kept; v++)
    for (let u = 0; u < kept; u++) {
      let sum = 0;
      for (let y = 0; y < side; y++) sum += across[y * kept + u]! * basis[v * side + y]!;
      coefficients[v * kept + u] = sum;
    }
  return coefficients;
}

/** @param picture of 1 or 3 channels. Null for one too plain to be told from others. */
export function signatureOf(picture: Pixels): Signature | null {
  reduce(picture);
  const coefficients = transform();
  let variance = 0;
  let energy = 0;
  let energySquared = 0;
  for (let at = 1; at < valueCount; at++) {
    variance += coefficients[at]! ** 2 / (side * side);
    coefficients[at]! *= Math.hypot(at % kept, Math.floor(at / kept));
    const own = coefficients[at]! ** 2;
    energy += own;
    energySquared += own ** 2;
  }
  if (variance < leastContrast ** 2 || energy ** 2 < leastSpread * energySquared) return null;
  const values = Int8Array.from(coefficients, (value, at) =>
    at === 0 ? 0 : Math.round((127 * value) / Math.sqrt(energy)),
  );
  return { values, hash: hashOf(values) };
}

/** The signature of the mirrored picture. */
export function mirrored({ values }: Signature): Signature {
  const turned = values.map((value, at) => (at % 2 === 1 ? -value : value));
  return { values: turned, hash: hashOf(turned) };
}

/** Sum of products of two vectors of values, the second within many. */
export function product(one: Int8Array, many: Int8Array, from: number): number {
  let sum = 0;
  for (let at = 0; at < valueCount; at++) sum += one[at]! * many[from + at]!;
  return sum;
}
