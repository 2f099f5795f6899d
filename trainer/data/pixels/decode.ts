/**
 * Files to pixels, as PIL's `Image.open(file).convert('RGB')` gives them, because that is what the papers' loaders do:
 * EXIF orientation is ignored but for TIFF files, as are colour profiles, alpha is dropped, 16-bit grey is clipped to 255,
 * CMYK is converted by PIL's formula. Where the two differ: `testing/golden-pictures.ts`. A picture over `maximumPixels`
 * is reduced. Damage is judged by sharp's `failOn: 'error'`, which for JPEG gives PIL's verdict file by file
 * (compared on 160 files cut short by 1 to 4 bytes: trailing junk passes, a missing end mostly does not). It is a little
 * stricter than PIL at the very end of a PNG.
 */
import { getEnvironmentData, setEnvironmentData } from 'node:worker_threads';
import sharp, { type Sharp } from 'sharp';
import type { Image } from '../../recipe.ts';
import { asBytes, type DeepGrey } from './deep-grey.ts';
import { imageHeader, largestPixels, reductionOf, titles, type ImageHeader } from './image-header.ts';
import { collectRows, type Pixels } from './rows.ts';
import { UnusableImage } from '../unusable-image.ts';
import { decodeByTurboJpeg } from './turbojpeg.ts';
import { said } from '../../protocol/sentence.ts';

// Parallelism comes from workers, one image at a time. The cache would only hold data that is never requested again.
sharp.concurrency(1);
sharp.cache(false);

const areLoadersLimited = 'picture loaders are limited';
// Which loaders are blocked holds for all threads of the program. Each thread that blocks them anew would refuse, for
// a moment, what another one is decoding: the first does, and threads that it starts are told.
if (getEnvironmentData(areLoadersLimited) !== true) {
  // Blocks the library's other loaders, so that a file posing as a picture cannot reach them.
  sharp.block({ operation: ['VipsForeignLoad'] });
  sharp.unblock({
    operation: ['VipsForeignLoadJpeg', 'VipsForeignLoadPng', 'VipsForeignLoadWebp', 'VipsForeignLoadTiff'],
  });
  setEnvironmentData(areLoadersLimited, true);
}

let large: Promise<unknown> = Promise.resolve();

/** Waits for earlier calls: large pictures take their memory one after the other. */
function oneAtATime<Result>(work: () => Result | Promise<Result>): Promise<Result> {
  const done = large.then(work);
  large = done.catch(() => undefined);
  return done;
}

/**
 * Reduces by a whole factor, by two as PIL's `resize` with its bilinear filter does, within two levels; JPEG beyond that by
 * libjpeg's scaling. Colours are weighted by alpha.
 */
function reduce(pipeline: Sharp, { width, height }: ImageHeader, factor: number): void {
  const [across, down] = [Math.ceil(width / factor), Math.ceil(height / factor)];
  pipeline.resize(across, down, { fit: 'fill', kernel: 'linear' });
}

/** PIL's cmyk2rgb: (255 - k) - (255 - k) * c / 255, with its rounding, not below 0. */
function cmykToRgb(cmyk: Uint8Array): Uint8Array {
  const rgb = new Uint8Array((cmyk.length / 4) * 3);
  for (let from = 0, to = 0; from < cmyk.length; from += 4) {
    const light = 255 - cmyk[from + 3]!;
    for (let channel = 0; channel < 3; channel++) {
      const product = cmyk[from + channel]! * light + 128;
      rgb[to++] = Math.max(0, light - (((product >> 8) + product) >> 8));
    }
  }
  return rgb;
}

/** PIL's rgb to L: ITU-R 601-2 luma in 16-bit fixed point. */
export function luma(red: number, green: number, blue: number): number {
  return (red * 19595 + green * 38470 + blue * 7471 + 0x8000) >> 16;
}

/** Any of 1, 3 or more channels to 1 or 3. */
export function withChannels(image: Pixels, channels: number): Pixels {
  const from = image.channels;
  if (from === channels) return image;
  const count = image.width * image.height;
  const pixels = new Uint8Array(count * channels);
  for (let i = 0; i < count; i++) {
    if (channels === 1) {
      pixels[i] = luma(image.pixels[i * from]!, image.pixels[i * from + 1]!, image.pixels[i * from + 2]!);
    } else {
      for (let channel = 0; channel < channels; channel++) {
        pixels[i * channels + channel] = image.pixels[i * from + (from >= channels ? channel : 0)]!;
      }
    }
  }
  return { ...image, pixels, channels };
}

/** Decodes what libvips reads, and decides whether a damaged file is readable. */
export async function decodeBySharp(
  bytes: Uint8Array,
  header: ImageHeader,
  deepGrey: DeepGrey = 'cut-off',
): Promise<Pixels> {
  const { samples, format, turned, tiled } = header;
  const factor = reductionOf(header);
  const input = sharp(bytes, {
    // A damaged tile is only a warning.
    failOn: tiled ? 'warning' : 'error',
    ignoreIcc: true,
    limitInputPixels: largestPixels,
    autoOrient: turned,
    // Row by row: a large picture is never in memory as a whole.
    sequentialRead: factor > 1,
  });
  const space = samples === 'plain' ? 'srgb' : samples;
  const pipeline = samples === 'plain' ? input : input.pipelineColourspace(space);
  if (factor > 1) reduce(pipeline, header, factor);
  try {
    const { data, info } = await pipeline
      .toColourspace(space)
      .removeAlpha()
      .raw({ depth: samples === 'grey16' ? 'ushort' : 'uchar' })
      .toBuffer({ resolveWithObject: true });
    const { width, height, channels } = info;
    if (samples === 'cmyk') return { pixels: cmykToRgb(data), width, height, channels: 3 };
    if (samples === 'grey16') {
      const words = new Uint16Array(data.buffer, data.byteOffset, data.length / 2);
      return { pixels: asBytes(words, deepGrey), width, height, channels };
    }
    return { pixels: data, width, height, channels };
  } catch (error) {
    // The library's messages are shared by all threads, so the text may belong to another file.
    throw new UnusableImage(said`a damaged or truncated ${titles[format]} file that cannot be decoded`, error);
  }
}

async function decodeEncoded(bytes: Uint8Array, deepGrey: DeepGrey): Promise<Pixels> {
  const header = imageHeader(bytes);
  const { format, samples, width, height, open } = header;
  const factor = reductionOf(header);
  if (factor > 1)
    return oneAtATime(() => (open ? collectRows(open(deepGrey), factor) : decodeBySharp(bytes, header, deepGrey)));
  if (open) return collectRows(open(deepGrey), 1);
  const pixels = format === 'jpeg' && samples === 'plain' ? decodeByTurboJpeg(bytes, width, height) : null;
  return pixels ? { pixels, width, height, channels: 3 } : decodeBySharp(bytes, header, deepGrey);
}

/** Decodes to the data set's number of channels. Throws UnusableImage with the reason. */
export async function decode(image: Image, channels: number): Promise<Pixels> {
  const pixels = image.kind === 'raw' ? image : await decodeEncoded(image.bytes, image.deepGrey ?? 'cut-off');
  return withChannels(pixels, channels);
}
