/** A folder above a data set stands for it: the roots that torchvision and others download to. */
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import sharp from 'sharp';
import { expect, test } from 'vitest';
import { idxImages, idxLabels, inTemporaryFolder, matArrays, put, randomBytes } from '../testing/small-datasets.ts';
import { inspectFolder } from './inspect.ts';
import { reader } from './readers.ts';
import { spelledOut } from '../testing/spelled-out.ts';

type Files = Readonly<Record<string, Uint8Array | string>>;

const inspect = async (path: string) =>
  spelledOut(await inspectFolder(path, null, () => undefined, new AbortController().signal));
const inFolder = (folder: string, files: Files): Files =>
  Object.fromEntries(Object.entries(files).map(([name, contents]) => [`${folder}/${name}`, contents]));

const jpeg = (name: string) =>
  sharp(randomBytes(10 * 8 * 3, name), { raw: { width: 10, height: 8, channels: 3 } })
    .jpeg()
    .toBuffer();

function mnist(prefix: string, isZipped: boolean): Files {
  const files: Record<string, Uint8Array> = {};
  for (const part of ['train', 't10k']) {
    files[`${prefix}${part}-images-idx3-ubyte`] = idxImages(4, 5, 5, randomBytes(100, part));
    files[`${prefix}${part}-labels-idx1-ubyte`] = idxLabels(Uint8Array.of(0, 1, 2, 0));
  }
  if (!isZipped) return files;
  return Object.fromEntries(Object.entries(files).map(([name, bytes]) => [`${name}.gz`, gzipSync(bytes)]));
}

/** Rows of eight numbers of 32 bits, of which the first is the class. */
function qmnistLabels(labels: readonly number[]): Buffer {
  const bytes = Buffer.alloc(12 + 32 * labels.length);
  bytes.writeUInt32BE(0x0c02, 0);
  bytes.writeUInt32BE(labels.length, 4);
  bytes.writeUInt32BE(8, 8);
  labels.forEach((label, index) => {
    bytes.writeInt32BE(label, 12 + 32 * index);
    bytes.writeInt32BE(4711, 12 + 32 * index + 4);
  });
  return bytes;
}

const qmnist: Files = {
  'qmnist-train-images-idx3-ubyte.gz': gzipSync(idxImages(3, 5, 5, randomBytes(75, 'train'))),
  'qmnist-train-labels-idx2-int.gz': gzipSync(qmnistLabels([2, 0, 1])),
  'qmnist-test-images-idx3-ubyte': idxImages(2, 5, 5, randomBytes(50, 'test')),
  'qmnist-test-labels-idx2-int': qmnistLabels([1, 1]),
};

const stl10: Files = {
  'train_X.bin': randomBytes(2 * 27_648, 'train'),
  'train_y.bin': Uint8Array.of(1, 10),
  'unlabeled_X.bin': randomBytes(27_648, 'unlabeled'),
  'fold_indices.txt': '0 1\n',
};

const svhn: Files = {
  'train_32x32.mat': matArrays({
    X: { dimensions: [32, 32, 3, 2], bytes: randomBytes(2 * 3072, 'X') },
    y: { dimensions: [2, 1], bytes: Uint8Array.of(10, 3) },
  }),
};

async function voc(): Promise<Files> {
  return {
    'JPEGImages/000001.jpg': await jpeg('1'),
    'JPEGImages/000002.jpg': await jpeg('2'),
    'ImageSets/Main/trainval.txt': '000001\n000002\n',
    'ImageSets/Main/cat_trainval.txt': '000001  1\n000002 -1\n',
    'Annotations/000001.xml': '<annotation/>',
  };
}

async function imagenet(): Promise<Files> {
  const [ids, files] = [['n01440764', 'n02119789'], {} as Record<string, Uint8Array | string>];
  for (const split of ['train', 'val'])
    for (const id of ids) files[`${split}/${id}/${id}_1.JPEG`] = await jpeg(`${split} ${id}`);
  return { ...files, 'meta.bin': Buffer.of(0x50, 0x4b, 3, 4), 'ILSVRC2012_devkit_t12.tar.gz': gzipSync('') };
}

test.each<[dataset: string, place: string, files: () => Files | Promise<Files>, splits: readonly [string, number][]]>([
  [
    'idx',
    'MNIST/raw',
    () => ({ ...mnist('', false), ...mnist('', true) }),
    [
      ['train', 4],
      ['test', 4],
    ],
  ],
  [
    'idx',
    'data/FashionMNIST/raw',
    () => mnist('', true),
    [
      ['train', 4],
      ['test', 4],
    ],
  ],
  [
    'idx',
    'KMNIST/raw',
    () => mnist('', false),
    [
      ['train', 4],
      ['test', 4],
    ],
  ],
  [
    'idx',
    'EMNIST/raw',
    () => ({ ...mnist('emnist-letters-', false), ...mnist('emnist-digits-', true) }),
    [
      ['letters-train', 4],
      ['letters-test', 4],
      ['digits-train', 4],
      ['digits-test', 4],
    ],
  ],
  [
    'idx',
    'QMNIST/raw',
    () => qmnist,
    [
      ['train', 3],
      ['test', 2],
    ],
  ],
  [
    'stl10',
    'stl10_binary',
    () => stl10,
    [
      ['train', 2],
      ['unlabeled', 1],
    ],
  ],
  ['svhn', 'svhn', () => svhn, [['train', 2]]],
  ['voc', 'a/data', async () => inFolder('VOCdevkit/VOC2007', await voc()), [['trainval', 2]]],
  ['voc', 'VOC/TrainVal', async () => inFolder('VOCdevkit/VOC2011', await voc()), [['trainval', 2]]],
  [
    'imagenet',
    'data/imagenet',
    imagenet,
    [
      ['train', 2],
      ['val', 2],
    ],
  ],
])('%s is found in %s, from there and from above', (dataset, place, files, splits) =>
  inTemporaryFolder(async (folder) => {
    await put(folder, inFolder(place, await files()));
    await put(folder, { 'readme.txt': 'downloads', '.cache/notes.txt': 'hidden' });
    const [there, above] = [await inspect(join(folder, place)), await inspect(folder)];
    expect(above).toMatchObject({ dataset, rejects: [] });
    // ImageNet's reader looks below the folder itself.
    if (dataset === 'imagenet') expect(above.path).toBe(folder);
    else expect(above).toMatchObject({ path: join(folder, place), fingerprint: there.fingerprint });
    expect(above.splits.map(({ split, images }) => [split, images]).sort()).toEqual([...splits].sort());
    const opened = await reader(dataset).open(above.path, splits[0]![0]);
    expect(opened.count).toBe(splits[0]![1]);
    await opened.close();
  }),
);

test("QMNIST's classes are the first of their numbers", () =>
  inTemporaryFolder(async (folder) => {
    await put(folder, qmnist);
    expect([...(await (await reader('idx').open(folder, 'train')).labels())!]).toEqual([2, 0, 1]);
    expect((await inspect(folder)).splits).toEqual([
      { split: 'train', images: 3, perClass: [1, 1, 1] },
      { split: 'test', images: 2, perClass: [0, 2, 0] },
    ]);
    await put(folder, { 'qmnist-test-labels-idx2-int': qmnistLabels([1, 256]) });
    expect((await inspect(folder)).rejects).toEqual([
      { file: 'qmnist-test-labels-idx2-int', reason: 'label 1 is 256; only 0 to 255 are read' },
    ]);
  }));

test('several below are named, and the person chooses', () =>
  inTemporaryFolder(async (folder) => {
    await put(folder, { ...inFolder('MNIST/raw', mnist('', false)), ...inFolder('stl10_binary', stl10) });
    const inspection = await inspect(folder);
    expect(inspection.dataset).toBe(null);
    expect(inspection.found).toContain('2 data sets: stl10_binary, MNIST/raw. Choose one of them');
  }));

test('a folder with pictures of its own stays what it is', () =>
  inTemporaryFolder(async (folder) => {
    for (const name of ['cat', 'dog']) await put(folder, { [`${name}/1.jpg`]: await jpeg(name) });
    await put(folder, inFolder('extra/raw', mnist('', false)));
    expect(await inspect(folder)).toMatchObject({ dataset: 'image-folder', path: folder });
  }));

test('what lies too deep, or nowhere, is said to be missing', () =>
  inTemporaryFolder(async (folder) => {
    await put(folder, inFolder('a/b/c/d/e/f', mnist('', false)));
    expect(await inspect(folder)).toMatchObject({ dataset: null, found: ['1 folder, 0 files: a/'] });
  }));
