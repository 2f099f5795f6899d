import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import * as v from 'valibot';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { newestResizing, View, type Resizing } from '../../protocol/run.ts';
import { openEvaluationLoader, openTrainingLoader } from './loader.ts';
import { viewWork } from './view-renderer.ts';
import { openProducer, type LoaderProgram } from './worker-pool.ts';
import { buildWorker, inTemporaryFolder, put, randomBytes, removeWorker, writeIdx } from '../testing/small-datasets.ts';

const view = v.parse(View, { size: 8, cropArea: [0.3, 1], blur: 0.3, solarize: 0.2 });
const grey = { mean: [0.5], std: [0.25] };
const training = (path: string) => ({
  data: { dataset: 'idx', path, split: 'train' },
  views: [view, { ...view, size: 10 }],
  normalization: grey,
  resizing: newestResizing,
  seed: 3,
  batch: 8,
  dropLast: true,
  fromStep: 0,
  workers: 0,
});

async function take(options: ReturnType<typeof training>, steps: number, worker?: LoaderProgram) {
  const loader = await openTrainingLoader(options, worker);
  try {
    const taken = [];
    for (let step = 0; step < steps; step++) taken.push(await loader.next());
    return taken;
  } finally {
    await loader.close();
  }
}

let worker: LoaderProgram;
beforeAll(async () => {
  worker = await buildWorker();
});
afterAll(removeWorker);

describe('a training loader', () => {
  test('gives whole epochs in a new order each, with the labels of the images', () =>
    inTemporaryFolder(async (folder) => {
      await writeIdx(folder, 20, 4);
      const batches = await take({ ...training(folder), batch: 5 }, 8);
      const epochs = [0, 1].map((epoch) => batches.filter((each) => each.epoch === epoch));
      for (const epoch of epochs) {
        const seen = epoch.flatMap(({ batch }) => [...batch.index]);
        expect(seen.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, i) => i));
        expect(epoch.map((each) => each.batchInEpoch)).toEqual([0, 1, 2, 3]);
      }
      const [first, second] = epochs.map((epoch) => epoch.flatMap(({ batch }) => [...batch.index]));
      expect(first).not.toEqual(second);
      for (const { batch } of batches) {
        expect([...batch.targets.label!.values]).toEqual([...batch.index].map((index) => index % 3));
        expect(batch.views.map((each) => each.shape)).toEqual([
          [5, 8, 8, 1],
          [5, 10, 10, 1],
        ]);
        expect(batch.views.map((each) => each.values.length)).toEqual([320, 500]);
      }
    }));

  test('gives the same bytes for any number of workers', () =>
    inTemporaryFolder(async (folder) => {
      await writeIdx(folder, 30, 4);
      const alone = await take(training(folder), 7);
      for (const workers of [1, 3]) {
        const shared = await take({ ...training(folder), workers }, 7, worker);
        expect(shared).toEqual(alone);
      }
      expect(alone[0]!.batch.views[0]!.values).not.toEqual(alone[1]!.batch.views[0]!.values);
    }));

  test('starts at any step with the batch of an uninterrupted run', () =>
    inTemporaryFolder(async (folder) => {
      await writeIdx(folder, 30, 4);
      const whole = await take(training(folder), 8);
      for (const fromStep of [1, 3, 6]) {
        const resumed = await take({ ...training(folder), fromStep, workers: 1 }, 8 - fromStep, worker);
        expect(resumed).toEqual(whole.slice(fromStep));
      }
    }));

  test('takes the second view from the picture of the same name elsewhere, and names unpaired ones', () =>
    inTemporaryFolder(async (folder) => {
      const picture = (brightness: number) =>
        sharp({
          create: { width: 12, height: 12, channels: 3, background: { r: brightness, g: brightness, b: brightness } },
        })
          .png()
          .toBuffer();
      const write = async (below: string, brightness: number, names: readonly string[]) => {
        const one = await picture(brightness);
        await put(join(folder, below), Object.fromEntries(names.map((name) => [`train/${name}`, one])));
      };
      const names = Array.from({ length: 8 }, (_, at) => `class-${at % 2}/${at}.png`);
      await write('photographs', 255, names);
      await write('edges', 0, names);
      await write('others', 0, [...names.slice(1), 'class-0/other.png']);
      await write('few', 0, names.slice(1));
      const plain = { ...view, jitter: 0, blur: 0, solarize: 0 };
      const source = (below: string) => ({
        data: { dataset: 'image-folder', path: join(folder, below), split: 'train' },
      });
      const paired = (below: string) => ({
        ...training(folder),
        ...source('photographs'),
        views: [plain, plain],
        paired: source(below),
        normalization: { mean: [0, 0, 0], std: [1, 1, 1] },
      });
      const [{ batch }] = (await take(paired('edges'), 1, worker)) as [Awaited<ReturnType<typeof take>>[number]];
      const [first, second] = batch.views.map(({ values }) => [Math.min(...values), Math.max(...values)]);
      expect([first, second]).toEqual([
        [255, 255],
        [0, 0],
      ]);
      await expect(take(paired('others'), 1)).rejects.toThrow(/The images are not paired: number \d+ is .*png/);
      await expect(take(paired('few'), 1)).rejects.toThrow(
        'Paired data needs the same number of images: 8 in the first folder, 7 in',
      );
    }));

  test('keeps the short last batch only when told to', () =>
    inTemporaryFolder(async (folder) => {
      await writeIdx(folder, 20, 4);
      const dropping = await openTrainingLoader(training(folder));
      const keeping = await openTrainingLoader({ ...training(folder), dropLast: false });
      expect([dropping.stepsPerEpoch, keeping.stepsPerEpoch]).toEqual([2, 3]);
      await keeping.next();
      await keeping.next();
      expect((await keeping.next()).batch.index).toHaveLength(4);
      await dropping.close();
      await keeping.close();
    }));

  test('refuses a batch larger than the data set', () =>
    inTemporaryFolder(async (folder) => {
      await writeIdx(folder, 7, 4);
      await expect(openTrainingLoader(training(folder))).rejects.toThrow(
        'A batch of 8 is larger than the data set, which has 7 images. Choose a batch of at most 7.',
      );
    }));

  test('turns grey images into three channels if the normalization has three', () =>
    inTemporaryFolder(async (folder) => {
      await writeIdx(folder, 8, 4);
      const options = { ...training(folder), normalization: { mean: [0, 0, 0], std: [1, 1, 1] } };
      const [{ batch }] = (await take(options, 1)) as [Awaited<ReturnType<typeof take>>[number]];
      expect(batch.views[0]!.shape).toEqual([8, 8, 8, 3]);
      const values = batch.views[0]!.values;
      for (let i = 0; i < values.length; i += 3)
        expect(values[i + 1] === values[i] && values[i + 2] === values[i]).toBe(true);
    }));
});

async function writePictures(folder: string, count: number): Promise<void> {
  await mkdir(join(folder, 'train', 'only'), { recursive: true });
  for (let i = 0; i < count; i++) {
    const picture = sharp(randomBytes(40 * 30 * 3, String(i)), { raw: { width: 40, height: 30, channels: 3 } });
    await picture.jpeg().toFile(join(folder, 'train', 'only', `${i}.jpg`));
  }
}

describe('the version of resizing', () => {
  /** Tall pictures, of whose height a resize loses much more than of their width. */
  async function writeTall(folder: string): Promise<void> {
    const picture = sharp(randomBytes(12 * 90 * 3, 'tall'), { raw: { width: 12, height: 90, channels: 3 } });
    const file = await picture.png().toBuffer();
    await put(folder, { 'train/only/0.png': file, 'train/only/1.png': file });
  }

  /** The picture as a view, and as an evaluation sees it. */
  async function seen(path: string, resizing: Resizing, workers: number): Promise<readonly Uint8Array[]> {
    const data = { dataset: 'image-folder', path, split: 'train' };
    const common = { data, resizing, workers, batch: 2, normalization: { mean: [0, 0, 0], std: [1, 1, 1] } };
    const whole = v.parse(View, { size: 8, cropArea: [1, 1], cropRatio: [0.1, 1], jitter: 0, grayscale: 0 });
    const learning = await openTrainingLoader(
      { ...common, views: [whole], seed: 1, dropLast: true, fromStep: 0 },
      worker,
    );
    const preprocessing = { resize: null, crop: 8, interpolation: 'bilinear', fit: 'squash' } as const;
    const looking = await openEvaluationLoader({ ...common, preprocessing, from: 0 }, worker);
    try {
      return [(await learning.next()).batch.views[0]!.values, (await looking.next())!.views[0]!.values].map(
        (values) => values as Uint8Array,
      );
    } finally {
      await learning.close();
      await looking.close();
    }
  }

  test.each([0, 1])('reaches the pixels, by single levels, %i workers', (workers) =>
    inTemporaryFolder(async (folder) => {
      await writeTall(folder);
      const older = await seen(folder, 'pillow-12.1', workers);
      const newer = await seen(folder, 'pillow-13', workers);
      for (const [at, values] of older.entries()) {
        const levels = Array.from(values, (value, place) => Math.abs(value - newer[at]![place]!));
        expect(Math.max(...levels)).toBe(1);
      }
    }),
  );
});

describe('a file that becomes unreadable during a run', () => {
  const pictures = (path: string) => ({
    ...training(path),
    data: { dataset: 'image-folder', path, split: 'train' },
    normalization: { mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25] },
    resizing: newestResizing,
    batch: 4,
  });

  test.each([0, 2])('is a fault with its name where nothing may be left out, %i workers', (workers) =>
    inTemporaryFolder(async (folder) => {
      await writePictures(folder, 6);
      const loader = await openTrainingLoader({ ...pictures(folder), batch: 6, workers }, worker);
      await loader.next();
      // At once: a worker that reads ahead must not see it half written.
      await writeFile(join(folder, 'text'), 'no longer a picture');
      await rename(join(folder, 'text'), join(folder, 'train/only/2.jpg'));
      const failing = (async () => {
        for (let i = 0; i < 12; i++) await loader.next();
      })();
      await expect(failing).rejects.toMatchObject({
        fault: { code: 'damaged-image', values: { file: 'train/only/2.jpg' } },
        message:
          'train/only/2.jpg: a text file, not a picture: it begins with "no longer a picture". Replace it, or leave it out.',
      });
      await loader.close();
    }),
  );

  test('can be left out by name', () =>
    inTemporaryFolder(async (folder) => {
      await writePictures(folder, 5);
      await writeFile(join(folder, 'train/only/2.jpg'), 'no picture');
      const options = pictures(folder);
      const without = { ...options, data: { ...options.data, exclude: ['train/only/2.jpg'] } };
      const loader = await openTrainingLoader(without);
      expect(loader.count).toBe(4);
      expect((await loader.next()).batch.views[0]!.shape).toEqual([4, 8, 8, 3]);
      await loader.close();
    }));

  test('workers that find another number of images than the opener stop at once', () =>
    inTemporaryFolder(async (folder) => {
      await writePictures(folder, 5);
      const { data, views, normalization, seed } = pictures(folder);
      const specification = {
        data,
        normalization,
        resizing: newestResizing,
        task: { kind: 'training', views, seed },
      } as const;
      const pool = { workers: 1, count: 6, ...worker, runFolder: null };
      await expect(openProducer(viewWork, specification, pool)).rejects.toThrow('had 6 images and now has 5');
    }));

  test('a data set that is gone says so', () =>
    inTemporaryFolder(async (folder) => {
      await writePictures(folder, 5);
      await rm(join(folder, 'train'), { recursive: true });
      await expect(openTrainingLoader(pictures(folder))).rejects.toMatchObject({ fault: { code: 'not-found' } });
    }));
});

describe('an evaluation loader', () => {
  test.each([
    [0, 0, [4, 4, 3]],
    [2, 0, [4, 4, 3]],
    [2, 5, [4, 2]],
  ])('gives every image once, in order, then null, %i workers, from image %i', (workers, from, expected) =>
    inTemporaryFolder(async (folder) => {
      await writeIdx(folder, 6, 11);
      const loader = await openEvaluationLoader(
        {
          data: { dataset: 'idx', path: folder, split: 'test' },
          preprocessing: { resize: null, crop: 12, interpolation: 'bilinear' },
          normalization: { mean: [0], std: [1] },
          resizing: newestResizing,
          batch: 4,
          from,
          workers,
        },
        worker,
      );
      const pixels = randomBytes(11 * 144, 't10k');
      const sizes = [];
      let at = from;
      for (let batch = await loader.next(); batch; batch = await loader.next()) {
        sizes.push(batch.index.length);
        expect([...batch.index]).toEqual(Array.from(batch.index, (_, i) => at + i));
        const values = [...batch.views[0]!.values];
        expect(values).toEqual(Array.from(values, (_, i) => pixels[at * 144 + i]!));
        at += batch.index.length;
      }
      expect(sizes).toEqual(expected);
      expect(await loader.next()).toBe(null);
      await loader.close();
    }),
  );
});
