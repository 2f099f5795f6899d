/** Folders that can be read in several ways: the inspection asks, and a run reads them as was answered. */
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { inspectFolder } from '../../data/listing/inspect.ts';
import { reader } from '../../data/listing/readers.ts';
import { decode } from '../../data/pixels/decode.ts';
import { inTemporaryFolder } from '../../data/testing/small-datasets.ts';
import type { Inspection, Reading } from '../../protocol/dataset.ts';
import { putClasses, putFile, putPictures } from './folders.ts';
import { spelledOut } from '../../data/testing/spelled-out.ts';

const inspect = async (folder: string, reading?: Reading) =>
  spelledOut(await inspectFolder(folder, null, () => undefined, new AbortController().signal, { reading }));
const answers = ({ choices }: Inspection) =>
  Object.fromEntries(choices.map(({ about, now, answers: all }) => [about, [now, ...all.map(({ count }) => count)]]));

/** Classes and labels of a split, as a run reads it: pictures are in the order of their paths. */
async function readBack({ dataset, path, reading }: Inspection, split: string) {
  const opened = await reader(dataset!).open(path, split, { reading });
  const labels = [...(await opened.labels())!];
  await opened.close();
  return { classes: opened.classes, labels };
}

describe('classes several levels deep', () => {
  const kinds = ['animals/cat', 'animals/dog', 'vehicles/bus', 'vehicles/car', 'vehicles/van'];
  const deep = {
    about: 'classes',
    answers: [
      { value: 'first-level', count: 2 },
      { value: 'deepest', count: 5 },
    ],
  };

  test('of splits are the first level unless the deepest folders are asked for', () =>
    inTemporaryFolder(async (folder) => {
      await putClasses(folder, 'train', kinds, 2);
      await putClasses(folder, 'val', kinds, 1);
      const usual = await inspect(folder);
      expect(usual).toMatchObject({ classes: ['animals', 'vehicles'], choices: [{ ...deep, now: 'first-level' }] });
      expect(usual.reading).toBeUndefined();
    }));

  test('of splits can be the deepest; what is beside them is named', () =>
    inTemporaryFolder(async (folder) => {
      await putClasses(folder, 'train', kinds, 2);
      await putClasses(folder, 'val', kinds, 1);
      await putPictures(folder, ['train/loose.jpg']);
      const deepest = await inspect(folder, { classes: 'deepest' });
      expect(deepest).toMatchObject({ classes: kinds, choices: [{ ...deep, now: 'deepest' }] });
      expect(deepest.splits.map(({ perClass }) => perClass)).toEqual([kinds.map(() => 2), kinds.map(() => 1)]);
      expect(deepest.rejects).toMatchObject([{ file: 'train/loose.jpg' }]);
      expect(deepest.fingerprint).not.toBe((await inspect(folder)).fingerprint);
      expect(await readBack(deepest, 'val')).toEqual({ classes: kinds, labels: [0, 1, 2, 3, 4] });
    }));

  test('of several domains may be the names of the deepest folders, wherever these lie', () =>
    inTemporaryFolder(async (folder) => {
      const domains = ['art/dog', 'art/house', 'photo/dog', 'photo/guitar', 'photo/house', 'sketch/dog'];
      await putClasses(folder, '.', domains, 12);
      const usual = await inspect(folder);
      const answers = [
        { value: 'first-level', count: 3 },
        { value: 'deepest-names', count: 3 },
      ];
      const choice = { about: 'classes', answers };
      expect(usual).toMatchObject({
        classes: ['art', 'photo', 'sketch'],
        choices: [{ ...choice, now: 'first-level' }],
      });
      const named = await inspect(folder, { classes: 'deepest-names' });
      expect(named).toMatchObject({
        classes: ['dog', 'guitar', 'house'],
        choices: [{ ...choice, now: 'deepest-names' }],
      });
      const images = named.splits.map(({ perClass }) => perClass.reduce((sum, count) => sum + count, 0));
      expect(images.reduce((sum, count) => sum + count, 0)).toBe(12 * domains.length);
      const { labels } = await readBack(named, 'val');
      expect(new Set(labels)).toEqual(new Set([0, 1, 2]));
    }));

  test('of several domains in splits keep their numbers in each split', () =>
    inTemporaryFolder(async (folder) => {
      await putClasses(folder, 'train', ['a/cat', 'a/dog', 'b/cat', 'b/dog'], 2);
      await putClasses(folder, 'val', ['a/dog', 'b/cat', 'b/dog'], 1);
      const named = await inspect(folder, { classes: 'deepest-names' });
      expect(named.classes).toEqual(['cat', 'dog']);
      expect(await readBack(named, 'val')).toEqual({ classes: ['cat', 'dog'], labels: [1, 0, 1] });
    }));

  test('without splits are the deepest, or the first level', () =>
    inTemporaryFolder(async (folder) => {
      await putClasses(folder, '.', kinds, 12);
      expect(await inspect(folder)).toMatchObject({ classes: kinds, choices: [{ ...deep, now: 'deepest' }] });
      const first = await inspect(folder, { classes: 'first-level' });
      expect(first).toMatchObject({ classes: ['animals', 'vehicles'], choices: [{ ...deep, now: 'first-level' }] });
      expect((await readBack(first, 'train')).classes).toEqual(['animals', 'vehicles']);
    }));

  test.each([['images'], ['a', 'b']])('are not asked about where the folders below say nothing: %s', (...parts) =>
    inTemporaryFolder(async (folder) => {
      const paths = ['n01440764', 'n02119789', 'n03995372'].flatMap((id) => parts.map((part) => `${id}/${part}`));
      await putClasses(folder, 'train', paths, 2);
      await putClasses(folder, 'val', paths, 1);
      expect((await inspect(folder)).choices).toEqual([]);
    }),
  );
});

test('classes called by numbers are in the order of the numbers, or of text; runs from before read them as they did', () =>
  inTemporaryFolder(async (folder) => {
    await putClasses(folder, 'train', ['1', '2', '10'], 2);
    const usual = await inspect(folder);
    expect(usual).toMatchObject({ classes: ['1', '2', '10'], reading: { order: 'numeric' } });
    expect(usual.warnings.join()).toContain('torchvision, which orders them as text');
    expect(await readBack(usual, 'train')).toEqual({ classes: ['1', '2', '10'], labels: [0, 0, 2, 2, 1, 1] });
    const text = await inspect(folder, { order: 'text' });
    expect(text).toMatchObject({ classes: ['1', '10', '2'], fingerprint: usual.fingerprint });
    expect(text.warnings.join()).toContain('10 comes before 2');
    expect(answers(text)).toEqual({ order: ['text', 3, 3] });
    const { reading: _reading, ...before } = usual;
    expect((await readBack(before, 'train')).classes).toEqual(['1', '10', '2']);
  }));

test('what systems leave behind is left out at every level, or taken in', () =>
  inTemporaryFolder(async (folder) => {
    await putClasses(folder, 'train', ['cat', 'dog'], 3);
    await putPictures(folder, ['train/cat/@eaDir/1.jpg', 'train/dog/@eaDir/2.jpg', 'train/@eaDir/3.jpg']);
    await putFile(folder, 'train/cat/.DS_Store', 'x');
    const usual = await inspect(folder);
    expect(usual).toMatchObject({ classes: ['cat', 'dog'], splits: [{ images: 6 }] });
    expect(answers(usual)).toEqual({ leftovers: ['left-out', 4, 4] });
    const taken = await inspect(folder, { leftovers: 'taken-in' });
    expect(taken).toMatchObject({ classes: ['@eaDir', 'cat', 'dog'], splits: [{ images: 9, perClass: [1, 4, 4] }] });
    expect(taken.found.join()).toContain('taken in');
    expect((await readBack(taken, 'train')).labels).toHaveLength(9);
  }));

describe('grey of 16 bits', () => {
  const [width, height] = [12, 8];
  /** 12-bit values, as of a scanner: 40 to 4,030. */
  const values = Uint16Array.from({ length: width * height }, (_, at) => 40 + at * 42);
  const expected = {
    'cut-off': (value: number, most: number) => Math.min(255, Math.round((value * 65535) / most)),
    'full-range': (value: number, most: number) => Math.round((value * 255) / most),
    'own-range': (value: number) => Math.round(((value - 40) * 255) / (4030 - 40)),
  };
  const image = () => sharp(values, { raw: { width, height, channels: 1 } }).toColourspace('grey16');
  const big = Buffer.alloc(values.length * 2);
  values.forEach((value, at) => big.writeUInt16BE(value, at * 2));
  const files = {
    'png, whose greatest value is 65,535': ['1.png', 65535, () => image().png().toBuffer()],
    'tiff, whose greatest value is 65,535': ['1.tif', 65535, () => image().tiff({ compression: 'lzw' }).toBuffer()],
    'pgm, which states its greatest value': ['1.pgm', 4095, () => Buffer.concat([Buffer.from('P5 12 8 4095\n'), big])],
    'plain pgm': ['1.pgm', 4095, () => Buffer.from(`P2 12 8 4095\n${[...values].join(' ')}\n`)],
  } as const;

  test.each(Object.entries(files))('of %s is cut off, or scaled, as was answered', (_name, [file, most, write]) =>
    inTemporaryFolder(async (folder) => {
      await putPictures(folder, ['train/a/0.jpg', 'train/b/0.jpg']);
      await putFile(folder, join('train/a', file), await write());
      expect(answers(await inspect(folder))).toEqual({ deepGrey: ['cut-off', 1, 1, 1] });
      for (const [deepGrey, level] of Object.entries(expected) as [
        keyof typeof expected,
        (typeof expected)[keyof typeof expected],
      ][]) {
        const inspection = await inspect(folder, { deepGrey });
        const opened = await reader(inspection.dataset!).open(folder, 'train', { reading: inspection.reading });
        const { image: encoded, name } = await opened.sample(1);
        expect(name).toBe(`train/a/${file}`);
        expect([...(await decode(encoded, 1)).pixels]).toEqual([...values].map((value) => level(value, most)));
        await opened.close();
      }
    }),
  );
});
