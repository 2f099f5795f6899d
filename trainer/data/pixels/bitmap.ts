/**
 * Windows and OS/2 bitmaps, as PIL reads them: 1, 4 and 8 bits with a palette, plain or run-length encoded, 16 bits by
 * 5-5-5 or 5-6-5, 24 and 32 bits; the fourth byte of 32 bits is dropped. Where PIL fails on a grey palette of 4 bits,
 * this reads it.
 */
import { UnusableImage } from '../unusable-image.ts';
import { Fields } from './fields.ts';
import { fullPalette, writeColours, type Rows } from './rows.ts';
import { said } from '../../protocol/sentence.ts';

const headerSizes: ReadonlySet<number> = new Set([12, 40, 52, 56, 64, 108, 124]);

interface Layout {
  readonly width: number;
  readonly height: number;
  readonly bits: number;
  readonly topDown: boolean;
  readonly compression: number;
  /** Masks of red, green, blue and alpha; null without compression 3. */
  readonly masks: readonly number[] | null;
  /** RGB entries; empty without a palette. */
  readonly palette: Uint8Array;
  /** Where the pixels begin. */
  readonly start: number;
}

function paletteAt(fields: Fields, at: number, count: number, entryBytes: number): Uint8Array {
  const palette = new Uint8Array(count * 3);
  const stored = fields.slice(at, count * entryBytes);
  for (let i = 0; i < count; i++) {
    for (let channel = 0; channel < 3; channel++) palette[i * 3 + channel] = stored[i * entryBytes + 2 - channel]!;
  }
  return palette;
}

function layoutOf(bytes: Uint8Array): Layout {
  const fields = new Fields(bytes, 'BMP', true);
  const size = fields.u32(14);
  if (!headerSizes.has(size)) throw new UnusableImage(said`a BMP file whose header has ${size} bytes, an unknown kind`);
  const isFirstOs2 = size === 12;
  const bits = fields.u16(isFirstOs2 ? 24 : 28);
  const compression = isFirstOs2 ? 0 : fields.u32(30);
  const storedHeight = isFirstOs2 ? fields.u16(20) : fields.u32(22);
  const topDown = !isFirstOs2 && fields.u8(25) === 0xff;
  const width = isFirstOs2 ? fields.u16(18) : fields.u32(18);
  const height = topDown ? 2 ** 32 - storedHeight : storedHeight;
  let after = 14 + size;
  let masks: number[] | null = null;
  if (compression === 3) {
    const count = size >= 56 ? 4 : 3;
    masks = [0, 1, 2, 3].map((i) => (i < count ? fields.u32(54 + i * 4) : 0));
    if (size === 40) after += 12;
  }
  let palette: Uint8Array = new Uint8Array();
  if (bits <= 8) {
    const count = (isFirstOs2 ? 0 : fields.u32(46)) || 1 << bits;
    if (count > 65536) throw new UnusableImage(said`a BMP file with a palette of ${count} colours`);
    const entryBytes = isFirstOs2 ? 3 : 4;
    palette = paletteAt(fields, after, count, entryBytes);
    after += count * entryBytes;
  }
  const stated = fields.u32(10);
  // An offset that points at the palette is one that forgot it.
  const start = stated === 0 || (bits <= 8 && stated === 14 + size) ? after : stated;
  return { width, height, bits, topDown, compression, masks, palette, start };
}

/** Place of a byte of a pixel, or shift and greatest value of 5 or 6 bits, for red, green and blue. */
type Channels =
  | { readonly kind: 'bytes'; readonly step: number; readonly at: readonly number[] }
  | { readonly kind: 'bits'; readonly at: readonly (readonly [shift: number, greatest: number])[] };

const fiveFiveFive: Channels = {
  kind: 'bits',
  at: [
    [10, 31],
    [5, 31],
    [0, 31],
  ],
};
const fiveSixFive: Channels = {
  kind: 'bits',
  at: [
    [11, 31],
    [5, 63],
    [0, 31],
  ],
};

/** The layouts that PIL knows, by their bits and masks in hexadecimal. */
const masked: Readonly<Record<string, Channels>> = {
  '16 f800 7e0 1f': fiveSixFive,
  '16 7c00 3e0 1f': fiveFiveFive,
  '24 ff0000 ff00 ff': { kind: 'bytes', step: 3, at: [2, 1, 0] },
  '32 ff0000 ff00 ff 0': { kind: 'bytes', step: 4, at: [2, 1, 0] },
  '32 ff000000 ff0000 ff00 0': { kind: 'bytes', step: 4, at: [3, 2, 1] },
  '32 ff000000 ff00 ff 0': { kind: 'bytes', step: 4, at: [3, 1, 0] },
  '32 ff000000 ff0000 ff00 ff': { kind: 'bytes', step: 4, at: [3, 2, 1] },
  '32 ff ff00 ff0000 ff000000': { kind: 'bytes', step: 4, at: [0, 1, 2] },
  '32 ff0000 ff00 ff ff000000': { kind: 'bytes', step: 4, at: [2, 1, 0] },
  '32 ff000000 ff00 ff ff0000': { kind: 'bytes', step: 4, at: [3, 1, 0] },
  '32 0 0 0 0': { kind: 'bytes', step: 4, at: [2, 1, 0] },
};

function channelsOf({ bits, masks }: Layout): Channels {
  if (masks !== null) {
    const name = [bits, ...(bits === 32 ? masks : masks.slice(0, 3)).map((mask) => mask.toString(16))].join(' ');
    const known = masked[name];
    if (known === undefined) throw new UnusableImage(said`a BMP file with unusual masks for its colours`);
    return known;
  }
  return bits === 16 ? fiveFiveFive : { kind: 'bytes', step: bits / 8, at: [2, 1, 0] };
}

function writePixels(row: Uint8Array, channels: Channels, width: number, into: Uint8Array): void {
  for (let x = 0, to = 0; x < width; x++) {
    if (channels.kind === 'bytes') {
      for (const at of channels.at) into[to++] = row[x * channels.step + at]!;
    } else {
      const word = row[x * 2]! | (row[x * 2 + 1]! << 8);
      for (const [shift, greatest] of channels.at) into[to++] = (((word >> shift) & greatest) * 255) / greatest;
    }
  }
}

const damaged = () => new UnusableImage(said`a damaged or truncated BMP file that cannot be decoded`);

/** Expands runs to one index a pixel, rows in the order of the file. */
function expandRuns(bytes: Uint8Array, { width, height, compression, start }: Layout): Uint8Array {
  const isFour = compression === 2;
  const total = width * height;
  const indices = new Uint8Array(total);
  let filled = 0;
  let x = 0;
  let at = start;
  const put = (value: number) => {
    if (filled < total) indices[filled++] = value;
  };
  while (filled < total && at + 2 <= bytes.length) {
    const count = bytes[at]!;
    const value = bytes[at + 1]!;
    at += 2;
    if (count > 0) {
      const run = Math.max(0, Math.min(count, width - x));
      for (let i = 0; i < run; i++) put(isFour ? (i % 2 === 0 ? value >> 4 : value & 15) : value);
      x += run;
    } else if (value === 0) {
      filled = Math.ceil(filled / width) * width;
      x = 0;
    } else if (value === 1) break;
    else if (value === 2) {
      if (at + 2 > bytes.length) break;
      filled = Math.min(total, filled + bytes[at]! + bytes[at + 1]! * width);
      at += 2;
      x = filled % width;
    } else {
      const wanted = Math.min(total - filled, value);
      const length = isFour ? (wanted + 1) >> 1 : wanted;
      if (at + length > bytes.length) break;
      for (let i = 0; i < wanted; i++) {
        const byte = bytes[at + (isFour ? i >> 1 : i)]!;
        put(isFour ? (i % 2 === 0 ? byte >> 4 : byte & 15) : byte);
      }
      at += length;
      at += at % 2;
      x += value;
    }
  }
  if (filled < total) throw damaged();
  return indices;
}

function unpack(row: Uint8Array, bits: number, into: Uint8Array): void {
  const perByte = 8 / bits;
  for (let x = 0; x < into.length; x++) {
    const shift = 8 - bits * ((x % perByte) + 1);
    into[x] = (row[Math.floor(x / perByte)]! >> shift) & ((1 << bits) - 1);
  }
}

/** Opens a bitmap whose size is known to be acceptable. */
function openRows(bytes: Uint8Array, layout: Layout): Rows {
  const { width, height, bits, topDown, compression, start } = layout;
  const place = (y: number) => (topDown ? y : height - 1 - y);
  const palette = fullPalette(layout.palette);
  if (compression === 1 || compression === 2) {
    const indices = expandRuns(bytes, layout);
    return {
      width,
      height,
      read: (y, into) => writeColours(indices.subarray(place(y) * width, (place(y) + 1) * width), palette, into),
    };
  }
  const stride = Math.floor((width * bits + 31) / 32) * 4;
  const used = Math.ceil((width * bits) / 8);
  if (start + stride * (height - 1) + used > bytes.length) throw damaged();
  const rowOf = (y: number) => bytes.subarray(start + stride * place(y), start + stride * place(y) + used);
  if (bits > 8) {
    const channels = channelsOf(layout);
    return { width, height, read: (y, into) => writePixels(rowOf(y), channels, width, into) };
  }
  if (bits === 8) return { width, height, read: (y, into) => writeColours(rowOf(y), palette, into) };
  const indices = new Uint8Array(width);
  return {
    width,
    height,
    read(y, into) {
      unpack(rowOf(y), bits, indices);
      writeColours(indices, palette, into);
    },
  };
}

/** Reads the header. Throws UnusableImage for kinds that PIL does not read either. */
export function bitmap(bytes: Uint8Array): Pick<Rows, 'width' | 'height'> & { open(): Rows } {
  const layout = layoutOf(bytes);
  const { width, height, bits, compression } = layout;
  if (![1, 4, 8, 16, 24, 32].includes(bits)) throw new UnusableImage(said`a BMP file of ${bits} bits a pixel`);
  const fits =
    compression === 0 || (compression === 3 && bits >= 16) || compression === (bits === 8 ? 1 : bits === 4 ? 2 : 0);
  if (!fits)
    throw new UnusableImage(
      said`a BMP file of ${bits} bits a pixel with compression ${compression}, which is not read`,
    );
  if (bits > 8) channelsOf(layout);
  return { width, height, open: () => openRows(bytes, layout) };
}
