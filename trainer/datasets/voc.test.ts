/** PASCAL VOC in miniature: both years, difficult classes, and lists that say what cannot be. */
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { inspectFolder } from '../data/listing/inspect.ts';
import { inTemporaryFolder, put, randomBytes } from '../data/testing/small-datasets.ts';
import { dataset } from './voc.ts';
import { spelledOut } from '../data/testing/spelled-out.ts';

const inspect = async (folder: string) =>
  spelledOut(await inspectFolder(folder, null, () => undefined, new AbortController().signal));

/** As the lists say it: there, not there, there but difficult. */
type Mark = 1 | -1 | 0;
/** Marks of each image by class. */
type Marks = Readonly<Record<string, Readonly<Record<string, Mark>>>>;

const lists = 'ImageSets/Main';

/** Lists of a split as the development kit has them: right-aligned marks, CRLF in some of its tools. */
function listsOf(split: string, marks: Marks, end = '\n'): Record<string, string> {
  const ids = Object.keys(marks);
  const classes = Object.keys(Object.values(marks)[0] ?? {});
  const text = (lines: readonly string[]): string => lines.map((line) => line + end).join('');
  return {
    [`${lists}/${split}.txt`]: text(ids),
    ...Object.fromEntries(
      classes.map((name) => [
        `${lists}/${name}_${split}.txt`,
        text(ids.map((id) => `${id} ${String(marks[id]![name]!).padStart(2)}`)),
      ]),
    ),
  };
}

const jpeg = (name: string) =>
  sharp(randomBytes(10 * 8 * 3, name), { raw: { width: 10, height: 8, channels: 3 } })
    .jpeg()
    .toBuffer();

async function putPictures(folder: string, ids: readonly string[]): Promise<void> {
  for (const id of ids) await put(folder, { [`JPEGImages/${id}.jpg`]: await jpeg(id) });
}

/** A class is called like a split, as one of VOC's is. */
const trainval: Marks = {
  '000005': { cat: 1, dog: -1, train: 0 },
  '000007': { cat: 1, dog: 1, train: -1 },
  '000012': { cat: -1, dog: -1, train: 1 },
};
const tested: Marks = {
  '000001': { cat: 0, dog: 1, train: -1 },
  '000002': { cat: -1, dog: 1, train: 1 },
};
const [half, rest] = [
  { '000005': trainval['000005']! },
  { '000007': trainval['000007']!, '000012': trainval['000012']! },
];

async function putYear(folder: string): Promise<void> {
  const all = { ...trainval, ...tested };
  await putPictures(folder, Object.keys(all));
  await put(folder, { ...listsOf('trainval', trainval), ...listsOf('test', tested, '\r\n') });
  await put(folder, { ...listsOf('train', half), ...listsOf('val', rest) });
  // What the years hold besides: layouts of persons, and boxes.
  await put(folder, { 'ImageSets/Layout/train.txt': '000005\n', 'Annotations/000005.xml': '<annotation/>' });
}

async function presenceOf(folder: string, split: string, exclude?: readonly string[]): Promise<readonly number[]> {
  return [...(await (await dataset.open(folder, split, { exclude })).presence!())];
}

describe('a year', () => {
  test.each(['', 'VOC2007', 'VOCdevkit/VOC2007'])('is found at "%s", each image with all its classes', (year) =>
    inTemporaryFolder(async (folder) => {
      await putYear(join(folder, year));
      const inspection = await inspect(folder);
      expect(inspection).toMatchObject({
        dataset: 'voc',
        severalClasses: true,
        classes: ['cat', 'dog', 'train'],
        channels: 3,
        rejectCount: 0,
        leakCount: 0,
        duplicateCount: 0,
        // Halves of trainval are no splits beside it; a class does not count where it is difficult only.
        splits: [
          { split: 'trainval', images: 3, perClass: [2, 1, 1] },
          { split: 'test', images: 2, perClass: [0, 2, 1] },
        ],
      });
      expect(inspection.title).toBe(year === '' ? 'PASCAL VOC' : 'VOC07');
      expect((await inspect(join(folder, year))).title).toBe(inspection.title);
      const opened = await dataset.open(folder, 'trainval');
      expect(await opened.labels()).toBe(null);
      expect([...(await opened.presence!())]).toEqual([1, 0, -1, 1, 1, 0, 0, 0, 1]);
      expect(await presenceOf(folder, 'test')).toEqual([-1, 1, 0, 0, 1, 1]);
      expect(await opened.sample(1)).toMatchObject({
        target: { kind: 'none' },
        name: join(year, 'JPEGImages/000007.jpg'),
      });
    }),
  );

  test('of 2012 has a test that nobody knows the classes of: it is no split to measure on', () =>
    inTemporaryFolder(async (folder) => {
      const year = join(folder, 'VOC2012');
      await putPictures(year, ['2008_000002', '2008_000003']);
      await put(year, listsOf('trainval', { '2008_000002': { cat: 1 }, '2008_000003': { cat: -1 } }));
      await put(year, { [`${lists}/test.txt`]: '2008_000001\n' });
      const inspection = await inspect(folder);
      expect(inspection).toMatchObject({ title: 'VOC12', splits: [{ split: 'trainval', perClass: [1] }] });
      expect(inspection.splits).toHaveLength(1);
    }));

  test('without trainval is its halves', () =>
    inTemporaryFolder(async (folder) => {
      await putPictures(folder, Object.keys(trainval));
      await put(folder, { ...listsOf('train', half), ...listsOf('val', rest) });
      expect((await inspect(folder)).splits.map(({ split, images }) => [split, images])).toEqual([
        ['train', 1],
        ['val', 2],
      ]);
      expect(await presenceOf(folder, 'val')).toEqual([1, 1, 0, 0, 0, 1]);
    }));

  test('without lists of classes, as labelling programs write it, has the classes of its annotations', () =>
    inTemporaryFolder(async (folder) => {
      const object = (name: string, difficult: 0 | 1) =>
        `<object><name>${name}</name><difficult>${difficult}</difficult><bndbox><xmin>1</xmin><ymin>1</ymin><xmax>6</xmax><ymax>6</ymax></bndbox></object>`;
      const annotation = (...objects: readonly string[]) =>
        `<annotation><size><width>10</width><height>8</height></size>${objects.join('')}</annotation>`;
      await putPictures(folder, ['a', 'c', 'd']);
      await put(folder, {
        'JPEGImages/b.png': await sharp(await jpeg('b'))
          .png()
          .toBuffer(),
        [`${lists}/train.txt`]: 'a\nb\n',
        [`${lists}/val.txt`]: 'c\nd\n',
        'Annotations/a.xml': annotation(object('screw', 0), object('nut', 1)),
        'Annotations/b.xml': annotation(object('nut', 1), object('nut', 0)),
        'Annotations/c.xml': annotation(object('washer', 0)),
      });
      const inspection = await inspect(folder);
      expect(inspection).toMatchObject({
        classes: ['nut', 'screw', 'washer'],
        splits: [
          { split: 'train', perClass: [1, 1, 0], objects: { perClass: [3, 1, 0] } },
          { split: 'val', perClass: [0, 0, 1] },
        ],
      });
      expect(await (await dataset.open(folder, 'train')).objects!(1)).toMatchObject({ id: 'b', objects: [{}, {}] });
      expect(inspection.found.join()).toContain('they are those of the annotated objects');
      expect(await presenceOf(folder, 'train')).toEqual([-1, 1, 0, 1, 0, 0]);
      // Nobody knows what an image without an annotation shows.
      expect(await presenceOf(folder, 'val')).toEqual([0, 0, 1, -1, -1, -1]);
    }));

  test('must be chosen where there are two that do not go together', () =>
    inTemporaryFolder(async (folder) => {
      await putYear(join(folder, 'VOCdevkit/VOC2007'));
      await putYear(join(folder, 'VOCdevkit/VOC2010'));
      const inspection = await inspect(folder);
      expect(inspection.dataset).toBe(null);
      expect(inspection.expected.join()).toContain('VOC2007 or VOC2012 (inside VOCdevkit, or its own folder)');
      await expect(dataset.open(folder, 'trainval')).rejects.toThrow('choose the folder of one');
    }));
});

describe('what does not fit', () => {
  test('an image that is missing or damaged is named, not counted, and left out without moving the others', () =>
    inTemporaryFolder(async (folder) => {
      await putYear(folder);
      await rm(join(folder, 'JPEGImages/000005.jpg'));
      await writeFile(join(folder, 'JPEGImages/000001.jpg'), 'no picture');
      const inspection = await inspect(folder);
      expect(inspection.rejects.map(({ file }) => file)).toEqual(['JPEGImages/000005.jpg', 'JPEGImages/000001.jpg']);
      expect(inspection.splits).toMatchObject([
        { images: 2, perClass: [1, 1, 1] },
        { images: 1, perClass: [0, 1, 1] },
      ]);
      const exclude = inspection.rejects.map(({ file }) => file);
      expect(await presenceOf(folder, 'trainval', exclude)).toEqual([1, 1, 0, 0, 0, 1]);
    }));

  test.each(['../../secret', '/etc/passwd', '..', 'a b', '.hidden', 'a\\b'])('"%s" is no id of an image', (id) =>
    inTemporaryFolder(async (folder) => {
      await putYear(folder);
      await put(folder, { [`${lists}/trainval.txt`]: [...Object.keys(trainval), id, ''].join('\n') });
      const { rejects, splits } = await inspect(folder);
      expect(rejects).toEqual([
        { file: `${lists}/trainval.txt`, reason: expect.stringContaining(`"${id}"`) as string },
      ]);
      expect(splits[0]).toMatchObject({ split: 'trainval', images: 3 });
    }),
  );

  test.each([
    ['another mark', '000005  2\n000007  1\n000012 -1\n', '"000005  2" is not an id followed by 1, 0 or -1'],
    ['no mark', '000005\n000007  1\n000012 -1\n', '"000005" is not an id followed by 1, 0 or -1'],
    ['an image too few', '000005  1\n000007  1\n', 'lists 2 images; the split has 3'],
    ['an image twice', '000005  1\n000005 -1\n000007  1\n', 'lists 000005 twice'],
    ['nothing', '', 'lists 0 images'],
    ['a line without an end', '0'.repeat(100_000), 'a line of more than 65536 bytes'],
  ])('a list of a class with %s is refused by its name', (_what, text, words) =>
    inTemporaryFolder(async (folder) => {
      await putYear(folder);
      await put(folder, { [`${lists}/dog_trainval.txt`]: text });
      await expect(inspect(folder)).rejects.toThrow(words);
      await expect(presenceOf(folder, 'trainval')).rejects.toThrow('dog_trainval.txt');
    }),
  );

  test('a split that is not there is refused with those that are', () =>
    inTemporaryFolder(async (folder) => {
      await putYear(folder);
      await expect(dataset.open(folder, 'val2017')).rejects.toThrow('It has: trainval, test');
    }));
});

/** What the reader makes of a mark. */
const meaning: ReadonlyMap<Mark, number> = new Map([
  [1, 1],
  [0, -1],
  [-1, 0],
]);

test('any marks of any images come out as they were written', () =>
  inTemporaryFolder(async (folder) => {
    await put(folder, { 'JPEGImages/readme.txt': '' });
    const mark = fc.constantFrom<Mark>(1, 0, -1);
    const image = fc.record({ bird: mark, person: mark, tvmonitor: mark });
    await fc.assert(
      fc.asyncProperty(
        fc.dictionary(fc.stringMatching(/^[0-9]{4}_[0-9]{6}$/), image, { minKeys: 1 }),
        async (marks) => {
          await put(folder, listsOf('trainval', marks));
          const expected = Object.values(marks).flatMap(({ bird, person, tvmonitor }) => [bird, person, tvmonitor]);
          expect(await presenceOf(folder, 'trainval')).toEqual(expected.map((one) => meaning.get(one)));
        },
      ),
      { numRuns: 30 },
    );
  }));
