/** What an inspection says of such folders, and that the pictures it accepts can be read. */
import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { decode } from '../../data/pixels/decode.ts';
import { inTemporaryFolder, put } from '../../data/testing/small-datasets.ts';
import { dataset } from '../../datasets/image-folder.ts';
import { writeDeepGrey, writeFormats, writeGood, writeNoPictures, writeOddSizes } from './pictures.ts';
import { spelledOut } from '../../data/testing/spelled-out.ts';

const inspect = async (folder: string) =>
  spelledOut(await dataset.inspect(folder, () => undefined, new AbortController().signal, { contents: true }));

/** Decodes all pictures; gives their sizes by class. */
async function sizes(folder: string): Promise<Readonly<Record<string, string>>> {
  const opened = await dataset.open(folder, 'train');
  const found: Record<string, string> = {};
  for (let index = 0; index < opened.count; index++) {
    const { image, target } = await opened.sample(index);
    const { width, height } = await decode(image, 3);
    if (target.kind === 'class') found[opened.classes[target.class]!] = `${width} x ${height}`;
  }
  await opened.close();
  return found;
}

describe('pictures in the field', () => {
  test('of the usual formats are read; the others are named with the command that converts them', () =>
    inTemporaryFolder(async (folder) => {
      await writeGood(folder);
      writeFormats(folder);
      const inspection = await inspect(folder);
      expect(inspection.splits).toMatchObject([{ images: 17, perClass: new Array(17).fill(1) }]);
      const convert = 'which is not read; convert it to PNG, for example with ImageMagick: magick mogrify -format png';
      expect(inspection.rejects).toEqual([
        { file: 'train/good/1.HEIC', reason: `a HEIC picture, ${convert} *.HEIC` },
        { file: 'train/good/1.avif', reason: `an AVIF picture, ${convert} *.avif` },
        { file: 'train/good/1.jp2', reason: `a JPEG 2000 picture, ${convert} *.jp2` },
        { file: 'train/good/1.nef', reason: `a raw camera file, ${convert} *.nef` },
      ]);
      expect(Object.keys(await sizes(folder))).toHaveLength(17);
    }));

  test('with deep grey are read as Pillow reads them, and that is said', () =>
    inTemporaryFolder(async (folder) => {
      await writeGood(folder);
      await writeDeepGrey(folder);
      const { found, rejectCount } = await inspect(folder);
      expect(rejectCount).toBe(0);
      expect(found.at(-1)).toBe(
        '3 pictures have grey samples of more than 8 bits: as in Pillow, values over 255 become white',
      );
    }));

  test('that are none are named as what they are', () =>
    inTemporaryFolder(async (folder) => {
      await writeGood(folder);
      writeNoPictures(folder);
      const { rejects } = await inspect(folder);
      expect(rejects.map(({ file, reason }) => `${file.slice('train/good/'.length)}: ${reason}`)).toEqual([
        "json.jpg: a JSON document, such as a server's error message, not a picture: download it again",
        'page.jpg: a web page, not a picture: download it again',
        'pointer.jpg: a Git LFS pointer, not the picture: run "git lfs pull" in its repository',
        "xml.jpg: an XML document, such as a server's error message, not a picture: download it again",
        'zero.jpg: the file is empty (0 bytes)',
      ]);
    }));

  test('of odd sizes are read, the largest at a reduced size', () =>
    inTemporaryFolder(async (folder) => {
      await writeGood(folder);
      await writeOddSizes(folder);
      const { found, rejectCount, largest } = await inspect(folder);
      expect(rejectCount).toBe(0);
      expect(largest).toEqual([11600, 8700]);
      expect(found.at(-1)).toMatch(/^1 picture is over 50 megapixels and decoded at a half or less of the width/);
      expect(await sizes(folder)).toMatchObject({
        dot: '1 x 1',
        line: '5000 x 1',
        column: '1 x 5000',
        edge: '65500 x 1',
        'mega-100': '5800 x 4350',
      });
    }));

  test('drawn in their transparency alone are said to show nothing', () =>
    inTemporaryFolder(async (folder) => {
      for (let number = 0; number < 12; number++) {
        // Black everywhere, a square of its own place opaque: an icon.
        const pixels = new Uint8Array(32 * 32 * 4);
        for (let at = 0; at < 64; at++) pixels[4 * ((at >> 3) * 32 + (at & 7) + 40 * number) + 3] = 255;
        const raw = { width: 32, height: 32, channels: 4 } as const;
        const name = `${number < 6 ? 'one' : 'two'}/${number}.png`;
        await put(folder, { [name]: await sharp(pixels, { raw }).png().toBuffer() });
      }
      const { found, warnings } = await inspect(folder);
      expect(found).toContain('12 pictures have a channel of transparency, which is dropped, as in Pillow');
      expect(warnings).toContainEqual(expect.stringContaining('12 of 12 pictures show hardly more than one colour'));
    }));
});
