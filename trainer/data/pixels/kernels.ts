/** The compiled pixel kernels (`trainer/kernels`) and the memory they share with this thread. */
import { kernelsModule } from './kernels-module.ts';

/** Inputs of a resampling pass for each output: see `trainer/kernels`. */
export type TapsArguments = readonly [first: number, count: number, weights: number, taps: number];

/** Addresses and sizes are in bytes; each kernel is documented in its source. */
interface Kernels {
  horizontal(
    ...given: readonly [
      ...[source: number, line: number, rows: number],
      ...TapsArguments,
      ...[columns: number, channels: number, target: number],
    ]
  ): void;
  vertical(
    ...given: readonly [...[source: number, line: number, rows: number], ...TapsArguments, ...[target: number]]
  ): void;
  blur(
    pixels: number,
    width: number,
    height: number,
    channels: number,
    reach: number,
    weight: number,
    edgeWeight: number,
    scratch: number,
  ): void;
  flip(pixels: number, width: number, height: number, channels: number): void;
  blend(pixels: number, length: number, level: number, factor: number): void;
  sum(pixels: number, length: number): number;
  lumaSum(pixels: number, length: number): number;
  grayscale(pixels: number, length: number): void;
  solarize(pixels: number, length: number, threshold: number): void;
  saturation(pixels: number, length: number, factor: number): void;
  hue(pixels: number, length: number, shift: number): void;
  lookUp(pixels: number, count: number, step: number, tables: number, channels: number, target: number): void;
}

/** The part of WebAssembly in use: TypeScript declares it for browsers only. */
declare const WebAssembly: {
  readonly Memory: new (descriptor: { readonly initial: number }) => {
    readonly buffer: ArrayBuffer;
    grow(pages: number): number;
  };
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object, imports: object) => { readonly exports: unknown };
};

const pageBytes = 65_536;
/** Bytes a kernel may touch beyond its arguments. */
const beyond = 16;

const memory = new WebAssembly.Memory({ initial: 1 });
const instance = new WebAssembly.Instance(new WebAssembly.Module(Buffer.from(kernelsModule, 'base64')), {
  env: { memory },
});
export const kernels = instance.exports as Kernels;

/** The compiled module may keep constants before it. */
const frameAddress = 1024;

/**
 * An 8-bit picture in kernel memory, interleaved, row by row. There is only one at a time: creating the next replaces
 * it, so a view must be drawn, changed and read before another begins.
 */
export interface Frame {
  readonly address: number;
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  /** Bytes. */
  readonly length: number;
}

const padded = (bytes: number): number => Math.ceil((bytes + beyond) / beyond) * beyond;

function reserve(end: number): void {
  const missing = end - memory.buffer.byteLength;
  if (missing > 0) memory.grow(Math.ceil(missing / pageBytes));
}

/** A frame of this size with undefined contents. */
export function newFrame(width: number, height: number, channels: number): Frame {
  const length = width * height * channels;
  reserve(frameAddress + padded(length));
  return { address: frameAddress, width, height, channels, length };
}

/** A view of the current memory; create it again after making room. */
export const bytesAt = (address: number, length: number): Uint8Array => new Uint8Array(memory.buffer, address, length);
export const wordsAt = (address: number, length: number): Int32Array => new Int32Array(memory.buffer, address, length);
export const floatsAt = (address: number, length: number): Float32Array =>
  new Float32Array(memory.buffer, address, length);

/** A frame with a copy of these pixels. */
export function frameOf(pixels: Uint8Array, width: number, height: number, channels: number): Frame {
  const frame = newFrame(width, height, channels);
  bytesAt(frame.address, frame.length).set(pixels);
  return frame;
}

/** A copy of what is in a frame. */
export const pixelsOf = ({ address, length }: Frame): Uint8Array => bytesAt(address, length).slice();

/** Writes a frame at `offset` of `target`, in as many channels; one becomes three where three are wanted. */
export function writeLevels(frame: Frame, channels: number, target: Uint8Array, offset: number): void {
  const levels = bytesAt(frame.address, frame.length);
  if (channels === frame.channels) target.set(levels, offset);
  else levels.forEach((level, at) => target.fill(level, offset + at * channels, offset + (at + 1) * channels));
}

/**
 * Allocates buffers of these sizes (bytes) beside a frame and returns their addresses, multiples of 16. Their previous
 * contents are lost.
 */
export function roomBeside<Sizes extends readonly number[]>(
  frame: Frame,
  ...sizes: Sizes
): { readonly [Key in keyof Sizes]: number } {
  let end = frame.address + padded(frame.length);
  const addresses = sizes.map((size) => {
    const address = end;
    end += padded(size);
    return address;
  });
  reserve(end);
  return addresses as { readonly [Key in keyof Sizes]: number };
}
