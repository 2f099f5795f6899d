/** Parquet shards as Apache's own writer makes them (data/golden/parquet.py), however they are packed. */
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decode } from '../data/pixels/decode.ts';
import { inTemporaryFolder } from '../data/testing/small-datasets.ts';
import { dataset } from './parquet.ts';
import { spelledOut } from '../data/testing/spelled-out.ts';

const golden = (name: string): string => new URL(`../data/golden/${name}.parquet`, import.meta.url).pathname;
const count = 12;
const quiet = () => undefined;
const never = new AbortController().signal;

async function pictures(folder: string, split: string) {
  const opened = await dataset.open(folder, split);
  return Promise.all(
    Array.from({ length: opened.count }, async (_, index) => {
      const { image, target, name } = await opened.sample(index);
      const label = target.kind === 'class' ? target.class : null;
      const { width, height, pixels } = await decode(image, 3);
      return { label, name, width, height, pixel: [...pixels.subarray(0, 3)], last: [...pixels.subarray(-3)] };
    }),
  );
}
const colour = (i: number): readonly number[] => [20 * i, 255 - 20 * i, i];

describe.each(['snappy', 'dictionary', 'fallen-back', 'zstd', 'gzip', 'brotli', 'deltas'])('%s', (packing) => {
  test('every picture has its own bytes, its class and its name', () =>
    inTemporaryFolder(async (folder) => {
      await mkdir(join(folder, 'data'));
      await copyFile(golden(packing), join(folder, 'data/train-00000-of-00001.parquet'));
      expect(await dataset.recognises(folder)).toBe(true);
      const found = await pictures(folder, 'train');
      expect(found).toHaveLength(count);
      found.forEach((picture, i) =>
        expect(picture).toMatchObject({
          label: i % 3,
          width: 4,
          height: 3,
          pixel: colour(i),
          last: colour(i),
          name: `data/train-00000-of-00001.parquet/${i}/n${String(i % 3).padStart(8, '0')}_${i}.JPEG`,
        }),
      );
      const inspection = spelledOut(await dataset.inspect(folder, quiet, never, { contents: true }));
      expect(inspection).toMatchObject({
        dataset: 'parquet',
        classes: ['tench', 'goldfish', 'great white shark'],
        rejectCount: 0,
        splits: [{ split: 'train', images: count, perClass: [4, 4, 4] }],
      });
    }));
});

test('a row without a picture is told when it is looked at, one without a class at once; lists are no pictures', () =>
  inTemporaryFolder(async (folder) => {
    await copyFile(golden('bare'), join(folder, 'validation-0.parquet'));
    const { rejects, splits, classes } = spelledOut(await dataset.inspect(folder, quiet, never, { contents: true }));
    expect(rejects).toEqual([
      { file: 'validation-0.parquet/7', reason: 'its row has no class, unlike others' },
      { file: 'validation-0.parquet/4', reason: 'its row does not contain an image' },
    ]);
    expect(splits).toEqual([{ split: 'val', images: 10, perClass: [4, 2, 4] }]);
    expect(classes).toEqual(['0', '1', '2']);
    const opened = await dataset.open(folder, 'val', { exclude: ['validation-0.parquet/4'] });
    expect(opened.count).toBe(10);
    const { image } = await opened.sample(4);
    expect([...(await decode(image, 3)).pixels.subarray(0, 3)]).toEqual(colour(5));
  }));

test('splits by folder and by name, shards in order', () =>
  inTemporaryFolder(async (folder) => {
    await mkdir(join(folder, 'test'));
    for (const name of ['train-00001-of-00002', 'train-00000-of-00002', 'test/0000'])
      await copyFile(golden('snappy'), join(folder, `${name}.parquet`));
    const found = await pictures(folder, 'train');
    expect(found.map(({ name }) => name.slice(0, 11))).toEqual([
      ...Array.from({ length: count }, () => 'train-00000'),
      ...Array.from({ length: count }, () => 'train-00001'),
    ]);
    expect(await pictures(folder, 'test')).toHaveLength(count);
  }));

describe('hostile and broken files', () => {
  const inspected = async (bytes: Uint8Array) =>
    inTemporaryFolder(async (folder) => {
      await writeFile(join(folder, 'train.parquet'), bytes);
      return { folder, ...spelledOut(await dataset.inspect(folder, quiet, never, { contents: true })) };
    });

  test.each([
    ['no Parquet file', Buffer.from('PAR1 and nothing more of it.\x04\0\0\0PAR9', 'latin1'), /footer cannot be read/],
    ['too short', Buffer.from('PAR1'), /a file of 4 bytes cannot be a Parquet file/],
    ['a footer larger than the file', Buffer.from('PAR1....\xff\xff\xff\x7fPAR1', 'latin1'), /is stated to have/],
  ])('%s is named', async (_, bytes, reason) => {
    const { rejects } = await inspected(bytes);
    expect(rejects).toMatchObject([{ file: 'train.parquet', reason: expect.stringMatching(reason) as string }]);
  });

  test('cut short or with a byte changed, it is read or named: nothing else is thrown, nothing grows', async () => {
    const whole = await readFile(golden('fallen-back'));
    const before = process.memoryUsage.rss();
    await fc.assert(
      fc.asyncProperty(
        fc.nat(whole.length - 1),
        fc.integer({ min: 1, max: 255 }),
        fc.boolean(),
        async (at, change, isCut) => {
          const bytes = Buffer.from(isCut ? whole.subarray(0, at) : whole);
          if (!isCut) bytes[at]! ^= change;
          const { splits, rejectCount } = await inspected(bytes);
          expect(splits.reduce((sum, { images }) => sum + images, 0) + rejectCount).toBeGreaterThan(0);
        },
      ),
      { numRuns: 300 },
    );
    expect(process.memoryUsage.rss() - before).toBeLessThan(512 << 20);
  }, 60_000);
});
