/**
 * The first frame of a GIF file, as PIL reads it: transparent pixels have their colour in the palette, what the frame
 * leaves free has the transparent colour or colour 0, a frame that reaches over the screen extends it.
 */
import { UnusableImage } from '../unusable-image.ts';
import { Fields } from './fields.ts';
import { fullPalette, writeColours, type Rows } from './rows.ts';
import { said } from '../../protocol/sentence.ts';

/** Palette of a file without one. */
const greys = Uint8Array.from({ length: 768 }, (_, i) => Math.floor(i / 3));

const damaged = () => new UnusableImage(said`a damaged or truncated GIF file that cannot be decoded`);

interface Frame {
  /** The screen, extended to hold the frame. */
  readonly width: number;
  readonly height: number;
  readonly left: number;
  readonly top: number;
  readonly columns: number;
  readonly rows: number;
  /** Null for a frame without one: its indices are grey levels. */
  readonly palette: Uint8Array | null;
  readonly transparent: number | null;
  readonly interlaced: boolean;
  /** Place of the byte that tells the size of the first codes. */
  readonly start: number;
}

/** Place after a chain of blocks. */
function afterBlocks(fields: Fields, at: number): number {
  for (;;) {
    const length = fields.u8(at);
    at += length + 1;
    if (length === 0) return at;
  }
}

function firstFrame(bytes: Uint8Array): Frame {
  const fields = new Fields(bytes, 'GIF', true);
  const tableBytes = (flags: number) => 3 << ((flags & 7) + 1);
  const screenFlags = fields.u8(10);
  let at = 13;
  let palette: Uint8Array | null = null;
  if (screenFlags & 0x80) {
    palette = fields.slice(at, tableBytes(screenFlags));
    at += palette.length;
  }
  let transparent: number | null = null;
  for (;;) {
    const kind = fields.u8(at++);
    if (kind === 0x21) {
      // A graphic control extension: its flags, a delay, the transparent index.
      if (fields.u8(at) === 0xf9 && fields.u8(at + 1) >= 4 && fields.u8(at + 2) & 1) transparent = fields.u8(at + 5);
      at = afterBlocks(fields, at + 1);
    } else if (kind === 0x2c) break;
    else if (kind === 0x3b) throw new UnusableImage(said`a GIF file without a picture`);
  }
  const [left, top, columns, rows] = [fields.u16(at), fields.u16(at + 2), fields.u16(at + 4), fields.u16(at + 6)];
  const flags = fields.u8(at + 8);
  at += 9;
  if (flags & 0x80) {
    palette = fields.slice(at, tableBytes(flags));
    at += palette.length;
  }
  return {
    left,
    top,
    columns,
    rows,
    palette,
    transparent,
    width: Math.max(fields.u16(6), left + columns),
    height: Math.max(fields.u16(8), top + rows),
    interlaced: (flags & 0x40) !== 0,
    start: at,
  };
}

const mostCodes = 4096;

/** LZW with codes of growing width, the low bits first (GIF89a specification, appendix F). */
function decompress(bytes: Uint8Array, start: number, total: number): Uint8Array {
  const codeBits = bytes[start] ?? 0;
  if (codeBits < 1 || codeBits > 8) throw damaged();
  const clear = 1 << codeBits;
  const output = new Uint8Array(total);
  // A code stands for the string of code `prefix` and the index `suffix`.
  const prefix = new Uint16Array(mostCodes);
  const suffix = new Uint8Array(mostCodes);
  const length = new Uint16Array(mostCodes).fill(1);
  /** The first index of the string of a code. */
  const first = new Uint8Array(mostCodes);
  for (let code = 0; code < clear; code++) suffix[code] = first[code] = code;
  let filled = 0;
  let [next, width, last] = [clear + 2, codeBits + 1, -1];
  let [at, left, bits, held] = [start + 1, 0, 0, 0];

  /** Writes a string backwards and returns its first index. */
  const write = (code: number): number => {
    const end = filled + length[code]!;
    for (let to = end - 1; to > filled; to--, code = prefix[code]!) if (to < total) output[to] = suffix[code]!;
    if (filled < total) output[filled] = suffix[code]!;
    filled = end;
    return suffix[code]!;
  };

  while (filled < total) {
    while (held < width) {
      if (left === 0) {
        left = bytes[at++] ?? 0;
        if (left === 0) throw damaged();
      }
      if (at >= bytes.length) throw damaged();
      bits |= bytes[at++]! << held;
      held += 8;
      left--;
    }
    const code = bits & ((1 << width) - 1);
    bits >>>= width;
    held -= width;
    if (code === clear) [next, width, last] = [clear + 2, codeBits + 1, -1];
    else if (code === clear + 1) throw damaged();
    else if (last < 0) {
      if (code > clear) throw damaged();
      write(code);
      last = code;
    } else {
      if (code > next || (code === next && next === mostCodes)) throw damaged();
      if (next < mostCodes) {
        prefix[next] = last;
        length[next] = length[last]! + 1;
        first[next] = first[last]!;
        // The string of a code that is not complete yet begins as the one before it.
        suffix[next] = first[code === next ? last : code]!;
        next++;
        if (next === 1 << width && width < 12) width++;
      }
      write(code);
      last = code;
    }
  }
  return output;
}

/** Rows of an interlaced frame in the order of the file: every 8th, the 4th between, and so on. */
function rowOrder(rows: number): Uint32Array {
  const order = new Uint32Array(rows);
  let stored = 0;
  for (const [first, step] of [
    [0, 8],
    [4, 8],
    [2, 4],
    [1, 2],
  ] as const) {
    for (let y = first; y < rows; y += step) order[y] = stored++;
  }
  return order;
}

function openRows(bytes: Uint8Array, frame: Frame): Rows {
  const { width, height, left, top, columns, rows, interlaced, transparent } = frame;
  const indices = decompress(bytes, frame.start, columns * rows);
  const palette = frame.palette === null ? greys : fullPalette(frame.palette);
  const order = interlaced ? rowOrder(rows) : null;
  const line = new Uint8Array(width);
  return {
    width,
    height,
    read(y, into) {
      line.fill(transparent ?? 0);
      const row = y - top;
      if (row >= 0 && row < rows) {
        const from = (order === null ? row : order[row]!) * columns;
        line.set(indices.subarray(from, from + columns), left);
      }
      writeColours(line, palette, into);
    },
  };
}

export function gif(bytes: Uint8Array): Pick<Rows, 'width' | 'height'> & { open(): Rows } {
  const frame = firstFrame(bytes);
  return { width: frame.width, height: frame.height, open: () => openRows(bytes, frame) };
}
