/**
 * PIL's resize, to the bit: separable, with antialiasing (the filter widens when shrinking), horizontal pass first,
 * 8 bits between the passes, coefficients in 22-bit fixed point. The crop comes first, so that the filter never sees
 * pixels outside it. Only the wanted window of the result is computed.
 */
import type { Box } from '../../protocol/augmentation.ts';
import { bytesAt, kernels, newFrame, roomBeside, wordsAt, type Frame, type TapsArguments } from './kernels.ts';

export type Interpolation = 'bilinear' | 'bicubic';

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

/** Bits after the point of a weight: of 32, 8 are the pixel's and 2 for the overshoot of negative weights. */
const precision = 32 - 8 - 2;

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

const tapsBytes = ({ taps }: Taps, outputs: number): number => 4 * outputs * (taps + 2);

/** Copies the taps of some outputs to the kernels' memory and returns them as arguments. */
function placeTaps(
  { taps, first, count, weights }: Taps,
  from: number,
  outputs: number,
  address: number,
): TapsArguments {
  const words = wordsAt(address, outputs * (taps + 2));
  words.set(first.subarray(from, from + outputs));
  words.set(count.subarray(from, from + outputs), outputs);
  words.set(weights.subarray(from * taps, (from + outputs) * taps), 2 * outputs);
  return [address, address + 4 * outputs, address + 8 * outputs, taps];
}

/** Source rows in the kernels' memory at a time: large pictures pass through it in bands. */
const bandBytes = 1 << 20;

/** Crops `crop` out of the source, resizes that to `width` x `height`, and makes a frame of a window of the result (all of it by default). */
export function resample(
  source: { readonly pixels: Uint8Array; readonly width: number; readonly channels: number },
  crop: Box,
  width: number,
  height: number,
  interpolation: Interpolation,
  window: Box = { left: 0, top: 0, width, height },
): Frame {
  const { channels, pixels } = source;
  if (channels !== 1 && channels !== 3)
    throw new RangeError(`Images of ${channels} channels cannot be resized; 1 or 3 can.`);
  // An axis whose size does not change has one tap of weight 1, so a pass over it changes nothing.
  const columns = tapsFor(crop.width, width, interpolation);
  const rows = tapsFor(crop.height, height, interpolation);
  const firstRow = rows.first[window.top]!;
  const lastOut = window.top + window.height - 1;
  const neededRows = rows.first[lastOut]! + rows.count[lastOut]! - firstRow;
  const sourceLine = source.width * channels;
  const line = window.width * channels;
  const bandRows = Math.min(neededRows, Math.max(1, Math.floor(bandBytes / sourceLine)));

  const frame = newFrame(window.width, window.height, channels);
  const [band, between, columnTaps, rowTaps] = roomBeside(
    frame,
    bandRows * sourceLine,
    neededRows * line,
    tapsBytes(columns, window.width),
    tapsBytes(rows, window.height),
  );
  const acrossTaps = placeTaps(columns, window.left, window.width, columnTaps);
  const downTaps = placeTaps(rows, window.top, window.height, rowTaps);
  for (let y = 0; y < neededRows; y += bandRows) {
    const count = Math.min(bandRows, neededRows - y);
    const from = (crop.top + firstRow + y) * sourceLine + crop.left * channels;
    const given = pixels.subarray(from, from + (count - 1) * sourceLine + crop.width * channels);
    bytesAt(band, given.length).set(given);
    kernels.horizontal(band, sourceLine, count, ...acrossTaps, window.width, channels, between + y * line);
  }
  // Rows are counted from the top of the crop.
  kernels.vertical(between - firstRow * line, line, window.height, ...downTaps, frame.address);
  return frame;
}
