/** Folders of pictures as they lie on people's disks: by format, deep grey, no pictures at all, very large. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import sharp, { type Sharp } from 'sharp';
import { inflated, readPictures } from '../../data/testing/golden-pictures.ts';

function write(folder: string, path: string, bytes: Uint8Array | string): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), bytes);
}

const flat = (width: number, height: number): Sharp =>
  sharp({ create: { width, height, channels: 3, background: '#808080' } });

/** Pictures that every folder has, so that it is a data set. */
export async function writeGood(folder: string): Promise<void> {
  for (const name of ['good', 'other']) write(folder, `train/${name}/0.png`, await flat(12, 8).png().toBuffer());
}

/** One class a format, a WebP file called .jpg, and pictures of formats that are not read. */
export function writeFormats(folder: string): void {
  const { cases } = readPictures(new URL('../../data/golden/pictures.json', import.meta.url));
  const bytes = (wanted: string) => inflated(cases.find(({ name }) => name === wanted)!.deflated);
  for (const [name, extension] of [
    ['webp-lossy', 'webp'],
    ['webp-lossless', 'webp'],
    ['webp-animated', 'webp'],
    ['bmp-24', 'bmp'],
    ['bmp-palette', 'BMP'],
    ['gif', 'gif'],
    ['gif-animated', 'gif'],
    ['tiff-raw', 'tif'],
    ['tiff-tiff_lzw', 'TIF'],
    ['tiff-jpeg', 'tiff'],
    ['tiff-two-pages', 'tif'],
    ['ppm', 'ppm'],
    ['pgm', 'pgm'],
    ['pbm', 'pbm'],
  ] as const) {
    write(folder, `train/${name}/0.${extension}`, bytes(name));
  }
  write(folder, 'train/webp-called-jpg/0.jpg', bytes('webp-lossy'));
  for (const extension of ['avif', 'HEIC', 'jp2', 'nef']) write(folder, `train/good/1.${extension}`, 'any');
}

/** Grey PNG files of 16 bits. */
export async function writeDeepGrey(folder: string): Promise<void> {
  for (let i = 0; i < 3; i++) {
    const ramp = Uint16Array.from({ length: 96 }, (_, at) => at * 300 + i);
    const image = sharp(ramp, { raw: { width: 12, height: 8, channels: 1 } }).toColourspace('grey16');
    write(folder, `train/deep/${i}.png`, await image.png().toBuffer());
  }
}

/** What downloads and repositories leave in place of pictures. */
export function writeNoPictures(folder: string): void {
  const files = {
    'zero.jpg': '',
    'page.jpg': '<!DOCTYPE html><html><body>404 Not Found</body></html>',
    'pointer.jpg': `version https://git-lfs.github.com/spec/v1\noid sha256:${'0'.repeat(64)}\nsize 12345\n`,
    'xml.jpg': "<?xml version='1.0'?><Error><Code>AccessDenied</Code></Error>",
    'json.jpg': '{"error": "rate limited"}',
  };
  for (const [name, text] of Object.entries(files)) write(folder, `train/good/${name}`, text);
}

/** A dot, a line, a column, a panorama, and one of a hundred megapixels. */
export async function writeOddSizes(folder: string): Promise<void> {
  const sizes = {
    dot: [1, 1],
    line: [5000, 1],
    column: [1, 5000],
    edge: [65500, 1],
    'mega-100': [11600, 8700],
  } as const;
  for (const [name, [width, height]] of Object.entries(sizes)) {
    write(folder, `train/${name}/0.jpg`, await flat(width, height).jpeg().toBuffer());
  }
}
