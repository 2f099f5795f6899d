/** Every picture format against Pillow, pixel for pixel; large pictures, damaged ones, and files that are no pictures. */
import fc from 'fast-check';
import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { inflated, readPictures, rightVerdicts, verdictOn } from '../testing/golden-pictures.ts';
import { UnusableImage } from '../unusable-image.ts';
import { decode } from './decode.ts';
import { imageHeader } from './image-header.ts';
import { isNightly } from '../../durable/testing/nightly.ts';

const { cases } = readPictures(new URL('../golden/pictures.json', import.meta.url));

const decoded = (bytes: Uint8Array) => decode({ kind: 'encoded', bytes }, 3);

/** Reason why a file is not used. */
function reasonFor(text: string): string {
  try {
    imageHeader(Buffer.from(text, 'latin1'));
  } catch (error) {
    if (error instanceof UnusableImage) return error.message;
    throw error;
  }
  throw new Error('The file was taken for a picture.');
}

describe('as Pillow reads it', () => {
  test.each(cases.map((each) => [each.name, each] as const))('%s', async (name, each) => {
    expect(rightVerdicts(name)).toContain(await verdictOn(each));
  });
});

describe('a damaged file', () => {
  const families = ['bmp', 'gif', 'webp', 'tiff', 'p'];
  test.each(families)(
    'of %s* ends in pixels or in a reason',
    async (family) => {
      const files = cases.filter(({ name }) => name.startsWith(family)).map(({ deflated }) => inflated(deflated));
      const change = fc.record({ place: fc.nat(), header: fc.boolean(), value: fc.nat(255) });
      await fc.assert(
        fc.asyncProperty(
          fc.nat(files.length - 1),
          fc.array(change, { maxLength: 4 }),
          fc.nat(300),
          async (file, changes, cut) => {
            const whole = files[file]!;
            const bytes = Buffer.from(
              whole.subarray(0, cut > 200 ? whole.length - (cut % whole.length) : whole.length),
            );
            for (const { place, header, value } of changes) {
              bytes[place % (header ? Math.min(bytes.length, 60) : bytes.length)] = value;
            }
            try {
              const { pixels, width, height } = await decoded(bytes);
              expect(pixels).toHaveLength(width * height * 3);
            } catch (error) {
              expect(error).toBeInstanceOf(UnusableImage);
            }
          },
        ),
        // Damaged pictures are tried by the fuzz of all readers as well.
        { numRuns: isNightly ? 300 : 60 },
      );
    },
    300_000,
  );

  test('cut anywhere is refused in a sentence, where its pixels are in the part that is missing', async () => {
    for (const name of [
      'bmp-24',
      'bmp-rle8',
      'gif',
      'p6-255',
      'p3-255',
      'webp-lossless',
      'tiff-little-tiled-deflate',
    ]) {
      const whole = inflated(cases.find((each) => each.name === name)!.deflated);
      for (let length = 1; length < whole.length / 2; length += 7) {
        await expect(decoded(whole.subarray(0, length))).rejects.toBeInstanceOf(UnusableImage);
      }
    }
  });
});

describe('a large picture', () => {
  const [width, height] = [8000, 7600];
  // Dark on the left, light on the right.
  const slope = () => {
    const row = Uint8Array.from({ length: width }, (_, x) => (x * 255) / width);
    const pixels = Buffer.alloc(width * height);
    for (let y = 0; y < height; y++) pixels.set(row, y * width);
    return sharp(pixels, { raw: { width, height, channels: 1 } });
  };

  test.each(['jpeg', 'png', 'tiff'] as const)('in %s is decoded at half its width and height', async (format) => {
    const bytes = await slope()
      .toFormat(format, format === 'tiff' ? { compression: 'deflate' } : {})
      .toBuffer();
    const found = await decoded(bytes);
    expect([found.width, found.height]).toEqual([width / 2, height / 2]);
    for (const x of [0, 1000, 3999]) {
      const expected = ((2 * x + 0.5) * 255) / width;
      expect(Math.abs(found.pixels[(77 * found.width + x) * 3]! - expected)).toBeLessThan(2);
    }
  });

  test('that has to be turned is turned', async () => {
    const bytes = await slope().tiff({ compression: 'deflate' }).withMetadata({ orientation: 6 }).toBuffer();
    const found = await decoded(bytes);
    expect([found.width, found.height]).toEqual([height / 2, width / 2]);
    expect(found.pixels[3 * 100]).toBe(0);
    expect(found.pixels.at(-1)).toBeGreaterThan(252);
  });

  test('in a format of our own readers is the mean of blocks', async () => {
    // Two columns in three are black.
    const row = Buffer.from(Array.from({ length: width / 8 }, (_, i) => [0b11011011, 0b01101101, 0b10110110][i % 3]!));
    const bytes = Buffer.concat([Buffer.from(`P4 ${width} ${height}\n`), Buffer.concat(Array(height).fill(row))]);
    const found = await decoded(bytes);
    expect([found.width, found.height]).toEqual([width / 2, height / 2]);
    expect([...found.pixels.subarray(0, 18)]).toEqual([
      0, 0, 0, 128, 128, 128, 128, 128, 128, 0, 0, 0, 128, 128, 128, 128, 128, 128,
    ]);
  });

  test('is refused over 300 megapixels, and over 100 where it cannot be decoded in parts', () => {
    const png = (side: number, interlaced: boolean) => {
      const header = Buffer.alloc(33);
      header.write('\x89PNG\r\n\x1a\n\0\0\0\rIHDR', 'latin1');
      header.writeUInt32BE(side, 16);
      header.writeUInt32BE(side, 20);
      header.set([8, 2, 0, 0, Number(interlaced)], 24);
      return header.toString('latin1');
    };
    const tiles = 'cut it into tiles, for example with ImageMagick: magick FILE -crop 4096x4096 +repage FILE-%d.png';
    expect(imageHeader(Buffer.from(png(17000, false), 'latin1')).width).toBe(17000);
    expect(reasonFor(png(17400, false))).toBe(`17400 x 17400 pixels are over the limit of 300 megapixels; ${tiles}`);
    expect(reasonFor(png(11000, true))).toBe(
      `11000 x 11000 pixels are over the limit of 100 megapixels for a PNG file that is stored as a whole; ${tiles}`,
    );
  });

  test('of one row of 65,500 pixels, or of one pixel, is read in full', async () => {
    const line = await sharp({ create: { width: 65500, height: 1, channels: 3, background: '#40c080' } })
      .jpeg()
      .toBuffer();
    expect(await decoded(line)).toMatchObject({ width: 65500, height: 1 });
    const dot = await sharp({ create: { width: 1, height: 1, channels: 3, background: '#40c080' } })
      .png()
      .toBuffer();
    expect([...(await decoded(dot)).pixels]).toEqual([0x40, 0xc0, 0x80]);
  });
});

test('libvips decodes nothing but what it is needed for', async () => {
  const image = sharp({ create: { width: 8, height: 8, channels: 3, background: '#40c080' } });
  for (const bytes of [
    await image.gif().toBuffer(),
    await image.avif().toBuffer(),
    Buffer.from('<svg width="8" height="8"/>'),
  ]) {
    await expect(sharp(bytes).toBuffer()).rejects.toThrow('unsupported image format');
  }
});

describe('a file that is no picture, or of another format, is named', () => {
  const magick = 'which is not read; convert it to PNG, for example with ImageMagick: magick FILE FILE.png';
  test.each([
    ['<!DOCTYPE html><html><body>404 Not Found</body></html>', 'a web page, not a picture: download it again'],
    ['\n\n<HTML lang="en">', 'a web page, not a picture: download it again'],
    ['\xef\xbb\xbf<!-- cached -->\n<html>', 'a web page, not a picture: download it again'],
    [
      'version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 12345\n',
      'a Git LFS pointer, not the picture: run "git lfs pull" in its repository',
    ],
    [
      '/annex/objects/SHA256E-s1--0.jpg\n',
      'a git-annex pointer, not the picture: run "git annex get" in its repository',
    ],
    [
      "<?xml version='1.0'?><Error><Code>AccessDenied</Code></Error>",
      "an XML document, such as a server's error message, not a picture: download it again",
    ],
    [
      '<Error><Code>NoSuchKey</Code></Error>',
      "an XML document, such as a server's error message, not a picture: download it again",
    ],
    [
      '{"error": "rate limited"}',
      "a JSON document, such as a server's error message, not a picture: download it again",
    ],
    ['[]', "a JSON document, such as a server's error message, not a picture: download it again"],
    ['hello\nworld', 'a text file, not a picture: it begins with "hello"'],
    ['', 'the file is empty (0 bytes)'],
    ['\0'.repeat(6), 'filled with 6 zero bytes: a copy or a download that was cut off; fetch it again'],
    ['\x1f\x8b\x08', 'packed with gzip: unpack it with gunzip'],
    ['PK\x03\x04', 'a ZIP archive, not a picture: unpack it with unzip'],
    ['\0\0\0\x20ftypisom', 'an MP4 or QuickTime video, not a picture'],
    ['\0\0\0\x20ftypavif', `an AVIF picture, ${magick}`],
    ['\0\0\0\x18ftypheic', `a HEIC picture, ${magick}`],
    ['\0\0\0\x18ftypcrx ', `a raw camera file, ${magick}`],
    ['II*\0\x10\0\0\0CR\x02\0\0\0\0\0\0\0\0\0', `a raw camera file, ${magick}`],
    ['\0\0\0\x0cjP  \r\n', `a JPEG 2000 picture, ${magick}`],
    ['\xff\x0a\x00', `a JPEG XL picture, ${magick}`],
    ['\0\0\0\x0cJXL \r\n', `a JPEG XL picture, ${magick}`],
    ['<svg xmlns="http://www.w3.org/2000/svg"/>', `a drawing in SVG, ${magick}`],
    ['<?xml version="1.0"?>\n<!-- x -->\n<svg/>', `a drawing in SVG, ${magick}`],
    ['\x01\x02\x03\x04\x05', 'not a picture of a known format: it begins with 01 02 03 04'],
  ])('%j', (text, reason) => {
    expect(reasonFor(text)).toBe(reason);
  });
});
