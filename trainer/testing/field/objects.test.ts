/** Annotations of objects as people have them: read as they are meant, and what is wrong with them is said. */
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { inspectFolder } from '../../data/listing/inspect.ts';
import { inTemporaryFolder, put } from '../../data/testing/small-datasets.ts';
import { spelledOut } from '../../data/testing/spelled-out.ts';
import { dataset as coco } from '../../datasets/coco.ts';
import { dataset as voc } from '../../datasets/voc.ts';
import type { AnnotatedImage } from '../../detection/objects.ts';
import type { Inspection } from '../../protocol/dataset.ts';
import type { OpenDataset } from '../../recipe.ts';
import { cocoJson, picture, putPictures, putVoc, vocXml, type Annotation } from './objects.ts';

const inspect = async (folder: string) =>
  spelledOut(await inspectFolder(folder, null, () => undefined, new AbortController().signal));

const problemsOf = ({ splits }: Inspection, split = 0) =>
  Object.fromEntries((splits[split]?.objects?.problems ?? []).map(({ kind, count }) => [kind, count]));

async function allObjects(opened: OpenDataset): Promise<readonly AnnotatedImage[]> {
  const images: AnnotatedImage[] = [];
  for (let index = 0; index < opened.count; index++) images.push(await opened.objects!(index));
  return images;
}

/** COCO's folder with one split. */
async function putCoco(
  folder: string,
  annotations: readonly Annotation[],
  pictures = 3,
  parts: Annotation = {},
): Promise<void> {
  await put(folder, { 'annotations/instances_train2017.json': cocoJson(pictures, annotations, parts) });
  await putPictures(folder, 'train2017/', pictures);
}

const box = (image: number | string, bbox: readonly unknown[], more: Annotation = {}): Annotation => ({
  image_id: image,
  category_id: 1,
  bbox,
  ...more,
});

describe('PASCAL VOC', () => {
  const trainval = {
    // Decimals, as in 2011_003353 and 2011_006777, and a box of the whole picture.
    '2011_003353': [
      { name: 'cat', box: ['10.5', '2.25', '20.75', '12.5'] },
      { name: 'dog', box: [1, 1, 40, 30] },
    ],
    // A person with a head: the part is no object.
    '2011_006777': [
      {
        name: 'dog',
        box: [5, 6, 25, 26],
        extra:
          '<difficult>1</difficult><truncated>1</truncated><part><name>head</name><bndbox><xmin>6</xmin><ymin>7</ymin><xmax>9</xmax><ymax>9</ymax></bndbox></part>',
      },
    ],
    '2011_000009': [],
  };

  test('pixels from 1 become edges from 0, decimals stay, parts are left out', () =>
    inTemporaryFolder(async (folder) => {
      await putVoc(folder, 'trainval', trainval, ['cat', 'dog']);
      const opened = await voc.open(folder, 'trainval');
      expect(await allObjects(opened)).toEqual([
        {
          file: 'JPEGImages/2011_003353.jpg',
          id: '2011_003353',
          width: 40,
          height: 30,
          objects: [
            {
              class: 0,
              box: [9.5, 1.25, 20.75, 12.5],
              area: 11.25 * 11.25,
              crowd: false,
              difficult: false,
              mask: null,
            },
            { class: 1, box: [0, 0, 40, 30], area: 1200, crowd: false, difficult: false, mask: null },
          ],
        },
        {
          file: 'JPEGImages/2011_006777.jpg',
          id: '2011_006777',
          width: 40,
          height: 30,
          objects: [{ class: 1, box: [4, 5, 25, 26], area: 441, crowd: false, difficult: true, mask: null }],
        },
        { file: 'JPEGImages/2011_000009.jpg', id: '2011_000009', width: 40, height: 30, objects: [] },
      ]);
      const inspection = await inspect(folder);
      expect(inspection.warnings).toEqual([]);
      expect(inspection.splits[0]!.objects).toEqual({
        perClass: [1, 2],
        imagesPerClass: [1, 2],
        crowds: 0,
        difficult: 1,
        masks: 0,
        imagesWithout: 1,
        most: 2,
        problems: [],
      });
    }));

  test('2007 and 2012 in one VOCdevkit are one training split; the test is that of 2007', () =>
    inTemporaryFolder(async (folder) => {
      const cats = (...ids: string[]) =>
        Object.fromEntries(ids.map((id) => [id, [{ name: 'cat', box: [2, 2, 9, 9] }]]));
      await putVoc(join(folder, 'VOCdevkit/VOC2007'), 'trainval', cats('000005', '000007'), ['cat', 'dog']);
      await putVoc(join(folder, 'VOCdevkit/VOC2007'), 'test', cats('000001'), ['cat', 'dog'], 10);
      await putVoc(join(folder, 'VOCdevkit/VOC2012'), 'trainval', cats('2008_000002'), ['cat', 'dog'], 20);
      await put(folder, { 'VOCdevkit/VOC2012/ImageSets/Main/test.txt': '2008_000001\n' });
      for (const chosen of [folder, join(folder, 'VOCdevkit')]) {
        const inspection = await inspect(chosen);
        expect(inspection).toMatchObject({ dataset: 'voc', title: 'VOC07+12', classes: ['cat', 'dog'], rejects: [] });
        expect(inspection.splits.map(({ split, images }) => [split, images])).toEqual([
          ['trainval', 3],
          ['test', 1],
        ]);
        expect(inspection.found.join('\n')).toContain('trainval: VOC2007, VOC2012\ntest: VOC2007');
      }
      const opened = await voc.open(folder, 'trainval');
      expect([...(await opened.presence!())]).toEqual([1, 0, 1, 0, 1, 0]);
      expect((await opened.objects!(2)).file).toBe('VOCdevkit/VOC2012/JPEGImages/2008_000002.jpg');
      expect(await inspect(join(folder, 'VOCdevkit/VOC2007'))).toMatchObject({ title: 'VOC07' });
    }));

  test('boxes that are none, classes that are none, files that are none', () =>
    inTemporaryFolder(async (folder) => {
      await putVoc(
        folder,
        'trainval',
        {
          a: [
            { name: 'cat', box: [5, 5, 4, 9] },
            { name: 'cat', box: [9, 5, 3, 9] },
            { name: 'cat', box: [41, 5, 60, 9] },
            { name: 'cat', box: [-9, 5, 60, 90] },
            { name: 'cat', box: ['', 'nan', 60, 90] },
            { name: 'unicorn', box: [1, 1, 9, 9] },
          ],
          b: [{ name: 'cat', box: [1, 1, 9, 9] }],
          c: [{ name: 'cat', box: [1, 1, 9, 9] }],
          d: [{ name: 'cat', box: [1, 1, 9, 9] }],
        },
        ['cat'],
      );
      await writeFile(join(folder, 'Annotations/b.xml'), vocXml([]).slice(0, 60));
      await rm(join(folder, 'Annotations/c.xml'));
      await writeFile(join(folder, 'JPEGImages/d.jpg'), await picture(9, 30, 40));
      const inspection = await inspect(folder);
      expect(problemsOf(inspection)).toEqual({
        'no-area': 1,
        reversed: 1,
        outside: 1,
        beyond: 1,
        'no-numbers': 1,
        'unknown-class': 1,
        unreadable: 1,
        'no-annotations': 1,
        size: 1,
      });
      expect(inspection.splits[0]!.objects).toMatchObject({ perClass: [2], imagesWithout: 0 });
      expect(inspection.warnings.join('\n')).toContain(
        'trainval: 1 box goes beyond the picture by more than a pixel: cut at its edge. For example JPEGImages/a.jpg.',
      );
      const opened = await voc.open(folder, 'trainval');
      expect((await opened.objects!(0)).objects.map((object) => object.box)).toEqual([[0, 4, 40, 30]]);
      await expect(opened.objects!(1)).rejects.toThrow('it ends inside <');
      await expect(opened.objects!(2)).rejects.toThrow('c.xml');
    }));

  test('sizes where corners are needed are suspected', () =>
    inTemporaryFolder(async (folder) => {
      const objects = Array.from({ length: 20 }, (_, at) => ({ name: 'cat', box: [at + 1, 5, 8, 9] }));
      await putVoc(folder, 'trainval', { a: objects }, ['cat']);
      expect(problemsOf(await inspect(folder))).toMatchObject({ 'box-order': 1 });
    }));
});

describe('COCO', () => {
  test('ids with gaps, as numbers or texts, are mapped by id and shown by name', () =>
    inTemporaryFolder(async (folder) => {
      await putCoco(folder, [
        box('3', [1, 2, 3, 4], { category_id: '90', area: 5.5 }),
        box(1, [10, 10, 20, 10], { iscrowd: 1, segmentation: { counts: [1190, 10], size: [30, 40] } }),
        box(3, [0, 0, 40, 30]),
      ]);
      const inspection = await inspect(folder);
      expect(inspection).toMatchObject({
        dataset: 'coco',
        title: 'COCO',
        classes: ['cat', 'brush'],
        severalClasses: true,
        warnings: [],
        rejects: [],
        splits: [{ split: 'train', images: 3, perClass: [2, 1] }],
      });
      expect(inspection.splits[0]!.objects).toMatchObject({ perClass: [2, 1], crowds: 1, masks: 1, imagesWithout: 1 });
      const opened = await coco.open(folder, 'train');
      const plain = { crowd: false, difficult: false, mask: null };
      expect(await allObjects(opened)).toEqual([
        {
          file: 'train2017/1.jpg',
          id: '1',
          width: 40,
          height: 30,
          objects: [
            {
              class: 0,
              box: [10, 10, 30, 20],
              area: 10,
              crowd: true,
              difficult: false,
              mask: { kind: 'run-lengths', height: 30, width: 40, counts: [1190, 10] },
            },
          ],
        },
        { file: 'train2017/2.jpg', id: '2', width: 40, height: 30, objects: [] },
        {
          file: 'train2017/3.jpg',
          id: '3',
          width: 40,
          height: 30,
          objects: [
            { class: 1, box: [1, 2, 4, 6], area: 5.5, ...plain },
            { class: 0, box: [0, 0, 40, 30], area: 1200, ...plain },
          ],
        },
      ]);
      expect([...(await opened.presence!())]).toEqual([1, 0, 0, 0, 1, 1]);
      expect(opened.found?.objects?.table.categoryIds).toEqual(['1', '90']);
      // Another thread is handed the table.
      const again = await coco.open(folder, 'train', { found: structuredClone(opened.found) });
      expect(await allObjects(again)).toEqual(await allObjects(opened));
      const without = await coco.open(folder, 'train', { exclude: ['train2017/1.jpg'] });
      expect((await allObjects(without)).map(({ id }) => id)).toEqual(['2', '3']);
      expect([...(await without.presence!())]).toEqual([0, 0, 1, 1]);
    }));

  test.each([
    ['from 0', [0, 1], ['a', 'b']],
    ['from 1', [1, 2], ['a', 'b']],
    ['in another order', [7, 3], ['b', 'a']],
  ])('categories %s', (_name, [one, two], classes) =>
    inTemporaryFolder(async (folder) => {
      const categories = [
        { id: one, name: 'a' },
        { id: two, name: 'b' },
      ];
      await putCoco(folder, [box(1, [1, 1, 5, 5], { category_id: two })], 1, { categories });
      expect(await inspect(folder)).toMatchObject({ classes });
      const { objects } = await (await coco.open(folder, 'train')).objects!(0);
      expect(classes[objects[0]!.class]).toBe('b');
    }),
  );

  test('the parent that Roboflow writes is no class unless objects are of it', () =>
    inTemporaryFolder(async (folder) => {
      const categories = [
        { id: 0, name: 'pets', supercategory: 'none' },
        { id: 1, name: 'cat', supercategory: 'pets' },
      ];
      const json = (annotations: readonly Annotation[]) => cocoJson(2, annotations, { categories });
      await put(folder, {
        'train/_annotations.coco.json': json([box(1, [1, 1, 5, 5])]),
        'valid/_annotations.coco.json': json([]),
      });
      await putPictures(folder, 'train/', 2);
      await putPictures(folder, 'valid/', 2, 20);
      const inspection = await inspect(folder);
      expect(inspection).toMatchObject({ dataset: 'coco', classes: ['cat'], rejects: [] });
      expect(inspection.splits.map(({ split, perClass }) => [split, perClass])).toEqual([
        ['train', [1]],
        ['val', [0]],
      ]);
      expect((await coco.open(folder, 'val')).classes).toEqual(['cat']);
      await put(folder, { 'valid/_annotations.coco.json': json([box(2, [1, 1, 5, 5], { category_id: 0 })]) });
      expect(await inspect(folder)).toMatchObject({ classes: ['pets', 'cat'] });
      // Only the categories of the other split are read, and the numbers stay.
      const opened = await coco.open(folder, 'train');
      expect(opened.classes).toEqual(['pets', 'cat']);
      expect((await opened.objects!(0)).objects[0]!.class).toBe(1);
    }));

  test('a lone file beside pictures; names with folders and addresses; pictures that are not there', () =>
    inTemporaryFolder(async (folder) => {
      const names = ['2020/may/1.jpg', 'http://images.cocodataset.org/train2017/2.jpg', '../../etc/3.jpg', 'gone.jpg'];
      const images = names.map((name, at) => ({ id: at, file_name: name, width: 40, height: 30 }));
      images.push({ id: 9, coco_url: 'https://host/a/5.jpg' } as never);
      await put(folder, { 'labels.json': cocoJson(0, [box(0, [1, 1, 5, 5]), box(3, [1, 1, 5, 5])], { images }) });
      await putPictures(folder, 'images/2020/may/', 1);
      await put(folder, { 'images/2.jpg': await picture(2), 'images/5.jpg': await picture(5) });
      const inspection = await inspect(folder);
      expect(inspection).toMatchObject({ dataset: 'coco', title: 'Pictures with COCO annotations' });
      expect(inspection.splits).toMatchObject([{ split: 'train', images: 3, perClass: [1, 0] }]);
      expect(inspection.rejects).toEqual([
        { file: '../../etc/3.jpg', reason: 'its name leads out of its folder' },
        { file: 'gone.jpg', reason: 'labels.json: named in the list, not in the folder' },
      ]);
      const files = (await allObjects(await coco.open(folder, 'train'))).map(({ file }) => file);
      expect(files).toEqual(['images/2020/may/1.jpg', 'images/2.jpg', 'images/5.jpg']);
    }));

  test('every kind of box and mask that is none is left out, counted and said', () =>
    inTemporaryFolder(async (folder) => {
      const square = [2, 2, 12, 2, 12, 12, 2, 12];
      const runs = (counts: unknown, size = [30, 40]) => ({ segmentation: { counts, size } });
      const boxes = [
        box(1, [1, 1, 0, 5]),
        box(1, [5, 5, -3, 5]),
        box(1, [50, 5, 3, 5]),
        box(1, [30, 20, 20, 20]),
        box(1, [39.5, 1, 1, 5]),
        box(1, [1, 1, 0.25, 5]),
        box(1, [1, null, 3, 5]),
        box(1, ['x', 1, 3]),
        box(77, [1, 1, 3, 5]),
        box(1, [1, 1, 3, 5], { category_id: 12 }),
      ];
      const masks = [
        box(2, [1, 1, 9, 9], { segmentation: [[1, 1, 5, 5]] }),
        box(2, [1, 1, 9, 9], { segmentation: [[1, 1, 5, 5, 9], square] }),
        box(2, [1, 1, 9, 9], { segmentation: [[1, 1, 5, null, 9, 9]] }),
        box(2, [1, 1, 9, 9], { segmentation: [[1, 1, 5, 1e300, 9, 9]] }),
        box(2, [1, 1, 9, 9], runs([1, 2])),
        box(2, [1, 1, 9, 9], runs('\u0001')),
        box(2, [1, 1, 9, 9], { segmentation: [square], area: 900 }),
        // Crossing itself, and in two parts: drawn as pycocotools draws them.
        box(2, [1, 1, 9, 9], { segmentation: [[1, 1, 9, 9, 9, 1, 1, 9], square] }),
        { image_id: 2, category_id: 1, segmentation: [square] },
      ];
      const crowd = Array.from({ length: 400 }, (_, at) => box(3, [at % 30, at % 20, 5, 5]));
      const images = [1, 2, 3, 3].map((id) => ({ id, file_name: `${id}.jpg`, width: id === 2 ? 41 : 40, height: 30 }));
      await putCoco(folder, [...boxes, ...masks, ...crowd], 3, { images });
      const inspection = await inspect(folder);
      expect(problemsOf(inspection)).toEqual({
        'repeated-image': 1,
        'no-area': 1,
        reversed: 1,
        outside: 1,
        beyond: 1,
        'below-a-pixel': 1,
        'no-numbers': 2,
        'unknown-image': 1,
        'unknown-class': 1,
        'short-ring': 1,
        'odd-ring': 1,
        'ring-no-numbers': 2,
        'run-lengths': 2,
        area: 1,
        size: 1,
        crowded: 1,
      });
      expect(inspection.splits[0]!.objects).toMatchObject({ perClass: [412, 0], masks: 4, most: 400 });
      expect(inspection.warnings).toHaveLength(16);
      const [first, second] = await allObjects(await coco.open(folder, 'train'));
      expect(first!.objects.map((object) => object.box)).toEqual([
        [30, 20, 40, 30],
        [39.5, 1, 40.5, 6],
        [1, 1, 1.25, 6],
      ]);
      expect(second!.objects.map(({ mask }) => mask && ('rings' in mask ? mask.rings.length : 0))).toEqual([
        null,
        1,
        null,
        null,
        null,
        null,
        1,
        2,
        1,
      ]);
      expect(second!.objects.at(-1)).toMatchObject({ box: [2, 2, 12, 12], area: 100 });
      expect(second!.objects.at(6)!.area).toBe(900);
    }));

  test('NaN, as Python writes it, is no number, and the rest of the file is read', () =>
    inTemporaryFolder(async (folder) => {
      const annotations = [box(1, [1, 1, 4, 4]), box(1, [2, 2, 4, 4], { note: 'NaN "NaN"' })];
      await putPictures(folder, 'train2017/', 1);
      const text = cocoJson(1, annotations).replace('"bbox":[1,1,', '"bbox":[NaN,-Infinity,');
      await put(folder, { 'annotations/instances_train2017.json': text });
      const inspection = await inspect(folder);
      expect(problemsOf(inspection)).toEqual({ 'no-numbers': 1 });
      expect(inspection.splits[0]!.objects!.perClass).toEqual([1, 0]);
    }));

  test.each([
    ['parts of the picture', 'normalised', (at: number) => [at / 80, 0.1, 0.2, 0.2]],
    ['two corners', 'box-order', (at: number) => [at + 5, 5, at + 15, 20]],
  ])('boxes that are %s are suspected', (_name, kind, form) =>
    inTemporaryFolder(async (folder) => {
      const boxes = Array.from({ length: 25 }, (_, at) => box(1, form(at)));
      await putCoco(folder, boxes, 1);
      expect(problemsOf(await inspect(folder))).toMatchObject({ [kind]: 1 });
    }),
  );

  test('boxes along the right edge are not suspected', () =>
    inTemporaryFolder(async (folder) => {
      await putCoco(
        folder,
        Array.from({ length: 25 }, (_, at) => box(1, [15 + at / 2, 1, 25 - at / 2, 20])),
        1,
      );
      expect(problemsOf(await inspect(folder))).toEqual({});
    }));

  test.each([
    ['cut off', (text: string) => text.slice(0, -20), 'it ends in the middle of its JSON document'],
    ['no JSON', (text: string) => text.replace('"id":1', '"id":x'), 'not JSON at "{"id":x'],
    [
      'without categories',
      (text: string) => text.replace('"categories"', '"kinds"'),
      'which has the lists images, categories, annotations; missing: categories',
    ],
    ['of another form', (text: string) => text.replace('"images":[', '"images":{"a":['), '"images" is no list in it'],
  ])('a file that is %s is refused by its name', (_name, damage, reason) =>
    inTemporaryFolder(async (folder) => {
      await putCoco(folder, [box(1, [1, 1, 4, 4])]);
      await put(folder, { 'annotations/instances_train2017.json': damage(cocoJson(3, [box(1, [1, 1, 4, 4])])) });
      const inspection = await inspect(folder);
      expect(inspection.rejects).toEqual([
        { file: 'annotations/instances_train2017.json', reason: expect.stringContaining(reason) as string },
      ]);
      await expect(coco.open(folder, 'train')).rejects.toThrow(reason);
    }),
  );

  test('other annotations are other data', () =>
    inTemporaryFolder(async (folder) => {
      await putCoco(folder, [box(1, [1, 1, 4, 4])]);
      const before = (await inspect(folder)).fingerprint;
      await putCoco(folder, [box(1, [1, 1, 4, 5])]);
      expect((await inspect(folder)).fingerprint).not.toBe(before);
    }));
});
