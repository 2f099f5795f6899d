/**
 * The first directory of a TIFF file (TIFF 6.0 and BigTIFF): what libvips decodes exactly as PIL does, and what it does
 * not. A palette of bytes in place of 16-bit words is read as its writer meant it; PIL makes it black.
 */
import { UnusableImage } from '../unusable-image.ts';
import { Fields } from './fields.ts';
import { unread } from './image-formats.ts';
import { said, type Sentence } from '../../protocol/sentence.ts';

/** Bytes a value, by the type of a field. */
const typeBytes: Readonly<Record<number, number>> = { 1: 1, 3: 2, 4: 4, 6: 1, 8: 2, 9: 4, 13: 4, 16: 8, 17: 8, 18: 8 };

/** More values than any tag that is read here has. */
const mostValues = 16;
const mostEntries = 4096;

type Tags = ReadonlyMap<number, readonly number[]>;

const tag = {
  subfileType: 254,
  width: 256,
  height: 257,
  bits: 258,
  compression: 259,
  photometric: 262,
  make: 271,
  orientation: 274,
  samples: 277,
  rowsPerStrip: 278,
  planes: 284,
  tileWidth: 322,
  subDirectories: 330,
  extraSamples: 338,
  sampleFormat: 339,
  dngVersion: 50706,
} as const;

/** Tags whose values are read; of others it is known that they are there. */
const wanted: ReadonlySet<number> = new Set(Object.values(tag));

function tagsOf(bytes: Uint8Array): Tags {
  const fields = new Fields(bytes, 'TIFF', bytes[0] === 0x49);
  const isBig = fields.u16(2) === 43;
  const offsetBytes = isBig ? 8 : 4;
  const directory = fields.unsigned(isBig ? 8 : 4, offsetBytes);
  const countBytes = isBig ? 8 : 2;
  const count = fields.unsigned(directory, countBytes);
  if (count > mostEntries) throw new UnusableImage(said`a TIFF file whose header states ${count} fields`);
  const tags = new Map<number, readonly number[]>();
  for (let i = 0; i < count; i++) {
    const at = directory + countBytes + i * (4 + 2 * offsetBytes);
    const number = fields.u16(at);
    if (!wanted.has(number)) continue;
    const length = fields.unsigned(at + 4, offsetBytes);
    const bytesEach = typeBytes[fields.u16(at + 2)];
    const kept = bytesEach === undefined ? 0 : Math.min(length, mostValues);
    const inline = at + 4 + offsetBytes;
    const from = length * (bytesEach ?? 1) <= offsetBytes ? inline : fields.unsigned(inline, offsetBytes);
    tags.set(
      number,
      Array.from({ length: kept }, (_, k) => fields.unsigned(from + k * bytesEach!, bytesEach!)),
    );
  }
  return tags;
}

export interface TiffHeader {
  /** Of the picture after it has been turned, and so the height. */
  readonly width: number;
  readonly height: number;
  readonly samples: 'plain' | 'grey16' | 'cmyk';
  readonly deepGrey: boolean;
  /** True if it has to be turned, as PIL turns TIFF files. */
  readonly turned: boolean;
  readonly tiled: boolean;
  readonly whole: boolean;
}

/** Compressions that the library was built with. */
const compressions: Readonly<Record<number, Sentence | null>> = {
  1: null,
  2: null,
  3: null,
  4: null,
  5: null,
  7: null,
  8: null,
  32773: null,
  32946: null,
  6: said`old JPEG compression`,
  34925: said`LZMA compression`,
  50000: said`Zstandard compression`,
  50001: said`WebP compression`,
};

/** Samples by their form, as TIFF counts forms. */
function samplesOf(form: number, depth: number): Sentence {
  if (form === 3) return said`floating-point samples of ${depth} bits`;
  return form === 2 ? said`signed samples of ${depth} bits` : said`samples of ${depth} bits`;
}

/** What of a TIFF file is not read; null if it is. */
function obstacle(tags: Tags): Sentence | null {
  const [compression = 1] = tags.get(tag.compression) ?? [];
  const unknown = compressions[compression];
  if (unknown !== null) return unknown ?? said`compression ${compression}`;
  const [photometric = 0] = tags.get(tag.photometric) ?? [];
  const bits = tags.get(tag.bits) ?? [1];
  const [depth = 1] = bits;
  const [form = 1] = tags.get(tag.sampleFormat) ?? [];
  if (bits.some((each) => each !== depth)) return said`samples of ${bits} bits`;
  const kind = samplesOf(form, depth);
  if (photometric === 0 || photometric === 1) {
    const reads =
      form === 1
        ? [1, 2, 4, 8].includes(depth) || (photometric === 1 && (depth === 16 || depth === 32))
        : photometric === 1 && (form === 2 ? depth === 16 || depth === 32 : form === 3 && depth === 32);
    if (reads) return null;
    return photometric === 0 ? said`grey ${kind}, 0 for white` : said`grey ${kind}`;
  }
  if (photometric === 2) return form === 1 && (depth === 8 || depth === 16) ? null : said`colour ${kind}`;
  if (photometric === 3) return form === 1 && depth <= 8 ? null : said`a palette and ${kind}`;
  if (photometric === 5) return form === 1 && depth === 8 ? null : said`CMYK ${kind}`;
  if (photometric === 6) return compression === 7 && depth === 8 ? null : said`YCbCr colours without JPEG compression`;
  return photometric === 8 ? said`CIE Lab colours` : said`colours of kind ${photometric}`;
}

/** A camera's own file: its first picture is a preview. */
function isRaw(tags: Tags, bytes: Uint8Array): boolean {
  const isPreview = ((tags.get(tag.subfileType)?.[0] ?? 0) & 1) === 1;
  const isCanon = bytes[8] === 0x43 && bytes[9] === 0x52;
  return isCanon || tags.has(tag.dngVersion) || (isPreview && tags.has(tag.subDirectories) && tags.has(tag.make));
}

/** Rows of a strip that can be held in memory at any width. */
const mostStripRows = 4096;

export function tiffHeader(bytes: Uint8Array): TiffHeader {
  const tags = tagsOf(bytes);
  if (isRaw(tags, bytes)) throw new UnusableImage(unread(said`a raw camera file`));
  const width = tags.get(tag.width)?.[0] ?? 0;
  const height = tags.get(tag.height)?.[0] ?? 0;
  const what = obstacle(tags);
  if (what !== null) throw new UnusableImage(unread(said`a TIFF file with ${what}`));
  const [photometric = 0] = tags.get(tag.photometric) ?? [];
  const [depth = 1] = tags.get(tag.bits) ?? [];
  const [compression = 1] = tags.get(tag.compression) ?? [];
  const rows = Math.min(height, tags.get(tag.rowsPerStrip)?.[0] ?? height);
  const orientation = tags.get(tag.orientation)?.[0] ?? 1;
  const turned = orientation >= 2 && orientation <= 8;
  const tiled = tags.has(tag.tileWidth);
  const isGrey = photometric <= 1;
  const lies = turned && orientation >= 5;
  return {
    width: lies ? height : width,
    height: lies ? width : height,
    samples: photometric === 5 ? 'cmyk' : isGrey && depth === 16 ? 'grey16' : 'plain',
    deepGrey: isGrey && depth > 8,
    turned,
    tiled,
    whole: turned || (!tiled && compression !== 1 && rows > mostStripRows),
  };
}
