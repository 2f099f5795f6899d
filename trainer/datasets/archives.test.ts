/** ImageNet and WebDataset: the same pictures in every layout, lists that do not fit, archives that are cut short. */
import { rm, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { beforeAll, describe, expect, test } from 'vitest';
import { inspectFolder } from '../data/listing/inspect.ts';
import { inTemporaryFolder, matFile, put, randomBytes, tarOf } from '../data/testing/small-datasets.ts';
import type { OpenDataset } from '../recipe.ts';
import { dataset as imagenet } from './imagenet.ts';
import { dataset as webdataset } from './webdataset.ts';
import { spelledOut } from '../data/testing/spelled-out.ts';

const inspect = async (folder: string) =>
  spelledOut(await inspectFolder(folder, null, () => undefined, new AbortController().signal));

/** All samples in order: label and bytes. */
async function samplesOf(opened: OpenDataset) {
  const samples = [];
  for (let index = 0; index < opened.count; index++) {
    const { image, target } = await opened.sample(index);
    const label = target.kind === 'class' ? target.class : null;
    if (image.kind !== 'encoded') throw new Error(`Sample ${index} is not encoded.`);
    samples.push({ label, bytes: Buffer.from(image.bytes).toString('base64') });
  }
  return samples;
}

const synsets = ['n01440764', 'n02119789', 'n03888257'] as const;
/** Classes of the validation pictures 1 to 5. */
const validation = ['n03888257', 'n01440764', 'n01440764', 'n02119789', 'n03888257'] as const;
const numberOf = (index: number) => String(index + 1).padStart(8, '0');
const validationName = (index: number) => `ILSVRC2012_val_${numberOf(index)}`;
/** Name in its class, then bytes. */
const training = new Map<string, readonly (readonly [name: string, bytes: Buffer])[]>();
const pictures: Buffer[] = [];

const jpeg = (name: string) =>
  sharp(randomBytes(12 * 10 * 3, name), { raw: { width: 12, height: 10, channels: 3 } })
    .jpeg()
    .toBuffer();

beforeAll(async () => {
  for (const synset of synsets)
    training.set(
      synset,
      await Promise.all([2, 10, 7].map(async (n) => [`${synset}_${n}.JPEG`, await jpeg(`${synset} ${n}`)] as const)),
    );
  for (const [index] of validation.entries()) pictures.push(await jpeg(`val ${index}`));
});

const putTraining = async (folder: string) => {
  for (const [synset, files] of training)
    for (const [name, bytes] of files) await put(folder, { [`train/${synset}/${name}`]: bytes });
};
const putFlat = async (folder: string) => {
  for (const [index, bytes] of pictures.entries()) await put(folder, { [`val/${validationName(index)}.JPEG`]: bytes });
};
const solution = ['ImageId,PredictionString', ...validation.map((id, i) => `${validationName(i)},${id} 1 2 3 4 `)].join(
  '\n',
);
/** ILSVRC ids, in another order than the WordNet ids. */
const numbered = [
  [1, 'n02119789', 'kit_fox'],
  [2, 'n03888257', 'parachute'],
  [1001, 'n01440764', 'tench'],
] as const;
const groundTruth = validation.map((id) => numbered.find((row) => row[1] === id)![0]).join('\n');

/** A pickle, protocol 2, of (words by WordNet id, WordNet ids of the validation pictures). */
const torchvisionMeta = Buffer.concat([
  Buffer.from('\x80\x02}', 'latin1'),
  ...numbered.flatMap(([, id, words]) => [pickledText(id), pickledText(words), Buffer.from('\x85s', 'latin1')]),
  Buffer.from(']('),
  ...validation.map((id) => pickledText(id)),
  Buffer.from('e\x86.', 'latin1'),
]);

function pickledText(text: string): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32LE(Buffer.byteLength(text));
  return Buffer.concat([Buffer.from('X'), length, Buffer.from(text)]);
}

/** The first entry of an archive as PyTorch writes it: stored, padded by an extra field, its size told behind it. */
function torchArchive(pickle: Buffer): Buffer {
  const [name, extra] = [Buffer.from('archive/data.pkl'), Buffer.alloc(18)];
  const header = Buffer.alloc(30);
  header.writeUInt32LE(0x04034b50);
  header.writeUInt16LE(8, 6);
  header.writeUInt16LE(name.length, 26);
  header.writeUInt16LE(extra.length, 28);
  return Buffer.concat([header, name, extra, pickle, Buffer.from('PK\x07\x08')]);
}

const layouts: Readonly<Record<string, (folder: string) => Promise<void>>> = {
  'class folders': async (folder) => {
    await putTraining(folder);
    for (const [index, bytes] of pictures.entries())
      await put(folder, { [`val/${validation[index]!}/${validationName(index)}.JPEG`]: bytes });
  },
  'a flat val with a list of names': async (folder) => {
    await putTraining(folder);
    await putFlat(folder);
    await put(folder, { 'val.txt': validation.map((id, i) => `${validationName(i)}.JPEG ${id}`).join('\n') });
  },
  'a flat val with ILSVRC ids': async (folder) => {
    await putTraining(folder);
    await putFlat(folder);
    await put(folder, {
      'ILSVRC2012_validation_ground_truth.txt': groundTruth,
      'map_clsloc.txt': numbered.map(([number, id, words]) => `${id} ${number} ${words}`).join('\n'),
    });
  },
  "a flat val with torchvision's meta.bin": async (folder) => {
    await putTraining(folder);
    await putFlat(folder);
    await put(folder, { 'meta.bin': torchArchive(torchvisionMeta) });
  },
  "a flat val with torchvision's meta.bin from before PyTorch 1.6": async (folder) => {
    await putTraining(folder);
    await putFlat(folder);
    const about = ['L1', 'L1001', 'N'].map((each) => Buffer.from(each === 'N' ? 'N.' : `${each}L\n.`));
    await put(folder, { 'meta.bin': Buffer.concat([...about, torchvisionMeta]) });
  },
  "Kaggle's folders": async (folder) => {
    await putTraining(join(folder, 'ILSVRC/Data/CLS-LOC'));
    await putFlat(join(folder, 'ILSVRC/Data/CLS-LOC'));
    await put(folder, {
      'LOC_val_solution.csv': solution,
      'ILSVRC/Data/CLS-LOC/test/ILSVRC2012_test_00000001.JPEG': '',
    });
  },
  'the archives and the development kit': async (folder) => {
    const classes = [...training].map(([synset, files]) => ({
      name: `${synset}.tar`,
      contents: tarOf(files.map(([name, contents]) => ({ name, contents }))),
    }));
    await put(folder, {
      'ILSVRC2012_img_train.tar': tarOf(classes),
      'ILSVRC2012_img_val.tar': tarOf(
        pictures.map((contents, index) => ({ name: `${validationName(index)}.JPEG`, contents })),
      ),
      'ILSVRC2012_devkit_t12/data/ILSVRC2012_validation_ground_truth.txt': `${groundTruth}\n`,
      'ILSVRC2012_devkit_t12/data/meta.mat': matFile('synsets', ['ILSVRC2012_ID', 'WNID', 'words'], numbered, true),
    });
  },
};

describe('ImageNet', () => {
  test.each([
    ['LOC_synset_mapping.txt', 'n01440764 tench, Tinca tinca\nn03888257 parachute, chute\n'],
    ['devkit/data/map_clsloc.txt', 'n01440764 1 tench\nno line of one\nn03888257 701 parachute\n'],
    [
      'ILSVRC2012_devkit_t12/data/meta.mat',
      matFile(
        'synsets',
        ['WNID', 'words'],
        [
          ['n01440764', 'tench, Tinca tinca'],
          ['n03888257', 'parachute, chute'],
        ],
        true,
      ),
    ],
  ])('classes are called by the words of %s, and by their ids where it has none', (list, contents) =>
    inTemporaryFolder(async (folder) => {
      await putTraining(folder);
      await put(folder, { [list]: contents });
      const { classes } = await imagenet.open(folder, 'train');
      expect(classes).toEqual(['tench (n01440764)', 'n02119789', 'parachute (n03888257)']);
    }),
  );
  test('a list of words that cannot be read costs the words', () =>
    inTemporaryFolder(async (folder) => {
      await putTraining(folder);
      await put(folder, { 'meta.mat': 'no table' });
      expect((await imagenet.open(folder, 'train')).classes).toEqual(synsets);
    }));
  test.each(Object.entries(layouts))('holds the same as %s', (_layout, lay) =>
    inTemporaryFolder(async (folder) => {
      await lay(folder);
      const inspection = await inspect(folder);
      expect(inspection).toMatchObject({
        dataset: 'imagenet',
        title: 'ImageNet, 3 classes',
        contents: 'checked',
        rejects: [],
        smallest: [12, 10],
      });
      // With a word where a list has one.
      expect(inspection.classes.map((name) => /n\d{8}/.exec(name)?.[0])).toEqual(synsets);
      expect(inspection.splits).toEqual([
        { split: 'train', images: 9, perClass: [3, 3, 3] },
        { split: 'val', images: 5, perClass: [2, 1, 2] },
      ]);
      const train = await imagenet.open(folder, 'train');
      // By code units: 10 before 2 before 7.
      const sorted = synsets.flatMap((synset, label) =>
        [1, 0, 2].map((place) => ({ label, bytes: training.get(synset)![place]![1].toString('base64') })),
      );
      expect(await samplesOf(train)).toEqual(sorted);
      const val = await samplesOf(await imagenet.open(folder, 'val'));
      const expected = pictures.map((bytes, index) => ({
        label: synsets.indexOf(validation[index]!),
        bytes: bytes.toString('base64'),
      }));
      expect(val).toEqual(expect.arrayContaining(expected));
      expect(val).toHaveLength(expected.length);
    }),
  );

  test('a picture in an archive is left out by the name an inspection gives it', () =>
    inTemporaryFolder(async (folder) => {
      const bad = { name: 'n01440764.tar', contents: tarOf([{ name: 'n01440764_1.JPEG', contents: 'no picture' }]) };
      const good = { name: 'n02119789.tar', contents: tarOf([{ name: 'n02119789_1.JPEG', contents: pictures[0]! }]) };
      await put(folder, { 'ILSVRC2012_img_train.tar': tarOf([bad, good]) });
      const name = 'ILSVRC2012_img_train.tar/n01440764.tar/n01440764_1.JPEG';
      expect((await inspect(folder)).rejects).toEqual([
        { file: name, reason: 'a text file, not a picture: it begins with "no picture"' },
      ]);
      const opened = await imagenet.open(folder, 'train', { exclude: [name] });
      expect([...(await opened.labels())!]).toEqual([1]);
      await truncate(join(folder, 'ILSVRC2012_img_train.tar'), 3600);
      await expect(opened.sample(0)).rejects.toThrow('n02119789_1.JPEG: its archive is now shorter');
    }));

  test('pictures without a list of their classes are no split, and it is said what is missing', () =>
    inTemporaryFolder(async (folder) => {
      await putTraining(folder);
      await putFlat(folder);
      const reason = /^the list of its image classes is missing: LOC_val_solution.csv or val.txt/;
      const inspection = await inspect(folder);
      expect(inspection.rejects).toEqual([{ file: 'val', reason: expect.stringMatching(reason) as string }]);
      expect(inspection.splits.map(({ split }) => split)).toEqual(['train']);
      await expect(imagenet.open(folder, 'val')).rejects.toThrow(
        'has no split "val". It has: train. val: the list of its image classes is missing',
      );
    }));

  test.each<[what: string, files: Record<string, string>, rejects: readonly [file: string, reason: string][]]>([
    [
      'numbers in place of WordNet ids',
      { 'val.txt': `${validationName(0)}.JPEG 65\n` },
      [['val.txt', `"${validationName(0)}.JPEG 65" is not the name of a validation image with a WordNet id`]],
    ],
    [
      'a list of synsets without numbers',
      { 'synsets.txt': 'n01440764 tench, Tinca tinca\n', 'ILSVRC2012_validation_ground_truth.txt': groundTruth },
      [['synsets.txt', '"n01440764 tench, Tinca tinca" is not an ILSVRC id with a WordNet id']],
    ],
    [
      'an id that no synset has',
      { 'synsets.txt': '1 n01440764\n', 'ILSVRC2012_validation_ground_truth.txt': '1\n2\n' },
      [['ILSVRC2012_validation_ground_truth.txt', '"2" in line 2 is not a known ILSVRC id']],
    ],
  ])('a list with %s is refused by name, not guessed at', (_what, files, rejects) =>
    inTemporaryFolder(async (folder) => {
      await putTraining(folder);
      await putFlat(folder);
      await put(folder, files);
      const inspection = await inspect(folder);
      const expected = rejects.map(([file, reason]) => ({ file, reason }));
      expect(inspection.rejects).toEqual([...expected, expect.objectContaining({ file: 'val' }) as unknown]);
    }),
  );

  test('a picture the list does not have, and archives with strangers or an early end, are told one by one', () =>
    inTemporaryFolder(async (folder) => {
      const cut = tarOf([{ name: 'n02119789_1.JPEG', contents: pictures[1]! }]).subarray(0, 700);
      await put(folder, {
        'ILSVRC2012_img_train.tar': tarOf([
          { name: 'n01440764.tar', contents: tarOf([{ name: 'n01440764_1.JPEG', contents: pictures[0]! }]) },
          { name: 'n02119789.tar', contents: cut },
          { name: 'readme.txt', contents: 'hello' },
        ]),
        'LOC_val_solution.csv': solution,
        'val/ILSVRC2012_val_00000099.JPEG': pictures[2]!,
        [`val/${validationName(1)}.JPEG`]: pictures[3]!,
      });
      const inspection = await inspect(folder);
      const archive = 'ILSVRC2012_img_train.tar';
      expect(inspection.rejects).toEqual([
        { file: `${archive}/n02119789.tar`, reason: expect.stringContaining('truncated, or a false size') as string },
        { file: `${archive}/readme.txt`, reason: 'not a class archive, which is named n########.tar' },
        { file: 'val/ILSVRC2012_val_00000099.JPEG', reason: 'not listed in LOC_val_solution.csv' },
      ]);
      expect(inspection.splits).toEqual([
        { split: 'train', images: 1, perClass: [1, 0] },
        { split: 'val', images: 1, perClass: [1, 0] },
      ]);
    }));
});

describe('WebDataset', () => {
  const sample = (key: string, label: string | null, picture: number) => [
    ...(label === null ? [] : [{ name: `${key}.cls`, contents: label }]),
    { name: `${key}.JPG`, contents: pictures[picture]! },
    { name: `${key}.json`, contents: '{}' },
  ];

  test('groups members by key, takes labels from .cls and splits from names', () =>
    inTemporaryFolder(async (folder) => {
      await put(folder, {
        'set-train-000001.tar': tarOf([...sample('b.v2/0003', '1\n', 2)]),
        'set-train-000000.tar': tarOf([...sample('0001', '10', 0), ...sample('0002', '0', 1), { name: 'note.txt' }]),
        'val/000000.tar': tarOf(sample('./0001', '1', 3)),
      });
      const inspection = await inspect(folder);
      expect(inspection).toMatchObject({ dataset: 'webdataset', rejects: [], contents: 'checked' });
      expect(inspection.found).toContain('1 sample without a picture, ignored');
      expect(inspection.classes).toEqual(Array.from({ length: 11 }, (_, label) => String(label)));
      expect(inspection.splits.map(({ split, images }) => [split, images])).toEqual([
        ['train', 3],
        ['val', 1],
      ]);
      const opened = await webdataset.open(folder, 'train');
      expect(await samplesOf(opened)).toEqual(
        [10, 0, 1].map((label, index) => ({ label, bytes: pictures[index]!.toString('base64') })),
      );
      expect((await opened.sample(2)).name).toBe('set-train-000001.tar/b.v2/0003.JPG');
    }));

  test('without .cls is unlabelled', () =>
    inTemporaryFolder(async (folder) => {
      await put(folder, { '0.tar': tarOf([...sample('1', null, 0), ...sample('2', null, 1)]) });
      expect((await inspect(folder)).splits).toEqual([{ split: 'train', images: 2, perClass: [] }]);
      expect(await (await webdataset.open(folder, 'train')).labels()).toBe(null);
    }));

  test('says which samples cannot be used, and goes on with the next shard after one that is cut short', () =>
    inTemporaryFolder(async (folder) => {
      await put(folder, {
        '0.tar': tarOf([
          ...sample('1', '0', 0),
          ...sample('2', 'cat', 1),
          ...sample('3', '99999999', 1),
          ...sample('4', '1'.repeat(65), 1),
          ...sample('5', null, 1),
        ]),
        '1.tar': tarOf(sample('6', '1', 2)).subarray(0, 512 + 512 + 600),
        '2.tar': tarOf(sample('7', '1', 3)),
      });
      const inspection = await inspect(folder);
      expect(inspection.rejects).toEqual([
        { file: '0.tar/2.JPG', reason: '2.cls contains "cat", which is not a class number' },
        { file: '0.tar/3.JPG', reason: '3.cls contains "99999999", which is not a class number' },
        { file: '0.tar/4.JPG', reason: 'it has 65 bytes where at most 64 are expected' },
        { file: '1.tar', reason: expect.stringContaining('truncated') as string },
        { file: '0.tar/5.JPG', reason: 'its .cls is missing, unlike for others' },
      ]);
      expect(inspection.splits).toEqual([{ split: 'train', images: 2, perClass: [1, 1] }]);
    }));

  test('folders and files with the names of the other are passed over', () =>
    inTemporaryFolder(async (folder) => {
      await put(folder, {
        '0.tar': tarOf(sample('1', '0', 0)),
        val: 'a file',
        test: 'a file',
        '1.tar/note.txt': 'a folder',
      });
      expect((await inspect(folder)).splits).toEqual([{ split: 'train', images: 1, perClass: [1] }]);
    }));

  test('archives of anything else are no shards', () =>
    inTemporaryFolder(async (folder) => {
      await put(folder, { 'source.tar': tarOf([{ name: 'main.c', contents: 'int main' }]), 'b.tar': 'no archive' });
      expect((await inspect(folder)).dataset).toBe(null);
      await rm(join(folder, 'source.tar'));
      expect((await inspect(folder)).dataset).toBe(null);
    }));
});
