/**
 * PIL's resize, to the bit: separable, with antialiasing (the filter widens when shrinking), 8 bits between the passes,
 * coefficients in 22-bit fixed point. Which pass comes first depends on the version. The crop comes first, so that the
 * filter never sees pixels outside it. Only the wanted window of the result is computed.
 */
import type { Box } from '../../protocol/augmentation.ts';
import type { Resizing } from '../../protocol/run.ts';
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

type Source = { readonly pixels: Uint8Array; readonly width: number; readonly channels: number };

/** One resize: the taps of both axes, of which a window is wanted. */
interface Passes {
  readonly source: Source;
  readonly crop: Box;
  readonly columns: Taps;
  readonly rows: Taps;
  readonly window: Box;
}

/** First input that outputs read, and how many from there on. */
function inputsOf({ first, count }: Taps, from: number, outputs: number): readonly [start: number, inputs: number] {
  const start = first[from]!;
  const last = from + outputs - 1;
  return [start, first[last]! + count[last]! - start];
}

/** Every row that is needed becomes as narrow as the window, then these rows are mixed. */
function acrossFirst({ source, crop, columns, rows, window }: Passes): Frame {
  const { channels, pixels } = source;
  const [firstRow, neededRows] = inputsOf(rows, window.top, window.height);
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

/** Outputs of the pass down whose inputs of `line` bytes a row fit into a band together; one at least. */
function bandsOf(rows: Taps, window: Box, line: number): readonly (readonly [from: number, outputs: number])[] {
  const bands: [number, number][] = [];
  for (let row = window.top; row < window.top + window.height; row++) {
    const open = bands.at(-1);
    if (open !== undefined && inputsOf(rows, open[0], open[1] + 1)[1] * line <= bandBytes) open[1]++;
    else bands.push([row, 1]);
  }
  return bands;
}

/** The rows of the window are mixed at the width that is needed, then become as narrow as the window. */
function downFirst({ source, crop, columns, rows, window }: Passes): Frame {
  const { channels, pixels } = source;
  const [firstColumn, neededColumns] = inputsOf(columns, window.left, window.width);
  const sourceLine = source.width * channels;
  const line = neededColumns * channels;
  const bands = bandsOf(rows, window, line);
  const largest = Math.max(...bands.map(([from, outputs]) => inputsOf(rows, from, outputs)[1]));

  const frame = newFrame(window.width, window.height, channels);
  const [band, between, columnTaps, rowTaps] = roomBeside(
    frame,
    largest * line,
    window.height * line,
    tapsBytes(columns, window.width),
    tapsBytes(rows, window.height),
  );
  const acrossTaps = placeTaps(columns, window.left, window.width, columnTaps);
  for (const [from, outputs] of bands) {
    const [start, inputs] = inputsOf(rows, from, outputs);
    const given = bytesAt(band, inputs * line);
    for (let y = 0; y < inputs; y++) {
      const at = (crop.top + start + y) * sourceLine + (crop.left + firstColumn) * channels;
      given.set(pixels.subarray(at, at + line), y * line);
    }
    const downTaps = placeTaps(rows, from, outputs, rowTaps);
    kernels.vertical(band - start * line, line, outputs, ...downTaps, between + (from - window.top) * line);
  }
  // Columns are counted from the left of the crop.
  const left = between - firstColumn * channels;
  kernels.horizontal(left, line, window.height, ...acrossTaps, window.width, channels, frame.address);
  return frame;
}

/** Whether the pass down comes before the pass across. */
function isDownFirst(resizing: Resizing, from: Pick<Box, 'width' | 'height'>, width: number, height: number): boolean {
  const [narrower, lower] = [from.width - width, from.height - height];
  switch (resizing) {
    case 'pillow-13':
      return lower > 0 && lower > 2 * narrower;
    case 'pillow-12.2':
      return lower > 0 && from.height > 100 * from.width;
    case 'pillow-12.1':
      return false;
  }
}

/** Crops `crop` out of the source, resizes that to `width` x `height`, and makes a frame of a window of the result (all of it by default). */
export function resample(
  source: Source,
  crop: Box,
  width: number,
  height: number,
  { interpolation, resizing }: { readonly interpolation: Interpolation; readonly resizing: Resizing },
  window: Box = { left: 0, top: 0, width, height },
): Frame {
  const { channels } = source;
  if (channels !== 1 && channels !== 3)
    throw new RangeError(`Images of ${channels} channels cannot be resized; 1 or 3 can.`);
  // An axis whose size does not change has one tap of weight 1, so a pass over it changes nothing.
  const columns = tapsFor(crop.width, width, interpolation);
  const rows = tapsFor(crop.height, height, interpolation);
  const passes = { source, crop, columns, rows, window };
  return isDownFirst(resizing, crop, width, height) ? downFirst(passes) : acrossFirst(passes);
}
