/**
 * PIL's resize, to the bit: separable, with antialiasing (the filter widens when shrinking), horizontal pass first,
 * 8 bits between the passes, coefficients in 22-bit fixed point. The crop comes first, so that the filter never sees
 * pixels outside it. Only the wanted window of the result is computed.
 */

export type Interpolation = 'bilinear' | 'bicubic';

export interface Box {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

interface Filter {
  readonly support: number;
  readonly weight: (x: number) => number;
}

const filters: Readonly<Record<Interpolation, Filter>> = {
  bilinear: { support: 1, weight: (x) => Math.max(0, 1 - Math.abs(x)) },
  // Keys' cubic with a = -0.5.
  bicubic: {
    support: 2,
    weight: (signed) => {
      const x = Math.abs(signed);
      if (x < 1) return (1.5 * x - 2.5) * x * x + 1;
      if (x < 2) return (((x - 5) * x + 8) * x - 4) * -0.5;
      return 0;
    },
  },
};

/** 8 bits for the pixel, 2 for the overshoot of negative weights, the rest for the weight. */
const precision = 32 - 8 - 2;
const half = 1 << (precision - 1);

/** For output i: `taps` weights from `weights[i * taps]`, over inputs from `first[i]`, of which `count[i]` are used. */
interface Taps {
  readonly taps: number;
  readonly first: Int32Array;
  readonly count: Int32Array;
  readonly weights: Int32Array;
}

function computeTaps(inSize: number, outSize: number, interpolation: Interpolation): Taps {
  const { support: unit, weight } = filters[interpolation];
  const scale = inSize / outSize;
  const stretch = Math.max(1, scale);
  const support = unit * stretch;
  const taps = Math.ceil(support) * 2 + 1;
  const first = new Int32Array(outSize);
  const count = new Int32Array(outSize);
  const weights = new Int32Array(outSize * taps);
  const row = new Float64Array(taps);
  for (let out = 0; out < outSize; out++) {
    const centre = (out + 0.5) * scale;
    const start = Math.max(0, Math.trunc(centre - support + 0.5));
    const end = Math.min(inSize, Math.trunc(centre + support + 0.5));
    let sum = 0;
    for (let i = start; i < end; i++) {
      const w = weight((i - centre + 0.5) * (1 / stretch));
      row[i - start] = w;
      sum += w;
    }
    for (let i = 0; i < end - start; i++) {
      const w = sum === 0 ? row[i]! : row[i]! / sum;
      weights[out * taps + i] = Math.trunc(w * (1 << precision) + (w < 0 ? -0.5 : 0.5));
    }
    first[out] = start;
    count[out] = end - start;
  }
  return { taps, first, count, weights };
}

const cache = new Map<string, Taps>();
let cachedBytes = 0;
const cacheLimitBytes = 16 << 20;

function tapsFor(inSize: number, outSize: number, interpolation: Interpolation): Taps {
  const key = `${inSize} ${outSize} ${interpolation}`;
  const known = cache.get(key);
  if (known) return known;
  const taps = computeTaps(inSize, outSize, interpolation);
  if (cachedBytes > cacheLimitBytes) {
    cache.clear();
    cachedBytes = 0;
  }
  cache.set(key, taps);
  cachedBytes += taps.weights.byteLength + taps.first.byteLength * 2;
  return taps;
}

function clip(sum: number): number {
  const value = sum >> precision;
  return value < 0 ? 0 : value > 255 ? 255 : value;
}

/** Memory of the pass between, kept from image to image. */
let between = new Uint8Array(0);

function horizontal1(
  source: Uint8Array,
  sourceWidth: number,
  crop: Box,
  firstRow: number,
  rows: number,
  { taps, first, count, weights }: Taps,
  from: number,
  columns: number,
): void {
  for (let y = 0; y < rows; y++) {
    const line = (crop.top + firstRow + y) * sourceWidth + crop.left;
    for (let x = 0; x < columns; x++) {
      const out = from + x;
      const start = line + first[out]!;
      const n = count[out]!;
      const w = out * taps;
      let sum = half;
      for (let k = 0; k < n; k++) sum = (sum + Math.imul(source[start + k]!, weights[w + k]!)) | 0;
      between[y * columns + x] = clip(sum);
    }
  }
}

function horizontal3(
  source: Uint8Array,
  sourceWidth: number,
  crop: Box,
  firstRow: number,
  rows: number,
  { taps, first, count, weights }: Taps,
  from: number,
  columns: number,
): void {
  for (let y = 0; y < rows; y++) {
    const line = ((crop.top + firstRow + y) * sourceWidth + crop.left) * 3;
    let to = y * columns * 3;
    for (let x = 0; x < columns; x++) {
      const out = from + x;
      let at = line + first[out]! * 3;
      const n = count[out]!;
      const w = out * taps;
      let red = half;
      let green = half;
      let blue = half;
      for (let k = 0; k < n; k++) {
        const weight = weights[w + k]!;
        red = (red + Math.imul(source[at]!, weight)) | 0;
        green = (green + Math.imul(source[at + 1]!, weight)) | 0;
        blue = (blue + Math.imul(source[at + 2]!, weight)) | 0;
        at += 3;
      }
      between[to] = clip(red);
      between[to + 1] = clip(green);
      between[to + 2] = clip(blue);
      to += 3;
    }
  }
}

function vertical(
  target: Uint8Array,
  firstRow: number,
  { taps, first, count, weights }: Taps,
  from: number,
  rows: number,
  line: number,
): void {
  for (let y = 0; y < rows; y++) {
    const out = from + y;
    const start = (first[out]! - firstRow) * line;
    const n = count[out]!;
    const w = out * taps;
    const to = y * line;
    for (let i = 0; i < line; i++) {
      let sum = half;
      let at = start + i;
      for (let k = 0; k < n; k++) {
        sum = (sum + Math.imul(between[at]!, weights[w + k]!)) | 0;
        at += line;
      }
      target[to + i] = clip(sum);
    }
  }
}

/**
 * Crops `crop` out of the source, resizes that to `width` x `height`, and writes the window `window` of the result
 * (all of it by default) into `target`.
 */
export function resample(
  source: { readonly pixels: Uint8Array; readonly width: number; readonly channels: number },
  crop: Box,
  width: number,
  height: number,
  interpolation: Interpolation,
  target: Uint8Array,
  window: Box = { left: 0, top: 0, width, height },
): void {
  const { channels } = source;
  // An axis whose size does not change has one tap of weight 1, so a pass over it changes nothing.
  const columns = tapsFor(crop.width, width, interpolation);
  const rows = tapsFor(crop.height, height, interpolation);
  const firstRow = rows.first[window.top]!;
  const lastOut = window.top + window.height - 1;
  const neededRows = rows.first[lastOut]! + rows.count[lastOut]! - firstRow;
  const needed = neededRows * window.width * channels;
  if (between.length < needed) between = new Uint8Array(needed);
  const pass = channels === 3 ? horizontal3 : horizontal1;
  if (channels !== 1 && channels !== 3)
    throw new RangeError(`Images of ${channels} channels cannot be resized; 1 or 3 can.`);
  pass(source.pixels, source.width, crop, firstRow, neededRows, columns, window.left, window.width);
  vertical(target, firstRow, rows, window.top, window.height, window.width * channels);
}
