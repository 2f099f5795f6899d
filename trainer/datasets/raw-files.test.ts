/** IDX, CIFAR and STL-10 files: headers that lie, files cut short, labels that do not fit. */
import { mkdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { inspectFolder } from '../data/listing/inspect.ts';
import { idxImages, idxLabels, inTemporaryFolder, randomBytes, writeIdx } from '../data/testing/small-datasets.ts';
import type { OpenDataset } from '../recipe.ts';
import { dataset as cifar } from './cifar.ts';
import { dataset as idx } from './idx.ts';
import { dataset as stl10 } from './stl10.ts';
import { spelledOut } from '../data/testing/spelled-out.ts';

const quiet = () => undefined;
const never = new AbortController().signal;
const inspect = async (folder: string) => spelledOut(await inspectFolder(folder, null, quiet, never));

async function pixelsOf(opened: OpenDataset, index: number): Promise<Uint8Array> {
  const { image } = await opened.sample(index);
  if (image.kind !== 'raw') throw new Error(`Sample ${index} is not raw.`);
  return image.pixels;
}

describe('IDX', () => {
  test('gives the same images plain and gzipped', () =>
    inTemporaryFolder(async (folder) => {
      await writeIdx(folder, 25, 10);
      const zipped = join(folder, 'zipped');
      await mkdir(zipped);
      for (const part of ['train', 't10k']) {
        for (const kind of ['images-idx3', 'labels-idx1']) {
          const name = `${part}-${kind}-ubyte`;
          await writeFile(join(zipped, `${name}.gz`), gzipSync(await readFile(join(folder, name))));
        }
      }
      const expected = randomBytes(25 * 144, 'train');
      for (const place of [folder, zipped]) {
        const opened = await idx.open(place, 'train');
        expect([opened.count, opened.channels, opened.classes]).toEqual([25, 1, ['0', '1', '2']]);
        expect([...(await opened.labels())!.slice(0, 4)]).toEqual([0, 1, 2, 0]);
        for (const index of [24, 0, 7]) {
          expect(Buffer.from(await pixelsOf(opened, index))).toEqual(
            Buffer.from(expected.subarray(index * 144, (index + 1) * 144)),
          );
        }
        await opened.close();
        const inspection = await inspect(place);
        expect(inspection).toMatchObject({ dataset: 'idx', smallest: [12, 12], channels: 1, rejectCount: 0 });
        expect(inspection.splits).toEqual([
          { split: 'train', images: 25, perClass: [9, 8, 8] },
          { split: 'test', images: 10, perClass: [4, 3, 3] },
        ]);
      }
    }));

  test('knows the variants of EMNIST apart', () =>
    inTemporaryFolder(async (folder) => {
      for (const variant of ['balanced', 'letters']) {
        await writeFile(
          join(folder, `emnist-${variant}-train-images-idx3-ubyte`),
          idxImages(2, 3, 3, randomBytes(18, variant)),
        );
        await writeFile(join(folder, `emnist-${variant}-train-labels-idx1-ubyte`), idxLabels(Uint8Array.of(0, 1)));
      }
      expect((await inspect(folder)).splits.map((each) => each.split).sort()).toEqual([
        'balanced-train',
        'letters-train',
      ]);
      expect((await idx.open(folder, 'letters-train')).count).toBe(2);
    }));

  test('the same image in train and test is a leak', () =>
    inTemporaryFolder(async (folder) => {
      await writeIdx(folder, 5, 5);
      const train = await readFile(join(folder, 'train-images-idx3-ubyte'));
      const test = await readFile(join(folder, 't10k-images-idx3-ubyte'));
      train.copy(test, 16, 16, 16 + 144);
      await writeFile(join(folder, 't10k-images-idx3-ubyte'), test);
      expect(await inspect(folder)).toMatchObject({
        leakCount: 1,
        leaks: [['train-images-idx3-ubyte image 0', 't10k-images-idx3-ubyte image 0']],
      });
    }));

  const body = randomBytes(5 * 144, 'body');
  const whole = idxImages(5, 12, 12, body);
  const typed = Buffer.from(whole);
  typed[2] = 0x0d;
  const cutZip = gzipSync(whole);
  const damaged = Buffer.from(cutZip);
  damaged[damaged.length - 6]! ^= 0xff;
  test.each<[what: string, name: string, contents: Buffer, reason: string]>([
    ['empty', '', Buffer.alloc(0), 'the file is empty (0 bytes)'],
    ['no IDX', '', Buffer.from('hello, this is a text'), 'not an IDX file: it begins with 68656c6c'],
    ['cut in its header', '', whole.subarray(0, 9), 'truncated inside its header (9 bytes)'],
    ['of another type', '', typed, 'its values are of type 0x0d; only bytes (0x08) are read'],
    ['labels in place of images', '', idxLabels(body), 'it has 1 dimensions; images have 3'],
    [
      'one byte short',
      '',
      whole.subarray(0, -1),
      'its header states 5 images of 12 x 12 pixels (736 bytes), but the file has 735',
    ],
    [
      'stating 4 billion images',
      '',
      idxImages(0xffffffff, 12, 12, body),
      'its header states 4294967295 images of 12 x 12 pixels (618475290496 bytes), but the file has 736',
    ],
    ['stating huge images', '', idxImages(1, 65536, 65536, body), 'its header states images of 65536 x 65536 pixels'],
    [
      'gzipped, stating 4 billion images',
      '.gz',
      gzipSync(idxImages(0xffffffff, 12, 12, body)),
      'compressed bytes cannot hold that',
    ],
    [
      'gzipped, holding fewer',
      '.gz',
      gzipSync(idxImages(5, 12, 12, body.subarray(144))),
      'its header states 5 images of 12 x 12 pixels, but it holds only 4',
    ],
    [
      'gzipped, holding more',
      '.gz',
      gzipSync(Buffer.concat([whole, body.subarray(0, 144)])),
      'its header states 5 images of 12 x 12 pixels, but it holds more',
    ],
    ['cut gzip', '.gz', cutZip.subarray(0, -30), 'the gzip file is truncated'],
    ['damaged gzip', '.gz', damaged, 'the gzip checksum does not match: the file is damaged'],
    ['not gzip', '.gz', whole, 'not a gzip file, although its name ends in .gz'],
  ])('a file %s', (_what, extension, contents, reason) =>
    inTemporaryFolder(async (folder) => {
      await writeIdx(folder, 5, 5);
      await rm(join(folder, 'train-images-idx3-ubyte'));
      const name = `train-images-idx3-ubyte${extension}`;
      await writeFile(join(folder, name), contents);
      const inspection = await inspect(folder);
      expect(inspection.rejects).toEqual([{ file: name, reason: expect.stringContaining(reason) as string }]);
      expect(inspection.splits.map((each) => each.split)).toEqual(['test']);
      const reading = (async () => {
        const opened = await idx.open(folder, 'train');
        await opened.sample(0);
      })();
      await expect(reading).rejects.toMatchObject({
        fault: { code: 'unreadable-file', values: { file: join(folder, name) } },
      });
    }),
  );

  test('counts of images and labels must agree', () =>
    inTemporaryFolder(async (folder) => {
      await writeIdx(folder, 5, 5);
      await writeFile(join(folder, 'train-labels-idx1-ubyte'), idxLabels(Uint8Array.of(0, 1, 2, 0)));
      const inspection = await inspect(folder);
      expect(inspection.rejects).toEqual([
        { file: 'train-images-idx3-ubyte', reason: '5 images, but train-labels-idx1-ubyte holds 4 labels' },
      ]);
      await expect(idx.open(folder, 'train')).rejects.toThrow(
        'holds 5 images, but train-labels-idx1-ubyte holds 4 labels',
      );
      await writeFile(join(folder, 'train-labels-idx1-ubyte'), idxLabels(Uint8Array.of(0, 1, 2, 0), 9));
      expect((await inspect(folder)).rejects[0]!.reason).toBe(
        'its header states 9 labels (17 bytes), but the file has 12',
      );
    }));

  test('images alone are an unlabelled set; a missing split is named with those there are', () =>
    inTemporaryFolder(async (folder) => {
      await writeIdx(folder, 5, 5);
      await rm(join(folder, 'train-labels-idx1-ubyte'));
      const opened = await idx.open(folder, 'train');
      expect(await opened.labels()).toBe(null);
      await expect(idx.open(folder, 'val')).rejects.toThrow('has no split "val". It has: train, test.');
    }));
});

/** `count` records of CIFAR-10, labels 0, 1, 2 …, each plane of one value. */
function records(count: number, first = 0): Buffer {
  return Buffer.concat(
    Array.from({ length: count }, (_, i) =>
      Buffer.concat([
        Buffer.of((first + i) % 10),
        Buffer.alloc(1024, first + i),
        Buffer.alloc(1024, 100 + i),
        Buffer.alloc(1024, 200),
      ]),
    ),
  );
}

describe('CIFAR', () => {
  async function write(folder: string): Promise<void> {
    await writeFile(join(folder, 'data_batch_1.bin'), records(6));
    await writeFile(join(folder, 'data_batch_2.bin'), records(4, 6));
    await writeFile(join(folder, 'test_batch.bin'), records(3, 20));
    await writeFile(
      join(folder, 'batches.meta.txt'),
      'airplane\nautomobile\nbird\ncat\ndeer\ndog\nfrog\nhorse\nship\ntruck\n\n',
    );
  }

  test('joins the batches and interleaves the planes', () =>
    inTemporaryFolder(async (folder) => {
      await write(folder);
      const opened = await cifar.open(folder, 'train');
      expect([opened.count, opened.channels, opened.classes[9]]).toEqual([10, 3, 'truck']);
      expect([...(await opened.labels())!]).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
      expect([...(await pixelsOf(opened, 7)).subarray(0, 6)]).toEqual([7, 101, 200, 7, 101, 200]);
      expect((await opened.sample(7)).name).toBe('data_batch_2.bin image 1');
      await opened.close();
      const inspection = await inspect(folder);
      expect(inspection).toMatchObject({ dataset: 'cifar', title: 'CIFAR-10', smallest: [32, 32], rejectCount: 0 });
      expect(inspection.splits[0]!.perClass).toEqual(new Array(10).fill(1));
    }));

  test('CIFAR-100 uses the fine label', () =>
    inTemporaryFolder(async (folder) => {
      const fine = Buffer.concat([Buffer.of(3, 77), Buffer.alloc(3072, 5)]);
      await writeFile(join(folder, 'train.bin'), fine);
      const opened = await cifar.open(folder, 'train');
      expect([...(await opened.labels())!]).toEqual([77]);
      expect(opened.classes).toHaveLength(100);
      await opened.close();
    }));

  test('a batch cut short, and a label out of range, are rejected by name', () =>
    inTemporaryFolder(async (folder) => {
      await write(folder);
      await truncate(join(folder, 'data_batch_1.bin'), 6 * 3073 - 1);
      const wrong = records(2);
      wrong[3073] = 200;
      await writeFile(join(folder, 'data_batch_2.bin'), wrong);
      const inspection = await inspect(folder);
      expect(inspection.rejects).toEqual([
        {
          file: 'data_batch_1.bin',
          reason: 'its 18437 bytes are not a whole number of records of 3073 bytes: truncated or damaged',
        },
        { file: 'data_batch_2.bin', reason: 'record 1 has label 200; CIFAR-10 has 0 to 9' },
      ]);
      await expect(cifar.open(folder, 'train')).rejects.toMatchObject({ fault: { code: 'unreadable-file' } });
    }));
});

describe('STL-10', () => {
  const plane = 96 * 96;
  /** Pictures whose number, colour, column and row can be read off their bytes. */
  function pictures(count: number): Buffer {
    const bytes = Buffer.alloc(count * 3 * plane);
    for (let at = 0; at < bytes.length; at++) {
      const [picture, colour] = [Math.floor(at / (3 * plane)), Math.floor(at / plane) % 3];
      const [column, row] = [Math.floor((at % plane) / 96), at % 96];
      bytes[at] = (picture * 64 + colour * 20 + column * 2 + row) & 0xff;
    }
    return bytes;
  }
  async function write(folder: string): Promise<void> {
    await writeFile(join(folder, 'train_X.bin'), pictures(3));
    await writeFile(join(folder, 'train_y.bin'), Buffer.of(1, 10, 2));
    await writeFile(join(folder, 'unlabeled_X.bin'), pictures(2));
    await writeFile(
      join(folder, 'class_names.txt'),
      'airplane\nbird\ncar\ncat\ndeer\ndog\nhorse\nmonkey\nship\ntruck\n',
    );
  }

  test('turns planes that run down the columns into pictures, and counts labels from 0', () =>
    inTemporaryFolder(async (folder) => {
      await write(folder);
      const opened = await stl10.open(folder, 'train');
      expect([opened.count, opened.channels, opened.classes[9]]).toEqual([3, 3, 'truck']);
      expect([...(await opened.labels())!]).toEqual([0, 9, 1]);
      const pixels = await pixelsOf(opened, 1);
      // Row 5, column 7.
      expect([...pixels.subarray((5 * 96 + 7) * 3, (5 * 96 + 8) * 3)]).toEqual(
        [0, 1, 2].map((c) => 64 + c * 20 + 14 + 5),
      );
      await opened.close();
      const inspection = await inspect(folder);
      expect(inspection).toMatchObject({ dataset: 'stl10', smallest: [96, 96], channels: 3, rejectCount: 0 });
      expect(inspection.splits).toEqual([
        { split: 'train', images: 3, perClass: [1, 1, 0, 0, 0, 0, 0, 0, 0, 1] },
        { split: 'unlabeled', images: 2, perClass: [] },
      ]);
      const unlabeled = await stl10.open(folder, 'unlabeled');
      expect(await unlabeled.labels()).toBe(null);
      expect((await unlabeled.sample(1)).target).toEqual({ kind: 'none' });
      await unlabeled.close();
    }));

  test.each([
    [
      'cut short',
      async (folder: string) => truncate(join(folder, 'train_X.bin'), 27647),
      'not a whole number of records',
    ],
    ['without labels', async (folder: string) => rm(join(folder, 'train_y.bin')), 'train_y.bin, is missing'],
    [
      'with too few labels',
      async (folder: string) => writeFile(join(folder, 'train_y.bin'), Buffer.of(1)),
      'it has 3 images, but train_y.bin has 1 labels',
    ],
    [
      'with a label that is none',
      async (folder: string) => writeFile(join(folder, 'train_y.bin'), Buffer.of(1, 11, 2)),
      'image 1 has label 11 in train_y.bin',
    ],
  ])('pictures %s are rejected by name', (_what, damage, reason) =>
    inTemporaryFolder(async (folder) => {
      await write(folder);
      await damage(folder);
      const inspection = await inspect(folder);
      expect(inspection.rejects).toEqual([{ file: 'train_X.bin', reason: expect.stringContaining(reason) as string }]);
      expect(inspection.splits.map(({ split }) => split)).toEqual(['unlabeled']);
      await expect(stl10.open(folder, 'train')).rejects.toThrow(reason);
    }),
  );
});
