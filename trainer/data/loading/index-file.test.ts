/** An index of archives: gives the same images as listing, and is never used when out of date. */
import { appendFile, mkdir, readFile, readdir, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { nameOf, placeOf } from '../listing/image-table.ts';
import { type FoundImages } from '../found-images.ts';
import { locate } from './index-file.ts';
import { inTemporaryFolder, tarOf } from '../testing/small-datasets.ts';

const shards = { 'train-000.tar': ['a', 'b', 'c'], 'train-001.tar': ['d', 'e'] };

/** Nothing is decoded here: the pictures are words. */
function shardOf(names: readonly string[]): Buffer {
  return tarOf(
    names.flatMap((name, at) => [
      { name: `${name}.png`, contents: `picture of ${name}` },
      { name: `${name}.cls`, contents: String(at) },
    ]),
  );
}

const shown = (found: FoundImages | undefined): unknown =>
  found && {
    classes: found.classes,
    images: Array.from({ length: found.images.count }, (_, index) => [
      nameOf(found.images, index),
      placeOf(found.images, index),
      found.images.labels?.[index] ?? null,
    ]),
  };

async function withShards(
  use: (given: {
    readonly folder: string;
    readonly indexes: string;
    look(): Promise<{ readonly found: unknown; readonly notices: readonly string[] }>;
  }) => Promise<void>,
): Promise<void> {
  await inTemporaryFolder(async (root) => {
    const folder = join(root, 'data');
    const cacheFolder = join(root, 'cache');
    await mkdir(folder);
    for (const [name, own] of Object.entries(shards)) await writeFile(join(folder, name), shardOf(own));
    await use({
      folder,
      indexes: join(cacheFolder, 'indexes'),
      async look() {
        const notices: string[] = [];
        const data = { dataset: 'webdataset', path: folder, split: 'train', fingerprint: 'f' };
        const found = await locate(data, { cacheFolder, notice: (code) => notices.push(code) });
        return { found: shown(found), notices };
      },
    });
  });
}

/** Replaces an archive by one of the same size and time: finding the old names means that it was not read. */
async function exchange(path: string, names: readonly string[]): Promise<void> {
  const { size, atime, mtime } = await stat(path);
  const bytes = shardOf(names);
  expect(bytes).toHaveLength(size);
  await writeFile(path, bytes);
  await utimes(path, atime, mtime);
}

test('gives what listing gave, without listing', () =>
  withShards(async ({ folder, look }) => {
    const first = await look();
    expect(first.notices).toEqual([]);
    expect(first.found).toMatchObject({ classes: ['0', '1', '2'], images: { length: 5 } });
    await utimes(join(folder, 'train-001.tar'), 1, 1);
    expect(await look()).toEqual(first);
    await exchange(join(folder, 'train-001.tar'), ['y', 'z']);
    expect(await look()).toEqual(first);
  }));

test('is invalidated when an archive changes, is added, or has another time', () =>
  withShards(async ({ folder, look }) => {
    await look();
    await writeFile(join(folder, 'train-002.tar'), shardOf(['f']));
    expect((await look()).found).toMatchObject({ images: { length: 6 } });
    await writeFile(join(folder, 'train-002.tar'), shardOf(['g', 'h']));
    expect((await look()).found).toMatchObject({ images: { length: 7 } });
    await utimes(join(folder, 'train-001.tar'), 2, 2);
    await look();
    await exchange(join(folder, 'train-001.tar'), ['y', 'z']);
    expect(JSON.stringify(await look())).not.toContain('z.png');
    await utimes(join(folder, 'train-001.tar'), 1, 1);
    expect(JSON.stringify(await look())).toContain('z.png');
  }));

test('is rebuilt wherever it was damaged, with a notice', () =>
  withShards(async ({ indexes, look }) => {
    const first = await look();
    const [name] = await readdir(indexes);
    const file = join(indexes, name!);
    const whole = await readFile(file);
    const flipped = (at: number): Buffer => {
      const bytes = Buffer.from(whole);
      bytes[at]! ^= 1;
      return bytes;
    };
    const places = Array.from({ length: 60 }, (_, part) => Math.floor((part * whole.length) / 60));
    for (const bytes of [whole.subarray(0, 5), whole.subarray(0, -1), Buffer.alloc(0), ...places.map(flipped)]) {
      await writeFile(file, bytes);
      expect((await look()).found).toEqual(first.found);
      // The index is whole again.
      expect(await look()).toEqual(first);
    }
    await appendFile(file, 'more');
    expect((await look()).notices).toEqual(['cache-damaged']);
  }));

test('is not created for folders, which are listed as fast', () =>
  inTemporaryFolder(async (root) => {
    await mkdir(join(root, 'data/train/only'), { recursive: true });
    await writeFile(join(root, 'data/train/only/a.png'), 'picture');
    const data = { dataset: 'image-folder', path: join(root, 'data'), split: 'train' };
    const found = await locate(data, { cacheFolder: join(root, 'cache'), notice: () => undefined });
    expect(found?.images.count).toBe(1);
    await expect(readdir(join(root, 'cache'))).rejects.toThrow('ENOENT');
  }));
