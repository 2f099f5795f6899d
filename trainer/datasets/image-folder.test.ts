/** Folders as people have them: every kind of bad file gets its reason, nothing crashes, nothing is lost in silence. */
import { execFileSync } from 'node:child_process';
import { mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { crc32, deflateSync } from 'node:zlib';
import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { inspectFolder } from '../data/listing/inspect.ts';
import { reasonOf } from '../data/unusable-image.ts';
import { inTemporaryFolder, put, randomBytes } from '../data/testing/small-datasets.ts';
import { dataset } from './image-folder.ts';
import { spelledOut } from '../data/testing/spelled-out.ts';
import { inEnglish } from '../protocol/sentence.ts';

const quiet = () => undefined;
const never = new AbortController().signal;
const inspect = async (folder: string) => spelledOut(await inspectFolder(folder, null, quiet, never));

const picture = (name: string, width = 20, height = 16) =>
  sharp(randomBytes(width * height * 3, name), { raw: { width, height, channels: 3 } });
const jpeg = (name: string, width?: number, height?: number) => picture(name, width, height).jpeg().toBuffer();

/** Two classes in train and val, all good. */
async function goodTree(folder: string): Promise<void> {
  for (const path of ['train/cat/1.jpg', 'train/cat/2.jpg', 'train/dog/1.jpg', 'val/cat/1.jpg', 'val/dog/1.jpg']) {
    await put(folder, { [path]: await jpeg(path) });
  }
}

/** A PNG of one grey level: a few kilobytes that unfold into any number of pixels. */
function bomb(side: number): Buffer {
  const chunk = (type: string, data: Buffer) => {
    const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
    const frame = Buffer.alloc(8);
    frame.writeUInt32BE(data.length, 0);
    frame.writeUInt32BE(crc32(body), 4);
    return Buffer.concat([frame.subarray(0, 4), body, frame.subarray(4)]);
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE(side, 0);
  header.writeUInt32BE(side, 4);
  header[8] = 8;
  return Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(Buffer.alloc((side + 1) * side))),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

describe('a good folder', () => {
  test('split folders', () =>
    inTemporaryFolder(async (folder) => {
      await goodTree(folder);
      const inspection = await inspect(folder);
      expect(inspection).toMatchObject({
        dataset: 'image-folder',
        classes: ['cat', 'dog'],
        channels: 3,
        smallest: [20, 16],
        rejectCount: 0,
        splitRule: null,
      });
      expect(inspection.splits).toEqual([
        { split: 'train', images: 3, perClass: [2, 1] },
        { split: 'val', images: 2, perClass: [1, 1] },
      ]);
      const opened = await dataset.open(folder, 'train');
      expect([...(await opened.labels())!]).toEqual([0, 0, 1]);
      expect(await opened.sample(2)).toMatchObject({
        name: 'train/dog/1.jpg',
        target: { kind: 'class', class: 1 },
        image: { kind: 'encoded' },
      });
    }));

  test('one folder of classes is split by a hash of contents, not of names', () =>
    inTemporaryFolder(async (folder) => {
      for (let i = 0; i < 60; i++) await put(folder, { [`c${i % 2}/${i}.jpg`]: await jpeg(String(i)) });
      await put(folder, { 'c0/copy.jpg': await jpeg('2') });
      const inspection = await inspect(folder);
      expect(inspection.splitRule).toContain('multiple of 10');
      expect(inspection.splits.map((each) => each.split)).toEqual(['train', 'val']);
      const held = inspection.splits[1]!.images;
      expect(held).toBeGreaterThan(0);
      expect(held).toBeLessThan(20);
      expect(inspection.splits[0]!.images + held).toBe(61);
      expect([inspection.leakCount, inspection.duplicateCount]).toEqual([0, 1]);
      const names = async (split: string) => {
        const opened = await dataset.open(folder, split);
        return Promise.all(Array.from({ length: opened.count }, async (_, i) => (await opened.sample(i)).name));
      };
      const [train, val] = [await names('train'), await names('val')];
      expect(new Set([...train, ...val]).size).toBe(61);
      expect(val).toHaveLength(held);
    }));

  test('pictures without classes are one unlabelled split', () =>
    inTemporaryFolder(async (folder) => {
      await put(folder, { 'a.jpg': await jpeg('a'), 'b.PNG': await picture('b').png().toBuffer(), 'notes.txt': 'hi' });
      const inspection = await inspect(folder);
      expect(inspection.splits).toEqual([{ split: 'train', images: 2, perClass: [] }]);
      expect(inspection.found).toContain('images without class folders: for pretraining only');
      expect(inspection.found).toContain('1 other file, ignored');
      const opened = await dataset.open(folder, 'train');
      expect(await opened.labels()).toBe(null);
      expect((await opened.sample(0)).target).toEqual({ kind: 'none' });
    }));

  test('a class called train among other classes is a class', () =>
    inTemporaryFolder(async (folder) => {
      for (const path of ['train/1.jpg', 'bus/1.jpg', 'tram/1.jpg']) await put(folder, { [path]: await jpeg(path) });
      expect((await inspect(folder)).classes).toEqual(['bus', 'train', 'tram']);
    }));

  test('its fingerprint follows contents and names, not time', () =>
    inTemporaryFolder(async (folder) => {
      await goodTree(folder);
      const before = (await inspect(folder)).fingerprint;
      await put(folder, { 'train/cat/1.jpg': await jpeg('train/cat/1.jpg') });
      expect((await inspect(folder)).fingerprint).toBe(before);
      await put(folder, { 'train/cat/1.jpg': await jpeg('another') });
      expect((await inspect(folder)).fingerprint).not.toBe(before);
    }));
});

describe('bad files', () => {
  test('each has its reason, and the rest is used', () =>
    inTemporaryFolder(async (folder) => {
      await goodTree(folder);
      const whole = await jpeg('whole', 200, 150);
      const png = await picture('png').png().toBuffer();
      await put(folder, {
        'train/cat/empty.jpg': '',
        'train/cat/half.jpg': whole.subarray(0, whole.length / 2),
        'train/cat/header.jpg': whole.subarray(0, 100),
        'train/cat/less-one.jpg': whole.subarray(0, -1),
        'train/cat/less-one.png': png.subarray(0, -1),
        'train/cat/less-twenty.png': png.subarray(0, -20),
        'train/cat/junk-after.jpg': Buffer.concat([whole, Buffer.from('junk')]),
        'train/cat/png-inside.jpg': await picture('disguised').png().toBuffer(),
        'train/cat/gif-inside.jpg': await picture('gif').gif().toBuffer(),
        'train/cat/webp-inside.png': await picture('webp').webp().toBuffer(),
        'train/cat/svg-inside.png': '<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"/>',
        'train/cat/heic-inside.jpg': Buffer.from('\0\0\0\x18ftypheic\0\0\0\0', 'latin1'),
        'train/cat/drawing.svg': '<svg/>',
        'train/cat/text.jpg': 'hello',
        'train/cat/bomb.png': bomb(17400),
        'train/cat/dot.jpg': await jpeg('dot', 1, 1),
        'train/cat/thread.png': await picture('thread', 1, 20000).png().toBuffer(),
        'train/cat/zero.png': bomb(0),
      });
      const memoryBefore = process.memoryUsage().rss;
      const inspection = await inspect(folder);
      const rejects = Object.fromEntries(
        inspection.rejects.map(({ file, reason }) => [file.replace('train/cat/', ''), reason]),
      );
      const unread = 'which is not read; convert it to PNG, for example with ImageMagick:';
      expect(rejects).toEqual({
        'empty.jpg': 'the file is empty (0 bytes)',
        'half.jpg': 'a damaged or truncated JPEG file that cannot be decoded',
        'header.jpg': 'a JPEG file truncated before its size is stated',
        'less-one.jpg': 'a damaged or truncated JPEG file that cannot be decoded',
        'less-twenty.png': 'a damaged or truncated PNG file that cannot be decoded',
        'svg-inside.png': `a drawing in SVG, ${unread} magick FILE FILE.png`,
        'heic-inside.jpg': `a HEIC picture, ${unread} magick FILE FILE.png`,
        'drawing.svg': `a drawing in SVG, ${unread} magick mogrify -format png *.svg`,
        'text.jpg': 'a text file, not a picture: it begins with "hello"',
        'bomb.png':
          '17400 x 17400 pixels are over the limit of 300 megapixels; cut it into tiles, for example with ' +
          'ImageMagick: magick FILE -crop 4096x4096 +repage FILE-%d.png',
        'zero.png': 'its header states a size of 0 x 0 pixels',
      });
      expect(inspection.rejectCount).toBe(11);
      expect(inspection.splits[0]).toEqual({ split: 'train', images: 10, perClass: [9, 1] });
      expect(inspection.smallest).toEqual([1, 1]);
      expect(inspection.duplicateCount).toBe(0);
      // The bomb alone would take 256 MB.
      expect(process.memoryUsage().rss - memoryBefore).toBeLessThan(200 << 20);
    }));

  test('the same picture in train and val is a leak, named by both files', () =>
    inTemporaryFolder(async (folder) => {
      await goodTree(folder);
      await put(folder, {
        'val/dog/again.jpg': await jpeg('train/cat/1.jpg'),
        'train/dog/2.jpg': await jpeg('train/dog/1.jpg'),
      });
      expect(await inspect(folder)).toMatchObject({
        leaks: [['train/cat/1.jpg', 'val/dog/again.jpg']],
        leakCount: 1,
        duplicateCount: 1,
      });
    }));

  test('an empty class, a class only in val, loose pictures and one class are said', () =>
    inTemporaryFolder(async (folder) => {
      await goodTree(folder);
      await put(folder, { 'val/bird/1.jpg': await jpeg('bird'), 'train/loose.jpg': await jpeg('loose') });
      await mkdir(join(folder, 'train/empty'));
      const inspection = await inspect(folder);
      expect(inspection.classes).toEqual(['bird', 'cat', 'dog', 'empty']);
      expect(inspection.rejects).toEqual(
        expect.arrayContaining([
          { file: 'train/empty/', reason: 'a class folder without a readable image' },
          { file: 'train/loose.jpg', reason: 'outside the class folders, so it does not have a class' },
          { file: 'val/bird/', reason: 'a class without pictures in train' },
        ]),
      );
      expect(inspection.splits[0]!.perClass).toEqual([0, 2, 1, 0]);
      await rm(folder, { recursive: true });
      await put(folder, { 'train/one/1.jpg': await jpeg('1'), 'val/one/2.jpg': await jpeg('2') });
      expect((await inspect(folder)).found).toContain('only one class: labels carry no information');
    }));

  test('links in circles, dead links, pipes and folder links are left out, each with its reason', () =>
    inTemporaryFolder(async (folder) => {
      await goodTree(folder);
      await symlink('loop.jpg', join(folder, 'train/cat/loop.jpg'));
      await symlink('nowhere.jpg', join(folder, 'train/cat/dead.jpg'));
      await symlink('..', join(folder, 'train/cat/up'));
      await symlink('..', join(folder, 'train/circle'));
      await symlink(join(folder, 'train/dog/1.jpg'), join(folder, 'train/cat/good-link.jpg'));
      execFileSync('mkfifo', [join(folder, 'train/cat/pipe.jpg')]);
      const inspection = await inspect(folder);
      expect(inspection.rejects.toSorted((a, b) => (a.file < b.file ? -1 : 1))).toEqual([
        { file: 'train/cat/dead.jpg', reason: 'a broken link' },
        { file: 'train/cat/loop.jpg', reason: 'a circular link' },
        { file: 'train/cat/pipe.jpg', reason: 'not a plain file (a pipe, a socket or a device)' },
        { file: 'train/cat/up', reason: 'a link to a folder inside a class folder; it is not followed' },
        { file: 'train/circle', reason: 'a link that leads back to a folder above it' },
      ]);
      expect(inspection.splits[0]!.perClass).toEqual([3, 1]);
    }));

  test('names with line breaks and direction marks are shown as one visible line, and can be excluded by it', () =>
    inTemporaryFolder(async (folder) => {
      await goodTree(folder);
      const name = 'train/cat/new\nline\u202Egpj.jpg';
      await put(folder, { [name]: 'bad', [`train/cat/${'x'.repeat(251)}.jpg`]: await jpeg('long') });
      const inspection = await inspect(folder);
      const shown = 'train/cat/new\\u{a}line\\u{202e}gpj.jpg';
      expect(inspection.rejects).toEqual([{ file: shown, reason: 'a text file, not a picture: it begins with "bad"' }]);
      expect((await dataset.open(folder, 'train')).count).toBe(5);
      expect((await dataset.open(folder, 'train', { exclude: [shown] })).count).toBe(4);
    }));

  test('more than a thousand rejects are counted, a thousand are listed', () =>
    inTemporaryFolder(async (folder) => {
      await goodTree(folder);
      for (let i = 0; i < 1100; i++) await writeFile(join(folder, `train/cat/bad-${i}.jpg`), '');
      const inspection = await inspect(folder);
      expect([inspection.rejects.length, inspection.rejectCount]).toEqual([1000, 1100]);
    }));

  test('a file without permission, or gone, has words of its own', () => {
    const failure = (code: string) => Object.assign(new Error(code), { code });
    expect(inEnglish(reasonOf(failure('EACCES')))).toBe('no permission to read it');
    expect(inEnglish(reasonOf(failure('ENOENT')))).toBe('removed or renamed during the scan');
    expect(() => reasonOf(new TypeError('a mistake of ours'))).toThrow('a mistake of ours');
  });
});

describe('a folder that is not what was meant', () => {
  test('says what was expected and what is there', () =>
    inTemporaryFolder(async (folder) => {
      await put(folder, { 'a.txt': 'x', 'b/c.csv': 'x', 'd/e.doc': 'x' });
      const inspection = await inspect(folder);
      expect(inspection.dataset).toBe(null);
      expect(inspection.found).toEqual(['2 folders, 1 file: a.txt, b/, d/']);
      expect(inspection.expected.join('\n')).toMatch(/data_batch_1.bin[^]*train-images-idx3-ubyte[^]*train\/CLASS/);
      const asIdx = await inspectFolder(folder, 'idx', quiet, never);
      expect(asIdx.expected).toHaveLength(2);
      await rm(folder, { recursive: true });
      await mkdir(folder);
      expect((await inspect(folder)).found).toEqual(['an empty folder']);
    }));

  test('that does not exist is a fault with a way on', async () => {
    await expect(inspect('/nowhere/at/all')).rejects.toMatchObject({
      message: '/nowhere/at/all: there is no such file or folder. Choose another folder.',
      fault: { code: 'not-found', retry: 'choose-folder' },
    });
  });

  test('with only bad pictures is no data set, and every picture has its reason', () =>
    inTemporaryFolder(async (folder) => {
      await put(folder, { 'train/a/1.jpg': '', 'val/a/1.jpg': 'x' });
      expect(await inspect(folder)).toMatchObject({ dataset: null, rejectCount: 2 });
    }));

  test('can be left while it is scanned', () =>
    inTemporaryFolder(async (folder) => {
      await goodTree(folder);
      const stop = new AbortController();
      const started = inspectFolder(folder, null, () => stop.abort(), stop.signal);
      await expect(started).rejects.toMatchObject({ fault: { code: 'cancelled' } });
      const reason = new Error('stop was asked for');
      const told = new AbortController();
      await expect(inspectFolder(folder, null, () => told.abort(reason), told.signal)).rejects.toBe(reason);
    }));
});
