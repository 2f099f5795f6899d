/** Folders as people have them are recognised, and nothing that holds pictures is dropped unsaid. */
import { execFileSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { inspectFolder } from '../../data/listing/inspect.ts';
import { subsetNamed } from '../../data/listing/known-subsets.ts';
import { splitInName } from '../../data/listing/split-names.ts';
import { partOf } from '../../data/listing/subset.ts';
import { inTemporaryFolder, tarOf } from '../../data/testing/small-datasets.ts';
import { dataset as imagenet } from '../../datasets/imagenet.ts';
import type { Inspection } from '../../protocol/dataset.ts';
import { pictureOf, putClasses, putFile, putPictures } from './folders.ts';
import { spelledOut } from '../../data/testing/spelled-out.ts';

const inspect = async (folder: string) =>
  spelledOut(await inspectFolder(folder, null, () => undefined, new AbortController().signal));
const counts = ({ splits }: Inspection) => Object.fromEntries(splits.map(({ split, perClass }) => [split, perClass]));
const totals = ({ splits }: Inspection) => Object.fromEntries(splits.map(({ split, images }) => [split, images]));
const ids = ['n01440764', 'n02119789', 'n03995372'] as const;

describe('splits under other names', () => {
  test.each([
    ['Train', 'Test'],
    ['train', 'validation'],
    ['train', 'eval'],
    ['train', 'dev'],
    ['TRAINING', 'holdout'],
    ['training_set', 'test_set'],
    ['trainset', 'tst'],
    ['train_images', 'test_images'],
    ['images_train', 'images_val'],
    ['trains', 'tests'],
    ['training_set/training_set', 'test_set/test_set'],
    ['seg_train/seg_train', 'seg_test/seg_test'],
    ['train', 'birds_val'],
    ['2024-train', '2024-val'],
    ['train2017', 'val2017'],
    ['dataset/dataset/train', 'dataset/dataset/valid'],
    ['archive/My Data/train', 'archive/My Data/test'],
  ])('%s and %s', (one, two) =>
    inTemporaryFolder(async (folder) => {
      await putClasses(folder, one, ['a', 'b'], 3);
      await putClasses(folder, two, ['a', 'b'], 2);
      const split = splitInName(two.split('/').at(-1)!)!.split;
      const inspection = await inspect(folder);
      expect(inspection).toMatchObject({ classes: ['a', 'b'], rejects: [], unused: [], warnings: [] });
      expect(counts(inspection)).toEqual({ train: [3, 3], [split]: [2, 2] });
    }),
  );

  test('are inside the classes', () =>
    inTemporaryFolder(async (folder) => {
      for (const name of ['a', 'b'])
        await putPictures(folder, [`${name}/train/1.jpg`, `${name}/train/2.jpg`, `${name}/test/1.jpg`]);
      const inspection = await inspect(folder);
      expect(inspection.classes).toEqual(['a', 'b']);
      expect(counts(inspection)).toEqual({ test: [1, 1], train: [2, 2] });
    }));

  test('words of splits in names of classes make no splits', () =>
    inTemporaryFolder(async (folder) => {
      await putClasses(folder, '.', ['test tube', 'train station', 'cat'], 12);
      expect((await inspect(folder)).classes).toEqual(['cat', 'test tube', 'train station']);
    }));

  test('what is beside them is reported, with how to use it', () =>
    inTemporaryFolder(async (folder) => {
      await putClasses(folder, 'train', ['a', 'b'], 2);
      await putClasses(folder, 'val', ['a', 'b'], 1);
      await putPictures(folder, ['extra/deep/1.jpg', 'extra/2.jpg', 'loose.jpg', 'train/.hidden/1.jpg']);
      await putFile(folder, 'more.zip', 'PK');
      const { unused, splits } = await inspect(folder);
      expect(splits.map(({ images }) => images)).toEqual([4, 2]);
      expect(unused.map(({ what, count }) => [what, count])).toEqual([
        ['train/.hidden/', 1],
        ['extra/', 2],
        ['pictures beside the folders', 1],
        ['archives: more.zip', 1],
      ]);
      expect(unused.every(({ why, use }) => why !== '' && use !== '')).toBe(true);
    }));

  test('lists say the splits, and a listed picture that is absent is named', () =>
    inTemporaryFolder(async (folder) => {
      await putPictures(folder, ['images/1.jpg', 'images/2.jpg', 'images/3.jpg', 'images/x y.jpg']);
      await putFile(folder, 'train.txt', '1.jpg 10\nx y.jpg 9\ngone.jpg 9\n');
      await putFile(folder, 'val.csv', 'path,label\r\n2.jpg,10\r\n');
      const inspection = await inspect(folder);
      expect(inspection.classes).toEqual(['9', '10']);
      expect(counts(inspection)).toEqual({ train: [1, 1], val: [0, 1] });
      expect(inspection.rejects).toEqual([{ file: 'images/gone.jpg', reason: 'named in the list, not in the folder' }]);
      expect(inspection.unused).toMatchObject([{ what: 'pictures that no list names', count: 1 }]);
    }));

  test('several data sets beside each other are no data set, and are named; the commonest layouts come first', () =>
    inTemporaryFolder(async (folder) => {
      for (const set of ['birds', 'validation'])
        for (const split of ['train', 'val']) await putClasses(folder, `${set}/${split}`, ['a', 'b'], 1);
      const { dataset, found, expected } = await inspect(folder);
      expect(dataset).toBe(null);
      expect(found.at(-1)).toBe('2 data sets: birds, validation. Choose one of them');
      expect(expected[0]).toContain('train/cat/1.jpg');
    }));
});

test('what systems leave behind is left out at every level, counted in one line', () =>
  inTemporaryFolder(async (folder) => {
    await putClasses(folder, 'train', ['cat', 'dog'], 4);
    await putClasses(folder, 'val', ['cat', 'dog'], 2);
    const left = ['.ipynb_checkpoints/x.jpg', '@eaDir/a.jpg/S.jpg', '.@__thumb/d.jpg', '$RECYCLE.BIN/S/g.jpg'];
    for (const place of ['', 'train/', 'train/cat/'])
      for (const name of [...left, 'lost+found/x.jpg', '.Trash-1000/x.jpg', '__MACOSX/._1.jpg', '._1.jpg', 'Thumbs.db'])
        await putFile(folder, place + name, await pictureOf(1, 1));
    const inspection = await inspect(folder);
    expect(inspection).toMatchObject({ classes: ['cat', 'dog'], rejectCount: 0, unused: [] });
    expect(counts(inspection)).toEqual({ train: [4, 4], val: [2, 2] });
    expect(inspection.found.filter((line) => line.includes('systems leave behind'))).toHaveLength(1);
  }));

describe('pictures without labels', () => {
  test('in folders by date', () =>
    inTemporaryFolder(async (folder) => {
      for (const year of [2022, 2023]) await putPictures(folder, [`${year}/01/a.jpg`, `${year}/12/b.jpg`]);
      const inspection = await inspect(folder);
      expect(inspection.splits).toEqual([{ split: 'train', images: 4, perClass: [] }]);
      expect(inspection.found.join()).toContain('without classes');
    }));

  test('a picture a class: all train, and it is said that these are no classes', () =>
    inTemporaryFolder(async (folder) => {
      for (let index = 0; index < 40; index++) await putPictures(folder, [`${index + 100}/a.jpg`]);
      const inspection = await inspect(folder);
      expect(totals(inspection)).toEqual({ train: 40 });
      expect(inspection.warnings.join('\n')).toMatch(/they stay in train[^]*as many classes as pictures \(40\)/);
    }));
});

describe('ImageNet', () => {
  const truth = [0, 1, 2, 2, 0].map((at) => ids[at]!);
  const names = truth.map((_, at) => `ILSVRC2012_val_0000000${at + 1}.JPEG`);
  const numbers: Readonly<Record<string, number>> = { n01440764: 398, n02119789: 1, n03995372: 85 };
  const map = ids.map((id) => `${id} ${numbers[id]} word`).join('\n');
  const groundTruth = truth.map((id) => numbers[id]).join('\n');
  const kit = 'ILSVRC2012_devkit_t12/data';
  const packed = () =>
    gzipSync(
      tarOf([
        { name: `${kit}/ILSVRC2012_validation_ground_truth.txt`, contents: groundTruth },
        { name: `${kit}/map_clsloc.txt`, contents: map },
      ]),
    );
  const lists: Readonly<Record<string, Readonly<Record<string, string>>>> = {
    'the kit': { [`${kit}/ILSVRC2012_validation_ground_truth.txt`]: groundTruth, [`${kit}/map_clsloc.txt`]: map },
    "Caffe's": {
      'val.txt': names.map((name, at) => `${name} ${ids.indexOf(truth[at]!)}`).join('\n'),
      'synsets.txt': ids.join('\n'),
    },
    "TensorFlow's": { 'imagenet_2012_validation_synset_labels.txt': truth.join('\n') },
  };

  async function check(folder: string) {
    const inspection = await inspect(folder);
    expect(inspection).toMatchObject({ dataset: 'imagenet', rejects: [], unused: [] });
    expect(counts(inspection)).toEqual({ train: [2, 2, 2], val: [2, 1, 2] });
  }

  test.each(['val', 'val/ILSVRC2012_img_val', 'ILSVRC2012_img_val', 'images', 'data/raw/val'])(
    'flat validation pictures in %s are found, with every list',
    (flat) =>
      inTemporaryFolder(async (folder) => {
        for (const [at, files] of Object.values(lists).entries()) {
          const own = join(folder, String(at));
          await putClasses(own, 'train', ids, 2);
          await putPictures(
            own,
            names.map((name) => `${flat}/${name}`),
          );
          for (const [path, text] of Object.entries(files)) await putFile(own, path, text);
          await check(own);
        }
      }),
  );

  test('the kit is read from its archive; without any list it is asked for by name', () =>
    inTemporaryFolder(async (folder) => {
      await putClasses(folder, 'train', ids, 2);
      await putPictures(
        folder,
        names.map((name) => `val/${name}`),
      );
      const missing = await inspect(folder);
      expect(missing.rejects).toMatchObject([{ file: 'val' }]);
      expect(missing.unused).toMatchObject([{ what: 'val/', count: 5 }]);
      expect(missing.unused[0]!.use).toContain('LOC_val_solution.csv');
      await putFile(folder, 'ILSVRC2012_devkit_t12.tar.gz', packed());
      await check(folder);
    }));

  test('Tiny-ImageNet has its validation pictures and words; test is reported', () =>
    inTemporaryFolder(async (folder) => {
      for (const id of ids) await putPictures(folder, [`train/${id}/images/${id}_0.JPEG`]);
      await putPictures(folder, ['val/images/val_0.JPEG', 'val/images/val_1.JPEG', 'test/images/test_0.JPEG']);
      await putFile(
        folder,
        'val/val_annotations.txt',
        `val_0.JPEG\t${ids[1]}\t0\t1\nval_1.JPEG\t${ids[0]}\t0\t1\nval_9.JPEG\t${ids[0]}\t0\t1\n`,
      );
      await putFile(folder, 'words.txt', `${ids[0]}\ttench, Tinca tinca\n`);
      const inspection = await inspect(folder);
      expect(counts(inspection)).toEqual({ train: [1, 1, 1], val: [1, 1, 0] });
      expect(inspection.classes[0]).toBe('tench (n01440764)');
      expect(inspection.unused).toMatchObject([{ what: 'test/', count: 1 }]);
      expect(inspection.warnings[0]).toBe('Of the pictures named in val/val_annotations.txt, 1 are not in val/images.');
    }));

  test('parts of a split and a validation folder of another name are read', () =>
    inTemporaryFolder(async (folder) => {
      for (const [at, id] of ids.entries())
        await putPictures(folder, [`train.X${at + 1}/${id}/1.JPEG`, `val.X/${id}/1.JPEG`]);
      expect(counts(await inspect(folder))).toEqual({ train: [1, 1, 1], val: [1, 1, 1] });
    }));

  test('a subset is named where all of its classes agree, in any order', () => {
    const imagenette =
      'n03888257 n01440764 n02102040 n02979186 n03000684 n03028079 n03394916 n03417042 n03425413 n03445777';
    expect(subsetNamed(imagenette.split(' '))).toBe('Imagenette');
    expect(subsetNamed(imagenette.split(' ').slice(1))).toBe(null);
  });

  test('lists beside the data select by names, and are no splits', () =>
    inTemporaryFolder(async (folder) => {
      for (const split of ['train', 'val']) await putClasses(folder, `data/${split}`, ids, 2);
      for (const [at, id] of ids.entries()) await putPictures(folder, [`data/train/${id}/${id}_${at}.JPEG`]);
      const list = (name: string, lines: readonly string[], end = '\n') =>
        putFile(folder, name, lines.join(end) + end).then(() => join(folder, name));
      const named = ids.map((id, at) => `${id}_${at}.JPEG`);
      expect(counts(await inspect(folder))).toEqual({ train: [3, 3, 3], val: [2, 2, 2] });
      const whole = await imagenet.open(folder, 'train');
      const source = { dataset: 'imagenet', path: folder, split: 'train' };
      const take = (path: string) => partOf(whole, { kind: 'list', path }, source);
      expect(
        (
          await take(
            await list(
              'crlf.txt',
              named.map((name) => `${name.slice(0, 9)}/${name}`),
              '\r\n',
            ),
          )
        ).count,
      ).toBe(3);
      await expect(take(await list('missing.txt', [...named, 'no_9.JPEG']))).rejects.toThrow(
        '1 of its 4 names, such as "no_9.JPEG"',
      );
    }));
});

describe('names', () => {
  test('in two Unicode forms are one class; names that differ in case are said', () =>
    inTemporaryFolder(async (folder) => {
      await putClasses(folder, 'train', ['Cafe\u0301', 'dog', 'Dog'], 2);
      await putClasses(folder, 'val', ['Caf\u00e9', 'dog', 'Dog'], 1);
      const inspection = await inspect(folder);
      expect(inspection.classes).toEqual(['Caf\u00e9', 'Dog', 'dog']);
      expect(counts(inspection)).toEqual({ train: [2, 2, 2], val: [1, 1, 1] });
      expect(inspection.warnings.join('\n')).toMatch(/Unicode forms[^]*differ only in case: Dog and dog/);
    }));

  test.runIf(process.platform === 'linux')(
    'that are not UTF-8, or too long, have the true reason, and the scan goes on',
    () =>
      inTemporaryFolder(async (folder) => {
        await putClasses(folder, 'train', ['a', 'b'], 2);
        const bytes = (text: string) => Buffer.concat([Buffer.from(`${folder}/train/`), Buffer.from(text, 'latin1')]);
        await writeFile(bytes('a/bad\xff.jpg'), await pictureOf(0, 1));
        await mkdir(bytes('bad\xffclass'));
        await writeFile(bytes('bad\xffclass/1.jpg'), await pictureOf(0, 2));
        const before = process.cwd();
        process.chdir(join(folder, 'train/a'));
        try {
          for (let level = 0; level < 18; level++) {
            await mkdir('d'.repeat(240));
            process.chdir('d'.repeat(240));
          }
        } finally {
          process.chdir(before);
        }
        const inspection = await inspect(folder);
        // Node cannot remove paths of this length.
        execFileSync('rm', ['-rf', join(folder, 'train/a')]);
        expect(counts(inspection)).toEqual({ train: [2, 2] });
        expect(inspection.rejectKinds.map(({ reason, count }) => [reason.slice(0, 40), count]).sort()).toEqual([
          ['its name has bytes that are not UTF-8: r', 1],
          ['its name has bytes that are not UTF-8: r', 1],
          ['its path is longer than this system open', 1],
        ]);
      }),
  );
});

test('what a failed download leaves is named as what it is, by kind; a placeholder in several classes is said', () =>
  inTemporaryFolder(async (folder) => {
    await putClasses(folder, 'train', ['a', 'b', 'c', 'd'], 3);
    await mkdir(join(folder, 'train/empty'));
    const files: Readonly<Record<string, string>> = {
      zero: '',
      page: '<!DOCTYPE html><html><body>404</body></html>',
      pointer: `version https://git-lfs.github.com/spec/v1\noid sha256:${'0'.repeat(64)}\nsize 12345\n`,
      xml: "<?xml version='1.0'?><Error><Code>AccessDenied</Code></Error>",
      json: '{"error": "rate limited"}',
      blank: '\0'.repeat(600),
    };
    for (const [name, contents] of Object.entries(files))
      for (const copy of [1, 2]) await putFile(folder, `train/a/${name}${copy}.jpg`, contents);
    for (const name of ['a', 'b', 'c', 'd'])
      for (let copy = 0; copy < 5; copy++)
        await putFile(folder, `train/${name}/gone${copy}.jpg`, await pictureOf(9, 9999));
    const inspection = await inspect(folder);
    const kinds = inspection.rejectKinds.filter(({ count }) => count === 2).map(({ reason }) => reason);
    const said = [/empty/, /web page/, /Git LFS pointer/, /XML/, /JSON/, /zero bytes/];
    expect(said.every((words) => kinds.some((reason) => words.test(reason)))).toBe(true);
    expect(kinds).toHaveLength(6);
    expect(inspection.warnings.join('\n')).toMatch(
      /20 files in several classes have the contents of train\/a\/gone0\.jpg/,
    );
    expect(inspection.warnings.join('\n')).toContain('Classes without usable pictures: empty.');
  }));
