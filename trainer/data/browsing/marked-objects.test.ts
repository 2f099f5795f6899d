/** Objects over pictures and filters by them, for files of annotations of both forms; masks as paths. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ObjectFilter, PictureFilter } from '../../protocol/browse.ts';
import { encodeMask } from '../../detection/masks/run-lengths.ts';
import { cocoJson, putPictures, putVoc, type Annotation, type XmlObject } from '../../testing/field/objects.ts';
import { inspectFolder } from '../listing/inspect.ts';
import { inTemporaryFolder, put } from '../testing/small-datasets.ts';
import { answerQuestion } from './answer-question.ts';
import { Gallery } from './gallery.ts';
import { maskPath } from './mask-path.ts';

const all: PictureFilter = { split: null, class: null, objects: null, among: { kind: 'all' } };

async function browse(folder: string) {
  const { dataset, path, splits, rejects } = await inspectFolder(
    folder,
    null,
    () => undefined,
    new AbortController().signal,
    { contents: true },
  );
  const gallery = await Gallery.open({
    data: { dataset: dataset!, path },
    splits: splits.map(({ split }) => split),
    leaks: [],
    rejects,
    datasetsFolder: null,
    cacheFolder: null,
  });
  const range = async (filter: Partial<PictureFilter>) => {
    const answer = await answerQuestion(gallery, path, {
      kind: 'range',
      filter: { ...all, ...filter },
      from: 0,
      count: 50,
    });
    if (answer.kind !== 'range') throw new TypeError(answer.kind);
    return answer.range.pictures;
  };
  return {
    splits,
    range,
    namesWith: async (objects: ObjectFilter, more: Partial<PictureFilter> = {}) =>
      (await range({ ...more, objects })).map(({ name }) => name),
    picture: async (place: number) => {
      const answer = await answerQuestion(gallery, path, { kind: 'picture', filter: all, place });
      if (answer.kind !== 'picture') throw new TypeError(answer.kind);
      return answer.picture;
    },
  };
}

const categories = ['cat', 'dog'].map((name, at) => ({ id: at + 1, name }));
const annotation = (image: number, label: number, bbox: readonly number[], more: Annotation = {}): Annotation => ({
  image_id: image,
  category_id: label,
  bbox,
  ...more,
});

test('of COCO: boxes and masks over pictures, filters by class, crowds and pictures without objects', () =>
  inTemporaryFolder(async (folder) => {
    await putPictures(folder, 'train2017/', 4);
    const annotations = [
      annotation(1, 1, [20, 10, 4, 4], { segmentation: [[20, 10, 24, 10, 24.26, 14]] }),
      annotation(1, 2, [5, 0, 30, 30]),
      annotation(2, 2, [0, 0, 10, 10], { iscrowd: 1, segmentation: { size: [30, 40], counts: [31, 2, 1167] } }),
      annotation(4, 1, [3, 3, 0, 5]),
    ];
    await put(folder, { 'annotations/instances_train2017.json': cocoJson(4, annotations, { categories }) });
    const { picture, namesWith, range, splits } = await browse(folder);
    expect((await picture(0)).objects).toEqual({
      total: 2,
      problem: null,
      masksLeftOut: 0,
      drawn: [
        { class: 1, name: 'dog', box: [5, 0, 35, 30], crowd: false, difficult: false, mask: null },
        { class: 0, name: 'cat', box: [20, 10, 24, 14], crowd: false, difficult: false, mask: 'M20 10 24 10 24.3 14z' },
      ],
    });
    expect((await picture(1)).objects!.drawn).toMatchObject([{ crowd: true, mask: 'M1 1V3H2V1z' }]);
    // The middle 30 of 40 columns, at 96 / 30.
    expect((await range({}))[0]!.objects!.boxes).toMatchObject([
      { class: 1, box: [0, 0, 96, 96] },
      { class: 0, box: [48, 32, 60.8, 44.8] },
    ]);
    const path = (number: number) => `train2017/${number}.jpg`;
    expect(await namesWith({ kind: 'class', class: 0 })).toEqual([path(1)]);
    expect(await namesWith({ kind: 'class', class: 1 })).toEqual([path(1), path(2)]);
    expect(await namesWith({ kind: 'class', class: 1 }, { class: 0 })).toEqual([path(1)]);
    expect(await namesWith({ kind: 'class', class: 7 })).toEqual([]);
    expect(await namesWith({ kind: 'crowds' })).toEqual([path(2)]);
    expect(await namesWith({ kind: 'without' })).toEqual([path(3), path(4)]);
    const named = { kind: 'named' as const, names: [path(1), path(2)] };
    expect(await namesWith({ kind: 'crowds' }, { among: named })).toEqual([path(2)]);
    // A problem names its pictures as the listing does, so that they can be shown.
    const [problem] = splits[0]!.objects!.problems;
    expect(problem).toEqual({ kind: 'no-area', count: 1, examples: [path(4)] });
    expect((await range({ among: { kind: 'named', names: [...problem!.examples] } })).map(({ name }) => name)).toEqual([
      path(4),
    ]);
  }));

test('of PASCAL VOC: difficult objects, and an annotation that cannot be read is a reason, not an error', () =>
  inTemporaryFolder(async (folder) => {
    const cat = (extra = ''): XmlObject => ({ name: 'cat', box: [1, 1, 20, 20], extra });
    const annotations = { a: [cat('<difficult>1</difficult>')], b: [cat()], c: [cat()], d: [] };
    await putVoc(folder, 'trainval', annotations, ['cat']);
    await put(folder, { 'Annotations/c.xml': '<annotation><object>' });
    const { picture, namesWith, range } = await browse(folder);
    const path = (id: string) => `JPEGImages/${id}.jpg`;
    expect(await namesWith({ kind: 'difficult' })).toEqual([path('a')]);
    expect(await namesWith({ kind: 'class', class: 0 })).toEqual([path('a'), path('b')]);
    expect(await namesWith({ kind: 'without' })).toEqual([path('d')]);
    expect((await picture(0)).objects).toMatchObject({ drawn: [{ difficult: true, box: [0, 0, 20, 20] }] });
    expect((await picture(2)).objects).toMatchObject({ total: 0, drawn: [], problem: { with: ['object'] } });
    expect((await range({}))[2]!.objects).toMatchObject({ problem: { with: ['object'] } });
  }));

test('of many objects the largest are drawn, and masks are sent up to a bound', () =>
  inTemporaryFolder(async (folder) => {
    await putPictures(folder, 'train2017/', 1);
    const ring = Array.from({ length: 40_000 }, (_, at) => (at % 2 === 0 ? (at / 1009) % 40 : (at / 997) % 30));
    const annotations = Array.from({ length: 1100 }, (_, at) =>
      annotation(1, 1, [0, 0, 1 + at / 100, 10], at < 12 ? {} : at > 1090 ? { segmentation: [ring] } : {}),
    );
    await put(folder, { 'annotations/instances_train2017.json': cocoJson(1, annotations, { categories }) });
    const { picture, range } = await browse(folder);
    const { total, drawn, masksLeftOut } = (await picture(0)).objects!;
    expect([total, drawn.length, drawn[0]!.box[2]]).toEqual([1100, 1000, 11.99]);
    const masks = drawn.flatMap(({ mask }) => (mask === null ? [] : [mask.length]));
    expect(masks.length + masksLeftOut).toBe(9);
    expect(masksLeftOut).toBeGreaterThan(0);
    expect(masks.reduce((sum, length) => sum + length, 0)).toBeLessThanOrEqual(2 ** 20);
    expect((await range({}))[0]!.objects!.boxes).toHaveLength(20);
  }));

/** Pixels whose rectangle is in a path of rectangles. */
function filled(path: string, width: number, height: number): readonly number[] {
  const pixels = Array<number>(width * height).fill(0);
  for (const [, left, top, bottom, right] of path.matchAll(/M(\d+) (\d+)V(\d+)H(\d+)V\d+z/g))
    for (let x = Number(left); x < Number(right); x++)
      for (let y = Number(top); y < Number(bottom); y++) pixels[x * height + y]! += 1;
  return pixels;
}

test('run lengths become rectangles that cover their pixels, each once', () => {
  const drawing = fc
    .tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 9 }))
    .chain(([width, height]) =>
      fc
        .uint8Array({ minLength: width * height, maxLength: width * height, max: 1 })
        .map((pixels) => ({ width, height, pixels })),
    );
  fc.assert(
    fc.property(drawing, ({ width, height, pixels }) => {
      const path = maskPath({ kind: 'run-lengths', ...encodeMask(pixels, height, width) }, { width, height }, 1e6);
      expect(filled(path!, width, height)).toEqual([...pixels]);
    }),
  );
  const whole = { kind: 'run-lengths' as const, width: 4, height: 3, counts: [0, 12] };
  expect(maskPath(whole, { width: 4, height: 3 }, 100)).toBe('M0 0V3H4V0z');
  expect(maskPath(whole, { width: 8, height: 9 }, 100)).toBe('M0 0V9H8V0z');
  expect(maskPath(whole, { width: 4, height: 3 }, 5)).toBeNull();
});
