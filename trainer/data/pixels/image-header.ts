/** Reads the header of a JPEG or PNG file without decoding: format, size, kind of samples. */

import { UnusableImage } from '../unusable-image.ts';
import { whatInstead } from './not-a-picture.ts';

export interface ImageHeader {
  readonly format: 'jpeg' | 'png';
  readonly width: number;
  readonly height: number;
  /** `grey16` and `cmyk` need their own conversion to RGB; all else decodes to 8-bit grey or colour. */
  readonly samples: 'plain' | 'grey16' | 'cmyk';
}

/** Largest picture that is decoded. A PNG of a few hundred kilobytes can expand to gigabytes. */
export const maximumPixels = 50_000_000;

const signatures: readonly (readonly [name: string, offset: number, bytes: string])[] = [
  ['GIF', 0, 'GIF8'],
  ['WebP', 8, 'WEBP'],
  ['HEIC or AVIF', 4, 'ftyp'],
  ['BMP', 0, 'BM'],
  ['TIFF', 0, 'II*\0'],
  ['TIFF', 0, 'MM\0*'],
  ['JPEG 2000', 4, 'jP  '],
  ['SVG', 0, '<svg'],
  ['gzip', 0, '\x1f\x8b'],
  ['ZIP', 0, 'PK\x03\x04'],
  ['PDF', 0, '%PDF'],
];

function foreignFormat(bytes: Uint8Array): string | null {
  const start = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, 512)).toString('latin1');
  for (const [name, offset, text] of signatures) if (start.startsWith(text, offset)) return name;
  return /^\s*<\?xml[^]*<svg/.test(start) ? 'SVG' : null;
}

function pngHeader(bytes: Uint8Array): ImageHeader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 33 || view.getUint32(12) !== 0x49484452) {
    throw new UnusableImage('a PNG file truncated inside its header');
  }
  const depth = bytes[24];
  const colourType = bytes[25];
  // Colour types 0 (grey) and 4 (grey with alpha): PNG specification, 11.2.2.
  const grey16 = depth === 16 && (colourType === 0 || colourType === 4);
  return {
    format: 'png',
    width: view.getUint32(16),
    height: view.getUint32(20),
    samples: grey16 ? 'grey16' : 'plain',
  };
}

/** Walks the segments to the start-of-frame one (ITU-T T.81, B.1 and B.2.2). */
function jpegHeader(bytes: Uint8Array): ImageHeader {
  let at = 2;
  while (at + 4 <= bytes.length) {
    if (bytes[at] !== 0xff) throw new UnusableImage(`a JPEG file with a missing marker at byte ${at}`);
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
      return { format: 'jpeg', width, height, samples: bytes[at + 9] === 4 ? 'cmyk' : 'plain' };
    }
    if (marker === 0xda || marker === 0xd9) break;
    at += 2 + length;
  }
  throw new UnusableImage('a JPEG file truncated before its size is stated');
}

/** Reads the header, or gives the reason why the picture is not supported. The file name does not matter, as in PIL. */
export function imageHeader(bytes: Uint8Array): ImageHeader {
  if (bytes.length === 0) throw new UnusableImage('the file is empty (0 bytes)');
  let header: ImageHeader;
  if (bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff) header = jpegHeader(bytes);
  else if (Buffer.from(bytes.subarray(0, 8)).toString('latin1') === '\x89PNG\r\n\x1a\n') header = pngHeader(bytes);
  else {
    const foreign = foreignFormat(bytes);
    const instead = foreign === null ? whatInstead(bytes) : null;
    if (instead !== null) throw new UnusableImage(instead);
    const start = [...bytes.subarray(0, 4)].map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
    throw new UnusableImage(
      foreign ? `a ${foreign} file; only JPEG and PNG are read` : `neither JPEG nor PNG: it begins with ${start}`,
    );
  }
  const { width, height } = header;
  if (width < 1 || height < 1) throw new UnusableImage(`its header states a size of ${width} x ${height} pixels`);
  if (width * height > maximumPixels) {
    throw new UnusableImage(`${width} x ${height} pixels are over the limit of ${maximumPixels / 1e6} megapixels`);
  }
  return header;
}
