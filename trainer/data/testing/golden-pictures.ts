/** Files of every picture format, and what Pillow makes of them: what `golden/pictures.py` writes. */
import { hash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { inflateSync } from 'node:zlib';
import { decode } from '../pixels/decode.ts';
import { UnusableImage } from '../unusable-image.ts';

export interface GoldenPicture {
  readonly name: string;
  /** The file, compressed, in base64. */
  readonly deflated: string;
  /** Null for a file that Pillow does not read. */
  readonly expected: {
    readonly width: number;
    readonly height: number;
    /** The first digits of the SHA-256 of the RGB pixels. */
    readonly sha256: string;
    /** RGB, compressed, in base64, where a level may differ. */
    readonly pixels: string | null;
  } | null;
}

interface Document {
  readonly seed: number;
  readonly cases: readonly GoldenPicture[];
}

export function readPictures(path: string | URL): Document {
  return JSON.parse(readFileSync(path, 'utf8')) as Document;
}

export const inflated = (base64: string): Buffer => inflateSync(Buffer.from(base64, 'base64'));

/** How our pixels and Pillow's are related. */
type Verdict = 'equal' | 'one level' | 'other pixels' | 'refused here' | 'refused by Pillow' | 'refused by both';

export async function verdictOn({ deflated, expected }: GoldenPicture): Promise<Verdict> {
  let found;
  try {
    found = await decode({ kind: 'encoded', bytes: inflated(deflated) }, 3);
  } catch (error) {
    if (!(error instanceof UnusableImage)) throw error;
    return expected === null ? 'refused by both' : 'refused here';
  }
  if (expected === null) return 'refused by Pillow';
  if (found.width !== expected.width || found.height !== expected.height) return 'other pixels';
  if (hash('sha256', found.pixels).startsWith(expected.sha256)) return 'equal';
  if (expected.pixels === null) return 'other pixels';
  const theirs = inflated(expected.pixels);
  return found.pixels.every((level, i) => Math.abs(level - theirs[i]!) <= 1) ? 'one level' : 'other pixels';
}

/** Verdicts that are right for the few files whose pixels are not simply equal. */
const otherwise: Readonly<Record<string, readonly Verdict[]>> = {
  // Pillow takes the bytes of a grey palette of 4 bits for levels: a row of up to 4 pixels has as many, others have too few.
  'bmp-4-grey': ['refused by Pillow', 'other pixels'],
  // It fails on a grey picture with premultiplied alpha, and on 32-bit grey in the other byte order.
  'tiff-grey-extra-1': ['refused by Pillow'],
  'tiff-big-long': ['refused by Pillow'],
  // It swaps the bytes of compressed big-endian numbers, and takes a palette of bytes for black.
  'tiff-big-float-deflate': ['other pixels'],
  'tiff-palette-of-bytes': ['other pixels'],
  // libvips divides by alpha in floating point.
  'tiff-rgb-extra-1': ['equal', 'one level'],
  'tiff-rgb-extra-1-deflate': ['equal', 'one level'],
  'bmp-444': ['refused by both'],
  'p5-short': ['refused by both'],
  'tiff-64-bits': ['refused by both'],
  // Pillow finds 12 bits a sample where its decoder has enough bytes for them.
  'tiff-12-bits': ['refused by both', 'refused here'],
  'tiff-lab': ['refused here'],
  'tiff-lab-deflate': ['refused here'],
  'tiff-ycbcr': ['refused here'],
  'tiff-lzma': ['refused here'],
  'tiff-zstd': ['refused here'],
  'tiff-little-cmyk-16': ['refused here'],
  'tiff-big-cmyk-16': ['refused here'],
  'tiff-16-white-is-zero': ['refused here'],
};

export const rightVerdicts = (name: string): readonly Verdict[] => otherwise[name] ?? ['equal'];
