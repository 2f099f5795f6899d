/** Data sets whose pictures are named by lists: Places205 and iNaturalist 2018. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { inspectFolder } from '../data/listing/inspect.ts';
import { linesIn } from '../data/formats/lines.ts';
import { inTemporaryFolder, put, randomBytes } from '../data/testing/small-datasets.ts';
import { dataset as inaturalist } from './inaturalist18.ts';
import { dataset as places } from './places205.ts';
import { spelledOut } from '../data/testing/spelled-out.ts';

const inspect = async (folder: string) =>
  spelledOut(await inspectFolder(folder, null, () => undefined, new AbortController().signal));
const jpeg = (name: string) =>
  sharp(randomBytes(12 * 10 * 3, name), { raw: { width: 12, height: 10, channels: 3 } })
    .jpeg()
    .toBuffer();

test('a text file of any size is read line by line', () =>
  inTemporaryFolder(async (folder) => {
    const path = join(folder, 'list.txt');
    const line = fc.oneof(
      fc.string({ unit: 'grapheme' }),
      fc.nat(30_000).map((length) => 'x'.repeat(length)),
    );
    const lines = fc.array(
      line.map((text) => text.replaceAll(/[\r\n]/g, '')),
      { maxLength: 20 },
    );
    await fc.assert(
      fc.asyncProperty(lines, fc.constantFrom('\n', '\r\n'), fc.boolean(), async (given, end, ends) => {
        await writeFile(path, given.join(end) + (ends ? end : ''));
        const expected = given.at(-1) === '' && !ends ? given.slice(0, -1) : given;
        expect([...linesIn(path)]).toEqual(given.length === 0 && ends ? [''] : expected);
      }),
    );
    await writeFile(path, `short\n${'x'.repeat(70_000)}`);
    expect(() => [...linesIn(path)]).toThrow('it has a line of more than 65536 bytes: it is not a list');
  }));

describe('Places205', () => {
  test('takes pictures and labels from the lists, from wherever the pictures lie', () =>
    inTemporaryFolder(async (folder) => {
      const lists = {
        'trainvalsplit_places205/train_places205.csv': 'a/abbey/1.jpg 0\nz/zoo/1.jpg 204\r\na/abbey/2.jpg 0\n',
        'trainvalsplit_places205/val_places205.csv': 'val/3.jpg,204',
        'trainvalsplit_places205/categoryIndex_places205.csv': '/a/abbey 0\n/z/zoo 204\n',
      };
      await put(folder, lists);
      for (const name of ['a/abbey/1.jpg', 'z/zoo/1.jpg', 'a/abbey/2.jpg', 'val/3.jpg'])
        await put(folder, { [`images256/${name}`]: await jpeg(name) });
      const inspection = await inspect(folder);
      expect(inspection).toMatchObject({ dataset: 'places205', rejects: [], contents: 'checked' });
      expect(inspection.splits.map(({ split, images }) => [split, images])).toEqual([
        ['train', 3],
        ['val', 1],
      ]);
      expect([
        inspection.classes.length,
        inspection.classes[0],
        inspection.classes[1],
        inspection.classes[204],
      ]).toEqual([...[205, 'a/abbey', '1', 'z/zoo']]);
      const opened = await places.open(folder, 'train');
      expect([...(await opened.labels())!]).toEqual([0, 204, 0]);
      expect((await opened.sample(1)).name).toBe('images256/z/zoo/1.jpg');
    }));

  test('says which entries cannot be used', () =>
    inTemporaryFolder(async (folder) => {
      await put(folder, {
        'train_places205.txt': 'gone.jpg 1\n../../secret.jpg 1\na.jpg 1\nalso-gone.jpg 1\n',
        'val_places205.txt': 'a.jpg 205\n',
        'a.jpg': await jpeg('a'),
      });
      expect((await inspect(folder)).rejects).toEqual([
        { file: 'gone.jpg', reason: 'named in the list, not in the folder' },
        { file: '../../secret.jpg', reason: 'its name leads out of its folder' },
        { file: 'also-gone.jpg', reason: 'named in the list, not in the folder' },
        { file: 'val_places205.txt', reason: '"a.jpg 205" is not a path with a label from 0 to 204' },
      ]);
      await expect(places.open(folder, 'val')).rejects.toThrow('has no split "val". It has: train.');
    }));
});

describe('iNaturalist 2018', () => {
  const annotated = (files: readonly (readonly [path: string, ...categories: number[]])[]) =>
    JSON.stringify({
      info: { year: 2018 },
      images: files.map(([path], at) => ({ id: at + 100, file_name: path, width: 800 })),
      annotations: files.flatMap(([, ...categories], at) =>
        categories.map((category, n) => ({ id: n, image_id: at + 100, category_id: category })),
      ),
      categories: [10, 2, 0].map((id) => ({ id, name: '', supercategory: 'Plantae' })),
    });

  test('numbers its classes in the order of the categories', () =>
    inTemporaryFolder(async (folder) => {
      await put(folder, {
        'train2018.json': annotated([
          ['train_val2018/Plantae/10/a.jpg', 10],
          ['train_val2018/Plantae/2/b.jpg', 2],
        ]),
        'val2018.json': annotated([['train_val2018/Plantae/2/c.jpg', 2]]),
      });
      for (const name of ['10/a', '2/b', '2/c'])
        await put(folder, { [`train_val2018/Plantae/${name}.jpg`]: await jpeg(name) });
      const inspection = await inspect(folder);
      expect(inspection).toMatchObject({ dataset: 'inaturalist18', rejects: [], classes: ['0', '2', '10'] });
      expect(inspection.splits).toEqual([
        { split: 'train', images: 2, perClass: [0, 1, 1] },
        { split: 'val', images: 1, perClass: [0, 1, 0] },
      ]);
      const opened = await inaturalist.open(folder, 'train');
      expect([...(await opened.labels())!]).toEqual([2, 1]);
    }));

  test('says which entries cannot be used, and why a file is none of its kind', () =>
    inTemporaryFolder(async (folder) => {
      await put(folder, {
        'train2018.json': annotated([['a.jpg'], ['b.jpg', 2, 10], ['c.jpg', 7], ['../d.jpg', 2], ['e.jpg', 2]]),
        'val2018.json': '{"images": []}',
        'e.jpg': await jpeg('e'),
      });
      expect((await inspect(folder)).rejects).toEqual([
        { file: 'a.jpg', reason: 'train2018.json gives it 0 categories; one is needed' },
        { file: 'b.jpg', reason: 'train2018.json gives it 2 categories; one is needed' },
        { file: 'c.jpg', reason: 'train2018.json gives it category 7, which it does not list' },
        { file: '../d.jpg', reason: 'its name leads out of its folder' },
        {
          file: 'val2018.json',
          reason: expect.stringContaining("not in COCO's annotation format: annotations") as string,
        },
      ]);
      await put(folder, { 'val2018.json': '{"images": [' });
      expect((await inspect(folder)).rejects.at(-1)!.reason).toMatch(/^not in COCO's annotation format: the file/);
    }));
});
