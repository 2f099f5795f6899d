/** The pictures of a data set as they are browsed: their order by filter, and the views that training makes of them. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import * as v from 'valibot';
import { expect, test } from 'vitest';
import { PictureAnswer, type PictureFilter, type PictureQuestion } from '../../protocol/browse.ts';
import { excludedFileOf, type ExcludedFile } from '../../protocol/left-out.ts';
import { newestResizing, View } from '../../protocol/run.ts';
import { writeDamagedFiles } from '../listing/damaged-files.ts';
import { inspectFolder } from '../listing/inspect.ts';
import { openTrainingLoader } from '../loading/loader.ts';
import type { DamagedFile } from '../../protocol/left-out.ts';
import { inTemporaryFolder, put, randomBytes, tarOf, writeIdx } from '../testing/small-datasets.ts';
import { answerQuestion } from './answer-question.ts';
import { Gallery } from './gallery.ts';
import { spelledOut } from '../testing/spelled-out.ts';

const picture = (name: string, width = 40, height = 30) =>
  sharp(randomBytes(width * height * 3, name), { raw: { width, height, channels: 3 } })
    .png()
    .toBuffer();
const all: PictureFilter = { split: null, class: null, objects: null, among: { kind: 'all' } };

async function open(folder: string, write: () => Promise<void>) {
  const data = join(folder, 'data');
  await mkdir(data);
  await write();
  const damaged: DamagedFile[] = [];
  const { dataset, path, fingerprint, splits, leaks, rejects } = await inspectFolder(
    data,
    null,
    () => undefined,
    new AbortController().signal,
    { contents: true, details: { damaged: (image) => void damaged.push(image), copies: () => undefined } },
  );
  await writeDamagedFiles(folder, fingerprint, damaged);
  const source = { dataset: dataset!, path, fingerprint };
  const gallery = await Gallery.open({
    data: source,
    splits: splits.map(({ split }) => split),
    leaks,
    rejects,
    datasetsFolder: folder,
    cacheFolder: null,
  });
  const ask = async <K extends PictureQuestion['kind']>(question: Extract<PictureQuestion, { kind: K }>) =>
    v.parse(PictureAnswer, await answerQuestion(gallery, path, question)) as Extract<PictureAnswer, { kind: K }>;
  const namesOf = async (filter: Partial<PictureFilter>, from = 0, count = 200) => {
    const { range } = await ask({ kind: 'range', filter: { ...all, ...filter }, from, count });
    return { total: range.total, names: spelledOut(range.pictures).map(({ name }) => name), pictures: range.pictures };
  };
  return { source, damaged, ask, namesOf };
}

/** Two classes; of `train/a` the second image is cut short; `val/b/0.png` is a copy of one in train. */
async function writePictures(folder: string): Promise<void> {
  const [one, cut, other, copied, last] = await Promise.all(
    ['one', 'cut', 'other', 'copied', 'last'].map((name) => picture(name)),
  );
  await put(join(folder, 'data'), {
    'train/a/0.png': one!,
    'train/a/1.png': cut!.subarray(0, 200),
    'train/a/2.png': other!,
    'train/b/0.png': copied!,
    'val/a/0.png': last!,
    'val/b/0.png': copied!,
  });
}

test('filters give splits, classes, rejected files with their reasons, and copies beside each other', () =>
  inTemporaryFolder(async (folder) => {
    const { namesOf, ask } = await open(folder, () => writePictures(folder));
    const train = ['train/a/0.png', 'train/a/1.png', 'train/a/2.png', 'train/b/0.png'];
    expect((await namesOf({ split: 'train' })).names).toEqual(train);
    expect(await namesOf({}, 3, 2)).toMatchObject({ total: 6, names: ['train/b/0.png', 'val/a/0.png'] });
    expect((await namesOf({ class: 1 })).names).toEqual(['train/b/0.png', 'val/b/0.png']);
    expect((await namesOf({ split: 'val', class: 0 })).names).toEqual(['val/a/0.png']);
    expect((await namesOf({ among: { kind: 'copies' } })).names).toEqual(['train/b/0.png', 'val/b/0.png']);
    const named = { kind: 'named', names: ['val/a/0.png', 'train/a/0.png', 'nowhere.png'] } as const;
    expect((await namesOf({ among: { ...named, names: [...named.names] } })).names).toEqual(named.names.slice(0, 2));
    const { pictures } = await namesOf({ among: { kind: 'rejected' } });
    expect(spelledOut(pictures)).toEqual([
      {
        name: 'train/a/1.png',
        split: 'train',
        classes: ['a'],
        problem: expect.stringContaining('PNG') as string,
        thumbnail: null,
        objects: null,
      },
    ]);
    expect((await namesOf({}, 1000, 5)).names).toEqual([]);
    await expect(namesOf({ split: 'test' })).rejects.toThrow('There is no split "test". Known: train, val.');
    await expect(ask({ kind: 'picture', filter: all, place: 6 })).rejects.toThrow('There is no picture 7');
  }));

test('a picture says what it is; one that training leaves out has no number there and no views', () =>
  inTemporaryFolder(async (folder) => {
    const { ask } = await open(folder, () => writePictures(folder));
    const at = async (place: number) => (await ask({ kind: 'picture', filter: all, place })).picture;
    const copied = await at(3);
    expect(copied).toMatchObject({
      file: join(folder, 'data', 'train/b/0.png'),
      isArchived: false,
      format: 'PNG',
      width: 40,
      height: 30,
      channels: 3,
      trainingIndex: 2,
      copies: ['val/b/0.png'],
      problem: null,
    });
    const shown = await sharp(Buffer.from(copied.shown!.base64, 'base64')).raw().toBuffer();
    expect(Buffer.from(randomBytes(40 * 30 * 3, 'copied')).equals(shown)).toBe(true);
    expect(await at(1)).toMatchObject({ trainingIndex: null, shown: null, width: null });
    const draw = { views: [v.parse(View, { size: 8, cropArea: [1, 1] })], resizing: newestResizing, seed: 1, epoch: 0 };
    await expect(ask({ kind: 'views', filter: all, place: 1, draw })).rejects.toMatchObject({
      fault: { code: 'damaged-image' },
    });
  }));

test('an image that a person leaves out has no number in training, and has one again when it is taken in', () =>
  inTemporaryFolder(async (folder) => {
    const { ask, namesOf, source } = await open(folder, () => writePictures(folder));
    const at = async (place: number) => (await ask({ kind: 'picture', filter: all, place })).picture;
    const leaveOut = (files: readonly ExcludedFile[]) =>
      writeFile(join(folder, excludedFileOf(source.fingerprint)), JSON.stringify(files));
    // The second is damaged.
    expect((await at(3)).trainingIndex).toBe(2);
    await leaveOut([
      { split: 'train', file: 'train/a/0.png' },
      { split: 'val', file: 'val/b/0.png' },
    ]);
    expect(await at(0)).toMatchObject({ isExcluded: true, trainingIndex: null, problem: null });
    expect(await at(3)).toMatchObject({ isExcluded: false, place: 3, trainingIndex: 1 });
    expect((await namesOf({ among: { kind: 'excluded' } })).names).toEqual(['train/a/0.png', 'val/b/0.png']);
    expect((await namesOf({ split: 'val', among: { kind: 'excluded' } })).names).toEqual(['val/b/0.png']);
    const draw = { views: [v.parse(View, { size: 8, cropArea: [1, 1] })], resizing: newestResizing, seed: 1, epoch: 0 };
    await expect(ask({ kind: 'views', filter: all, place: 0, draw })).rejects.toThrow('left out by hand');
    await leaveOut([]);
    expect(await at(0)).toMatchObject({ isExcluded: false, trainingIndex: 0 });
    expect((await namesOf({ among: { kind: 'excluded' } })).total).toBe(0);
  }));

test('pictures are found by their places in an evaluation, which knows nothing of the images it left out', () =>
  inTemporaryFolder(async (folder) => {
    const { namesOf, ask } = await open(folder, () => writePictures(folder));
    const tested = (places: number[], without: string[]) =>
      ({ split: 'train', among: { kind: 'tested', places, without } }) as const;
    expect((await namesOf(tested([3, 0], []))).names).toEqual(['train/b/0.png', 'train/a/0.png']);
    const without = ['train/a/1.png', 'train/a/0.png', 'gone.png'];
    expect((await namesOf(tested([1, 0], without))).names).toEqual(['train/b/0.png', 'train/a/2.png']);
    const filter = { ...all, ...tested([0], without) };
    expect((await ask({ kind: 'picture', filter, place: 0 })).picture.name).toBe('train/a/2.png');
    await expect(namesOf(tested([2], without))).rejects.toThrow('There is no picture 3');
    await expect(namesOf({ ...tested([0], []), split: null })).rejects.toThrow('tested on one split');
  }));

test('a picture of an archive says which archive, and under which name', () =>
  inTemporaryFolder(async (folder) => {
    const members = await Promise.all(
      ['1', '2'].map(async (key) => [
        { name: `${key}.png`, contents: await picture(key) },
        { name: `${key}.cls`, contents: '0' },
      ]),
    );
    const { ask } = await open(folder, () => put(join(folder, 'data'), { 'train-0.tar': tarOf(members.flat()) }));
    expect((await ask({ kind: 'picture', filter: all, place: 1 })).picture).toMatchObject({
      name: 'train-0.tar/2.png',
      file: join(folder, 'data', 'train-0.tar'),
      isArchived: true,
      classes: ['0'],
      trainingIndex: 1,
    });
  }));

test('a rejected file outside the splits is opened where it is a picture, and never outside the folder', () =>
  inTemporaryFolder(async (folder) => {
    await put(join(folder, 'data'), { 'a/0.png': await picture('a'), 'b/0.png': await picture('b') });
    await put(folder, { 'data/stray.png': await picture('stray'), 'secret.png': await picture('secret') });
    const gallery = await Gallery.open({
      data: { dataset: 'image-folder', path: join(folder, 'data') },
      splits: ['train'],
      leaks: [],
      rejects: ['stray.png', '../secret.png', 'gone.png'].map((file) => ({ file, reason: `no class: ${file}` })),
      datasetsFolder: null,
      cacheFolder: null,
    });
    const filter: PictureFilter = { ...all, among: { kind: 'rejected' } };
    const { range } = (await answerQuestion(gallery, join(folder, 'data'), {
      kind: 'range',
      filter,
      from: 0,
      count: 10,
    })) as Extract<PictureAnswer, { kind: 'range' }>;
    expect(
      spelledOut(range.pictures).map(({ name, problem, thumbnail }) => [name, problem, thumbnail !== null]),
    ).toEqual([
      ['stray.png', 'no class: stray.png', true],
      ['../secret.png', 'no class: ../secret.png', false],
      ['gone.png', 'no class: gone.png', false],
    ]);
  }));

/** Pixels of a view. */
async function levelsOf({ base64 }: { readonly base64: string }, channels: 1 | 3): Promise<Uint8Array> {
  const decoded = sharp(Buffer.from(base64, 'base64'));
  const { data } = await (channels === 1 ? decoded.toColourspace('b-w') : decoded)
    .raw()
    .toBuffer({ resolveWithObject: true });
  return Uint8Array.from(data);
}

test.each([
  ['files, one of them damaged', writePictures, 3, 3],
  ['records of one channel', (folder: string) => writeIdx(join(folder, 'data'), 12, 4), 12, 1],
] as const)('the views shown of %s are those that the loader trains on', (_what, write, images, channels) =>
  inTemporaryFolder(async (folder) => {
    const { ask, source, damaged, namesOf } = await open(folder, () => write(folder));
    const view = v.parse(View, { size: 16, cropArea: [0.2, 0.8], jitter: 1, grayscale: 0.3, blur: 0.5, solarize: 0.3 });
    const draw = {
      views: [view, { ...view, size: 12, interpolation: 'bilinear' as const }],
      seed: 11,
      resizing: newestResizing,
    };
    const exclude = damaged.filter(({ split }) => split === 'train').map(({ file }) => file);
    const loader = await openTrainingLoader({
      data: { ...source, split: 'train', exclude },
      views: draw.views,
      normalization: { mean: Array<number>(channels).fill(0.5), std: Array<number>(channels).fill(0.25) },
      resizing: newestResizing,
      seed: draw.seed,
      batch: images,
      dropLast: true,
      fromStep: 2,
      workers: 0,
    });
    const { batch, epoch } = await loader.next();
    await loader.close();
    expect(epoch).toBe(2);
    const filter: PictureFilter = { ...all, split: 'train' };
    const { total } = await namesOf(filter);
    expect(total).toBe(images + exclude.length);
    let seen = 0;
    for (let place = 0; place < total; place++) {
      const { picture } = await ask({ kind: 'picture', filter, place });
      if (picture.trainingIndex === null) continue;
      const { drawn } = await ask({ kind: 'views', filter, place, draw: { ...draw, epoch } });
      const row = batch.index.indexOf(picture.trainingIndex);
      for (const [number, { shown, size }] of drawn.views.entries()) {
        const length = size * size * channels;
        const trained = batch.views[number]!.values.subarray(row * length, (row + 1) * length);
        expect(await levelsOf(shown, channels)).toEqual(trained);
      }
      seen++;
    }
    expect(seen).toBe(images);
  }),
);

test('the parameters shown are what was rendered: crop and flip computed from them give its pixels', () =>
  inTemporaryFolder(async (folder) => {
    const { ask } = await open(folder, () => writePictures(folder));
    const pixels = randomBytes(40 * 30 * 3, 'one');
    // A crop of exactly the view's size is copied pixel by pixel.
    const size = 24;
    const area = (size * size) / (40 * 30);
    const view = v.parse(View, { size, cropArea: [area, area], cropRatio: [1, 1], jitter: 0, grayscale: 0 });
    for (let epoch = 0; epoch < 6; epoch++) {
      const draw = { views: [view, view], resizing: newestResizing, seed: 5, epoch };
      const { drawn } = await ask({ kind: 'views', filter: all, place: 0, draw });
      for (const { parameters, shown } of drawn.views) {
        const { crop, flip } = parameters;
        expect([crop.width, crop.height]).toEqual([size, size]);
        const expected = Array.from({ length: size * size * 3 }, (_, at) => {
          const [y, x, channel] = [Math.floor(at / 3 / size), Math.floor(at / 3) % size, at % 3];
          const column = crop.left + (flip ? size - 1 - x : x);
          return pixels[((crop.top + y) * 40 + column) * 3 + channel]!;
        });
        expect([...(await sharp(Buffer.from(shown.base64, 'base64')).raw().toBuffer())]).toEqual(expected);
      }
    }
  }));
