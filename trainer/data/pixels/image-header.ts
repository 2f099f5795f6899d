/** Reads the header of a picture without decoding: format, size, kind of samples. */

import { UnusableImage } from '../unusable-image.ts';
import { bitmap } from './bitmap.ts';
import type { DeepGrey } from './deep-grey.ts';
import { Fields } from './fields.ts';
import { gif } from './gif.ts';
import { notAPicture } from './image-formats.ts';
import { checkScans } from './jpeg-scans.ts';
import { isNetpbm, netpbm } from './netpbm.ts';
import type { Rows } from './rows.ts';
import { tiffHeader } from './tiff-header.ts';
import { said } from '../../protocol/sentence.ts';

export interface ImageHeader {
  readonly format: keyof typeof titles;
  /** Of the picture as it is decoded at full size. */
  readonly width: number;
  readonly height: number;
  /** `grey16` and `cmyk` need their own conversion to RGB; all else decodes to 8-bit grey or colour. */
  readonly samples: 'plain' | 'grey16' | 'cmyk';
  /** True for grey of more than 8 bits, whose values over 255 become white. */
  readonly deepGrey: boolean;
  /** True for a PNG with a channel of transparency, which is dropped. */
  readonly alpha: boolean;
  /** True if it has to be turned, as PIL turns TIFF files and no others. */
  readonly turned: boolean;
  /** True for TIFF files made of tiles. */
  readonly tiled: boolean;
  /** True if it can only be decoded as a whole, not row by row. */
  readonly whole: boolean;
  /** Of formats that are decoded here; null for those that libvips decodes. */
  readonly open: ((deepGrey: DeepGrey) => Rows) | null;
}

/** Names of the formats in sentences. */
export const titles = {
  jpeg: 'JPEG',
  png: 'PNG',
  webp: 'WebP',
  tiff: 'TIFF',
  gif: 'GIF',
  bmp: 'BMP',
  netpbm: 'Netpbm',
} as const;

/** Largest picture that is decoded at its full size. A PNG of a few hundred kilobytes can expand to gigabytes. */
export const maximumPixels = 50_000_000;

/** Largest picture that is read at all, at a reduced size. */
export const largestPixels = 300_000_000;

/** The same for pictures that can only be decoded as a whole. */
export const largestWholePixels = 100_000_000;

/** Whole factor, a power of two, by which a picture is reduced so that it has at most `maximumPixels`. */
export function reductionOf({ width, height }: Pick<ImageHeader, 'width' | 'height'>): number {
  let factor = 1;
  while (Math.ceil(width / factor) * Math.ceil(height / factor) > maximumPixels) factor *= 2;
  return factor;
}

const plain = {
  samples: 'plain',
  deepGrey: false,
  alpha: false,
  turned: false,
  tiled: false,
  whole: false,
  open: null,
} as const;

function pngHeader(bytes: Uint8Array): ImageHeader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 33 || view.getUint32(12) !== 0x49484452) {
    throw new UnusableImage(said`a PNG file truncated inside its header`);
  }
  const depth = bytes[24];
  const colourType = bytes[25];
  // Colour type 0 is grey (PNG specification, 11.2.2). Of grey with alpha PIL takes the high bytes.
  const grey16 = depth === 16 && colourType === 0;
  return {
    ...plain,
    format: 'png',
    width: view.getUint32(16),
    height: view.getUint32(20),
    samples: grey16 ? 'grey16' : 'plain',
    deepGrey: grey16,
    alpha: colourType === 4 || colourType === 6,
    // Interlaced.
    whole: bytes[28] === 1,
  };
}

/** Walks the segments to the start-of-frame one (ITU-T T.81, B.1 and B.2.2). */
function jpegHeader(bytes: Uint8Array): ImageHeader {
  let at = 2;
  while (at + 4 <= bytes.length) {
    if (bytes[at] !== 0xff) throw new UnusableImage(said`a JPEG file with a missing marker at byte ${at}`);
    const marker = bytes[at + 1]!;
    // Fill bytes and markers without a length.
    if (marker === 0xff) {
      at += 1;
      continue;
    }
    if (marker === 0x01 || (marker >= 0xd0 && marker <= 0xd8)) {
      at += 2;
      continue;
    }
    const length = (bytes[at + 2]! << 8) | bytes[at + 3]!;
    const isFrame = marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
    if (isFrame && at + 10 <= bytes.length) {
      const height = (bytes[at + 5]! << 8) | bytes[at + 6]!;
      const width = (bytes[at + 7]! << 8) | bytes[at + 8]!;
      // Progressive: the coefficients of the whole picture are kept.
      const whole = (marker & 3) === 2;
      checkScans(bytes, at + 2 + length, whole ? 0 : bytes[at + 9]!, width * height);
      return { ...plain, format: 'jpeg', width, height, samples: bytes[at + 9] === 4 ? 'cmyk' : 'plain', whole };
    }
    if (marker === 0xda || marker === 0xd9) break;
    at += 2 + length;
  }
  throw new UnusableImage(said`a JPEG file truncated before its size is stated`);
}

/** By the kind of its first chunk (RFC 9649, 2.5 to 2.7). */
function webpHeader(bytes: Uint8Array): ImageHeader {
  const fields = new Fields(bytes, 'WebP', true);
  const kind = Buffer.from(fields.slice(12, 4)).toString('latin1');
  const sized = (width: number, height: number): ImageHeader => ({
    ...plain,
    format: 'webp',
    width,
    height,
    whole: true,
  });
  if (kind === 'VP8X') return sized(fields.unsigned(24, 3) + 1, fields.unsigned(27, 3) + 1);
  if (kind === 'VP8 ') return sized(fields.u16(26) & 0x3fff, fields.u16(28) & 0x3fff);
  if (kind === 'VP8L') {
    const bits = fields.u32(21);
    return sized((bits & 0x3fff) + 1, ((bits >>> 14) & 0x3fff) + 1);
  }
  throw new UnusableImage(said`a damaged WebP file: its first part is of no known kind`);
}

/** All formats but JPEG. */
function otherHeader(bytes: Uint8Array): ImageHeader {
  const start = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, 12)).toString('latin1');
  if (start.startsWith('\x89PNG\r\n\x1a\n')) return pngHeader(bytes);
  if (start.startsWith('RIFF') && start.startsWith('WEBP', 8)) return webpHeader(bytes);
  if (start.startsWith('GIF87a') || start.startsWith('GIF89a')) return { ...plain, format: 'gif', ...gif(bytes) };
  if (/^(II[*+]\0|MM\0[*+])/.test(start)) return { ...plain, format: 'tiff', ...tiffHeader(bytes) };
  if (start.startsWith('BM')) return { ...plain, format: 'bmp', ...bitmap(bytes) };
  if (isNetpbm(bytes)) return { ...plain, format: 'netpbm', ...netpbm(bytes) };
  throw new UnusableImage(notAPicture(bytes));
}

/** Reads the header, or gives the reason why the picture is not supported. The file name does not matter, as in PIL. */
export function imageHeader(bytes: Uint8Array): ImageHeader {
  if (bytes.length === 0) throw new UnusableImage(said`the file is empty (0 bytes)`);
  const header = bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff ? jpegHeader(bytes) : otherHeader(bytes);
  const { width, height, format, whole } = header;
  if (width < 1 || height < 1) throw new UnusableImage(said`its header states a size of ${width} x ${height} pixels`);
  const limit = whole ? largestWholePixels : largestPixels;
  if (width * height > limit) {
    const isForWhole = whole && width * height <= largestPixels;
    const limited = isForWhole
      ? said`${limit / 1e6} megapixels for a ${titles[format]} file that is stored as a whole`
      : said`${limit / 1e6} megapixels`;
    throw new UnusableImage(
      said`${width} x ${height} pixels are over the limit of ${limited}; cut it into tiles, for example with ImageMagick: magick FILE -crop 4096x4096 +repage FILE-%d.png`,
    );
  }
  return header;
}
