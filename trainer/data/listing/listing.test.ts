/** Shared by every reader of image files: compact tables, listed once and inspected at two depths. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import sharp from 'sharp';
import * as v from 'valibot';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Inspection } from '../../protocol/dataset.ts';
import { newestResizing } from '../../protocol/run.ts';
import { nameOf, placeOf, selected, startTable, type Place } from './image-table.ts';
import { checkedUnasked, inspectListing } from './inspect-listing.ts';
import { united, type List } from './listing.ts';
import { viewWork } from '../loading/view-renderer.ts';
import { openProducer, type LoaderProgram } from '../loading/worker-pool.ts';
import { startRejects } from '../rejects.ts';
import { buildWorker, inTemporaryFolder, randomBytes, removeWorker } from '../testing/small-datasets.ts';
import { openData } from '../loading/open-data.ts';
import { spelledOut } from '../testing/spelled-out.ts';

const quiet = () => undefined;

test('a table returns what was added to it, also after a selection', () => {
  const name = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 });
  const rows = fc.array(fc.record({ name, label: fc.nat(5), archive: fc.nat(2), offset: fc.maxSafeNat() }));
  fc.assert(
    fc.property(rows, fc.boolean(), fc.boolean(), (unordered, archived, labelled) => {
      const given = unordered.toSorted((a, b) => a.archive - b.archive);
      const place = ({ archive, offset }: (typeof given)[number]): Place | null =>
        archived ? { archive: `${archive}.tar`, offset, size: offset % 97 } : null;
      const builder = startTable();
      for (const row of given) builder.add(row.name, row.label, place(row));
      const table = builder.finish(labelled ? (label) => label * 2 : null);
      const read = (images: typeof table) =>
        Array.from({ length: images.count }, (_, index) => ({
          name: nameOf(images, index),
          place: placeOf(images, index),
          label: images.labels?.[index] ?? null,
        }));
      const all = given.map((row) => ({
        name: archived ? `${row.archive}.tar/${row.name}` : row.name,
        place: place(row),
        label: labelled ? row.label * 2 : null,
      }));
      expect(read(table)).toEqual(all);
      expect(read(selected(table, (index) => index % 3 === 1))).toEqual(all.filter((_, index) => index % 3 === 1));
    }),
  );
});

test('a class has one number in all splits, and one missing from train is reported', () => {
  const draft = (split: string, names: readonly string[]) => {
    const images = startTable();
    for (const [label, name] of names.entries()) images.add(name, label);
    return { split, images, names };
  };
  const rejects = startRejects();
  const { splits, classes } = united([draft('train', ['dog', 'ant']), draft('val', ['bee', 'dog'])], rejects);
  expect(classes).toEqual(['ant', 'bee', 'dog']);
  expect(splits.map(({ images }) => [...images.labels!])).toEqual([
    [2, 0],
    [1, 2],
  ]);
  expect(spelledOut(rejects.list)).toEqual([{ file: 'val/bee/', reason: 'a class without pictures in train' }]);
});

const picture = (name: string) =>
  sharp(randomBytes(300, name), { raw: { width: 10, height: 10, channels: 3 } })
    .png()
    .toBuffer();

describe('an inspection in two depths', () => {
  const description = { dataset: 'many', title: 'Many', expected: [], licence: null, source: null };
  /** Any number of images, all of them the one in `pack`. */
  const listOf =
    (count: number, size: number): List =>
    async () => {
      const images = startTable();
      for (let index = 0; index < count; index++)
        images.add(`${index}.png`, index % 2, { archive: 'pack', offset: 3, size: index === 7 ? 0 : size });
      return {
        splits: [{ split: 'train', images: images.finish((label) => label) }],
        classes: ['a', 'b'],
        found: [],
        splitRule: null,
      };
    };

  test('many images are listed, with counts, sizes and another fingerprint; few are checked', () =>
    inTemporaryFolder(async (folder) => {
      const bytes = await picture('one');
      await writeFile(join(folder, 'pack'), Buffer.concat([Buffer.from('abc'), bytes]));
      const inspect = async (count: number, size = bytes.length) =>
        spelledOut(await inspectListing(listOf(count, size), folder, description, quiet, new AbortController().signal));
      const many = await inspect(checkedUnasked + 1);
      const { contents: _contents, ...old } = many;
      expect(v.parse(Inspection, old).contents).toBe('checked');
      expect(many).toMatchObject({
        contents: 'listed',
        splits: [
          { split: 'train', images: checkedUnasked, perClass: [checkedUnasked / 2 + 1, checkedUnasked / 2 - 1] },
        ],
        bytes: checkedUnasked * bytes.length,
        rejects: [{ file: 'pack/7.png', reason: 'the file is empty (0 bytes)' }],
        smallest: null,
        largest: null,
        leakCount: 0,
        duplicateCount: 0,
      });
      expect((await inspect(checkedUnasked + 1)).fingerprint).toBe(many.fingerprint);
      expect((await inspect(checkedUnasked + 1, bytes.length - 1)).fingerprint).not.toBe(many.fingerprint);
      expect(await inspect(20)).toMatchObject({ contents: 'checked', smallest: [10, 10], duplicateCount: 18 });
    }));

  test('contents are checked on request, for any number of images, and the check can be cancelled', () =>
    inTemporaryFolder(async (folder) => {
      const bytes = await picture('one');
      await writeFile(join(folder, 'pack'), Buffer.concat([Buffer.from('abc'), bytes]));
      const leave = new AbortController();
      const told: (readonly [number, number | null])[] = [];
      const inspecting = inspectListing(
        listOf(checkedUnasked + 1, bytes.length),
        folder,
        description,
        (done, total) => {
          told.push([done, total]);
          if (done > 0) leave.abort();
        },
        leave.signal,
        { contents: true },
      );
      await expect(inspecting).rejects.toMatchObject({ fault: { code: 'cancelled' } });
      // Commands are looked at by time: long before the end, whatever the machine.
      const [done, total] = told.at(-1)!;
      expect(total).toBe(checkedUnasked + 1);
      expect(done).toBeLessThan(checkedUnasked / 10);
    }));
});

describe('a decoding worker', () => {
  let worker: LoaderProgram;
  beforeAll(async () => {
    worker = await buildWorker();
  });
  afterAll(removeWorker);

  test('receives what was found, and does not list again', () =>
    inTemporaryFolder(async (folder) => {
      await mkdir(join(folder, 'train/only'), { recursive: true });
      for (let i = 0; i < 5; i++) await writeFile(join(folder, `train/only/${i}.png`), await picture(String(i)));
      const data = { dataset: 'image-folder', path: folder, split: 'train' };
      const preprocessing = { resize: null, crop: 10, interpolation: 'bilinear' } as const;
      const normalization = { mean: [0, 0, 0], std: [1, 1, 1] };
      const task = { kind: 'evaluation', preprocessing } as const;
      const specification = { data, normalization, resizing: newestResizing, task };
      const opened = await openData(data);
      expect(opened.found!.images.names.buffer).toBeInstanceOf(SharedArrayBuffer);
      // A worker that listed the folder would find one more image, and it would come first.
      await writeFile(join(folder, 'train/only/-.png'), await picture('late'));
      const pool = { workers: 1, count: 5, ...worker, runFolder: null };
      await expect(openProducer(viewWork, specification, pool)).rejects.toThrow('had 5 images and now has 6');
      const producer = await openProducer(viewWork, { ...specification, found: opened.found }, pool);
      const [views] = (await producer.produce({ epoch: 0, index: Int32Array.of(0) })).elsewhere!;
      const expected = await sharp(await picture('0'))
        .raw()
        .toBuffer();
      expect([...views!]).toEqual([...expected]);
      await producer.close();
    }));
});
