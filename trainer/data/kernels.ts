/** The compiled pixel kernels (`trainer/kernels`) and the memory they share with this thread. */
import { kernelsModule } from './kernels-module.ts';

/** What a resampling pass reads of each output: see `trainer/kernels`. */
export type TapsArguments = readonly [first: number, count: number, weights: number, taps: number];

/** Addresses and sizes are bytes; what each does is said beside its source. */
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
  blend(pixels: number, length: number, level: number, factor: number): void;
  lumaSum(pixels: number, length: number): number;
  saturation(pixels: number, length: number, factor: number): void;
  hue(pixels: number, length: number, shift: number): void;
}

/** What is used of WebAssembly: TypeScript declares it for browsers only. */
declare const WebAssembly: {
  readonly Memory: new (descriptor: { readonly initial: number }) => {
    readonly buffer: ArrayBuffer;
    grow(pages: number): number;
  };
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object, imports: object) => { readonly exports: unknown };
};

const pageBytes = 65_536;
/** What a kernel may touch beyond its arguments. */
const beyond = 16;

const memory = new WebAssembly.Memory({ initial: 1 });
const instance = new WebAssembly.Instance(new WebAssembly.Module(Buffer.from(kernelsModule, 'base64')), {
  env: { memory },
});
export const kernels = instance.exports as Kernels;

/** Makes room for parts of these sizes, one after the other, and gives their addresses. What lay there before is lost. */
export function room<Sizes extends readonly number[]>(...sizes: Sizes): { readonly [Key in keyof Sizes]: number } {
  // The compiled module may keep constants at the beginning.
  let end = 1024;
  const addresses = sizes.map((size) => {
    const address = end;
    end += Math.ceil((size + beyond) / beyond) * beyond;
    return address;
  });
  const missing = end - memory.buffer.byteLength;
  if (missing > 0) memory.grow(Math.ceil(missing / pageBytes));
  return addresses as { readonly [Key in keyof Sizes]: number };
}

/** The memory as it is now: asked anew after `room`. */
export const bytesAt = (address: number, length: number): Uint8Array => new Uint8Array(memory.buffer, address, length);
export const wordsAt = (address: number, length: number): Int32Array => new Int32Array(memory.buffer, address, length);
