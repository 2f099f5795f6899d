/**
 * libjpeg-turbo through koffi: a third of the time sharp takes for a photograph. With its defaults (accurate DCT, smooth
 * upsampling) its pixels are PIL's, and so are sharp's.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { koffi } from '../../native-calls.ts';
import { runtimeFolder } from '../../runtime-folder.ts';

/** Constants of turbojpeg.h. */
const decompressing = 1;
const widthParameter = 5;
const heightParameter = 6;
const rgb = 0;

function open() {
  const path = join(runtimeFolder(), 'turbojpeg', 'libturbojpeg.so.0');
  if (!existsSync(path)) return null;
  const library = koffi.load(path);
  // Handles are declared int64_t, so that they are plain numbers here.
  return {
    handle: library.func('int64_t tj3Init(int)')(decompressing) as number,
    header: library.func('int tj3DecompressHeader(int64_t, const void*, size_t)') as (
      ...given: [handle: number, bytes: Uint8Array, length: number]
    ) => number,
    get: library.func('int tj3Get(int64_t, int)') as (handle: number, parameter: number) => number,
    decompress: library.func('int tj3Decompress8(int64_t, const void*, size_t, void*, int, int)') as (
      ...given: [
        ...[handle: number, bytes: Uint8Array, length: number],
        ...[target: Uint8Array, pitch: number, format: number],
      ]
    ) => number,
  };
}

/** Null if set-up could not install it. */
const turbo = open();

export const hasTurboJpeg = turbo !== null;

/**
 * RGB, row by row, of a JPEG file whose size is known; null if the library is missing or reports any error; the caller
 * then decodes with sharp, which gives the reason.
 */
export function decodeByTurboJpeg(bytes: Uint8Array, width: number, height: number): Uint8Array | null {
  if (turbo === null) return null;
  const { handle, header, get, decompress } = turbo;
  if (header(handle, bytes, bytes.length) !== 0) return null;
  // The size it writes comes from its own reading of the header.
  if (get(handle, widthParameter) !== width || get(handle, heightParameter) !== height) return null;
  const pixels = Buffer.allocUnsafe(width * height * 3);
  return decompress(handle, bytes, bytes.length, pixels, 0, rgb) === 0 ? pixels : null;
}
