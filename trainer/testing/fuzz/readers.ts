/**
 * Every reader of other people's files, for the fuzzing that all of them must pass (`fuzz.test.ts`): small valid files, and how
 * one is read. A reader that is added without an entry here fails `fuzz.test.ts`.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { buffer } from 'node:stream/consumers';
import sharp from 'sharp';
import yazl from 'yazl';
import { filesIn } from '../../data/formats/archive.ts';
import { classNames, openBatch, readArchive, type Layout } from '../../data/formats/cifar-files.ts';
import { idxItems, openIdxImages, readIdxHeader, readIdxLabels } from '../../data/formats/idx-file.ts';
import { readMatArrays, readMatTable } from '../../data/formats/mat-file.ts';
import { ParquetBytes } from '../../data/formats/parquet-bytes.ts';
import { unpacked, valueIn } from '../../data/formats/parquet-pages.ts';
import { imageColumnOf, openParquet } from '../../data/formats/parquet.ts';
import { openRecords, readNames } from '../../data/formats/record-file.ts';
import { openTar } from '../../data/formats/tar.ts';
import { readTorchObject } from '../../data/formats/torch-object.ts';
import { packedKit } from '../../data/listing/packed-kit.ts';
import { rowsIn } from '../../data/listing/list-rows.ts';
import { decode } from '../../data/pixels/decode.ts';
import { startRejects } from '../../data/rejects.ts';
import { inflated, readPictures } from '../../data/testing/golden-pictures.ts';
import { idxImages, idxLabels, matArrays, matFile, tarOf } from '../../data/testing/small-datasets.ts';
import { readCocoCategories, readCocoJson } from '../../detection/annotations/coco-json.ts';
import { dataset as inaturalist } from '../../datasets/inaturalist18.ts';
import { readVocXml } from '../../detection/annotations/voc-xml.ts';
import { compressRuns } from '../../detection/masks/compressed-runs.ts';
import { readCocoResults } from '../../detection/results/coco-results.ts';
import { readVocResults } from '../../detection/results/voc-results.ts';
import { sha256 } from '../../durable/files.ts';
import type { Wheel } from '../../protocol/wheels.ts';
import { readWeights, validFiles } from '../../weights/testing/damage.ts';
import { unpackWheel } from '../../wheels/unpack-wheel.ts';
import { archiveOf, batchOf, binaryBatch, pickledBatch, pickledNames } from '../field/cifar-files.ts';
import { cocoJson, vocXml } from '../field/objects.ts';

export interface FuzzedReader {
  readonly name: string;
  /** Modules that read, relative to the trainer's folder. */
  readonly modules: readonly string[];
  /** Name of the file that is read, in a folder of its own. */
  readonly file: string;
  /** Valid files, none of them long. */
  readonly valid: () => Promise<readonly Buffer[]> | readonly Buffer[];
  /** May return a promise. */
  readonly read: (path: string, bytes: Buffer) => unknown;
}

const trainer = join(import.meta.dirname, '../..');
const golden = (name: string): string => join(trainer, 'data/golden', name);
const texts = (...all: readonly string[]): readonly Buffer[] => all.map((text) => Buffer.from(text));
const unpaced = { due: () => false, next: () => Promise.resolve() };
/** Values that are looked at in one file. */
const mostSeen = 100;

/** Takes what a generator yields, up to a number. */
function seen<T>(values: Iterable<T>): T[] {
  const taken: T[] = [];
  for (const value of values) if (taken.push(value) === mostSeen) break;
  return taken;
}

function readParquet(path: string): void {
  const [file, bytes] = [openParquet(path), new ParquetBytes(path)];
  try {
    for (const [column, { type }] of file.leaves) if (type !== null) file.values(column);
    const column = imageColumnOf(file.leaves);
    if (column === null) return;
    for (const { offset, pageBytes, row } of seen(file.places(column)))
      valueIn(unpacked(bytes.read(offset, pageBytes), file.leaves.get(column)!), row);
  } finally {
    file.close();
    bytes.close();
  }
}

const pictures = readPictures(golden('pictures.json'));

async function jpegs(): Promise<readonly Buffer[]> {
  const image = sharp({ create: { width: 48, height: 32, channels: 3, background: '#c84' } });
  const encode = (options: Parameters<typeof image.jpeg>[0]) => image.clone().jpeg(options).toBuffer();
  return [await encode({}), await encode({ progressive: true }), await encode({ chromaSubsampling: '4:4:4' })];
}

const readPicture = (_path: string, bytes: Buffer) => decode({ kind: 'encoded', bytes }, 3);

/** An archive of small files with a long name, and one that is another archive. */
const tars = (): readonly Buffer[] => {
  const inner = tarOf([{ name: 'n01440764_1.JPEG', contents: 'a picture' }]);
  return [
    tarOf([
      { name: 'train/', type: '5' },
      { name: `${'long/'.repeat(25)}name.jpg`, contents: 'x'.repeat(600) },
      { name: 'n01440764.tar', contents: inner },
    ]),
    tarOf([
      { name: 'PaxHeader', type: 'x', contents: '21 path=pax/name.jpg\n' },
      { name: 'short', contents: 'y' },
    ]),
  ];
};

function readTar(path: string): void {
  const tar = openTar(path);
  try {
    const rejects = startRejects();
    for (const member of seen(tar.members(rejects, 'a.tar')))
      if (member.name.endsWith('.tar')) seen(tar.members(rejects, member.name, member));
  } finally {
    tar.close();
  }
}

async function readWholeArchive(path: string): Promise<void> {
  let count = 0;
  for await (const file of filesIn(path, startRejects(), 'a')) {
    await file.contents();
    if (++count === mostSeen) break;
  }
}

async function readIdx(path: string): Promise<void> {
  const header = await readIdxHeader(path, 'images');
  let count = 0;
  for await (const { length } of idxItems(path, 'images', header)) if (length === 0 || ++count === mostSeen) break;
  const images = openIdxImages(path, header);
  await images.image(0);
  images.close();
}

const cifar = [2, 3].flatMap((version) => {
  const python = version as 2 | 3;
  const batch = pickledBatch(python, batchOf('fuzz', 2, 10), 'labels', python === 3);
  return [{ batch, names: pickledNames(python, 'label_names', ['a', 'b']) }];
});

const pickles: Omit<Layout, 'contents'> = {
  version: {
    title: 'CIFAR-10',
    classes: 10,
    labelBytes: 1,
    namesFile: 'batches.meta',
    splits: [],
    keys: { labels: 'labels', names: 'label_names' },
  },
  splits: [],
};

async function readPickledBatch(path: string): Promise<void> {
  const folder = dirname(path);
  const batch = await openBatch(folder, { ...pickles, contents: null }, 'data_batch_1');
  batch.close();
}

const objects = [{ name: 'cat', box: [1, 1, 20, 20] }] as unknown as Parameters<typeof vocXml>[0];
const annotation = { image_id: 1, category_id: 1, bbox: [1, 2, 3, 4], area: 12 };
const polygon = { ...annotation, segmentation: [[1, 1, 5, 1, 5, 5]] };
const runs = { ...annotation, iscrowd: 1, segmentation: { size: [30, 40], counts: [100, 20, 1080] } };

const found = { image_id: 1, category_id: 1, score: 0.5 };
const names = { images: new Map([['1', { height: 30, width: 40 }]]), categories: [1, 90] };

export const readers: readonly FuzzedReader[] = [
  {
    name: 'Parquet',
    modules: ['data/formats/parquet-bytes.ts'],
    file: 'train.parquet',
    valid: () =>
      readdirSync(golden(''))
        .filter((name) => name.endsWith('.parquet'))
        .map((name) => readFileSync(golden(name))),
    read: readParquet,
  },
  { name: 'JPEG', modules: ['data/listing/listing.ts'], file: 'a.jpg', valid: jpegs, read: readPicture },
  {
    name: 'other pictures',
    modules: ['data/listing/inspect-listing.ts', 'data/browsing/read-entry.ts'],
    file: 'a.png',
    valid: () => pictures.cases.map(({ deflated }) => inflated(deflated)),
    read: readPicture,
  },
  { name: 'tar', modules: ['data/formats/tar.ts'], file: 'a.tar', valid: tars, read: readTar },
  {
    name: 'archives read from front to end',
    modules: ['data/formats/archive.ts', 'data/formats/gzip.ts'],
    file: 'a.tgz',
    valid: () => tars().flatMap((tar) => [tar, gzipSync(tar)]),
    read: readWholeArchive,
  },
  {
    name: 'IDX images',
    modules: ['data/formats/idx-file.ts'],
    file: 'train-images-idx3-ubyte',
    valid: () => [idxImages(3, 4, 5, new Uint8Array(60)), idxImages(1, 1, 1, Uint8Array.of(7))],
    read: readIdx,
  },
  {
    name: 'IDX images with gzip',
    modules: ['data/formats/idx-file.ts'],
    file: 'train-images-idx3-ubyte.gz',
    valid: () => [gzipSync(idxImages(3, 4, 5, new Uint8Array(60)))],
    read: readIdx,
  },
  {
    name: 'IDX labels',
    modules: ['data/formats/idx-file.ts'],
    file: 'train-labels-idx1-ubyte',
    valid: () => [idxLabels(Uint8Array.of(1, 2, 3))],
    read: (path) => readIdxLabels(path),
  },
  {
    name: 'MATLAB tables',
    modules: ['data/listing/packed-kit.ts'],
    file: 'meta.mat',
    valid: () =>
      [true, false].map((packs) =>
        matFile(
          'synsets',
          ['ILSVRC2012_ID', 'WNID'],
          [
            [7, 'n01440764'],
            [1860, 'é'],
          ],
          packs,
        ),
      ),
    read: (_path, bytes) => readMatTable(bytes, 'synsets'),
  },
  {
    name: 'MATLAB arrays',
    modules: ['datasets/svhn.ts'],
    file: 'train_32x32.mat',
    valid: () => [
      matArrays({
        X: { dimensions: [2, 2, 3, 2], bytes: new Uint8Array(24) },
        y: { dimensions: [2, 1], bytes: Uint8Array.of(1, 2) },
      }),
    ],
    read: (_path, bytes) => readMatArrays(bytes, 1 << 20),
  },
  {
    name: 'records',
    modules: ['data/formats/record-file.ts', 'datasets/stl10.ts'],
    file: 'data_batch_1.bin',
    valid: () => [binaryBatch(batchOf('fuzz', 2, 10), false)],
    read: async (path) => {
      const file = await openRecords(dirname(path), 'data_batch_1.bin', 3073);
      file.read(0);
      file.close();
    },
  },
  {
    name: 'names of classes',
    modules: ['data/formats/record-file.ts', 'data/formats/small-file.ts'],
    file: 'batches.meta.txt',
    valid: () => texts('airplane\nautomobile\n'),
    read: (path) => readNames(path, 2),
  },
  {
    name: 'pickled batches',
    modules: ['data/formats/cifar-files.ts'],
    file: 'data_batch_1',
    valid: () => cifar.map(({ batch }) => batch),
    read: readPickledBatch,
  },
  {
    name: 'pickled names',
    modules: ['data/formats/cifar-files.ts', 'data/formats/small-file.ts'],
    file: 'batches.meta',
    valid: () => cifar.map((each) => each.names),
    read: (path) => classNames(dirname(path), { ...pickles, contents: null }, () => undefined),
  },
  {
    name: 'archives of batches',
    modules: ['data/formats/cifar-files.ts'],
    file: 'cifar-10-python.tar.gz',
    valid: () =>
      cifar.map(({ batch, names: meta }) =>
        archiveOf('cifar-10-batches-py', { data_batch_1: batch, 'batches.meta': meta }),
      ),
    read: (path) => readArchive(path, 'train', startRejects(), () => undefined),
  },
  {
    name: 'objects of torch.save',
    modules: ['data/formats/small-file.ts'],
    file: 'meta.bin',
    valid: () => validFiles().filter((bytes) => bytes.length < 1 << 16),
    read: (_path, bytes) => readTorchObject(bytes),
  },
  {
    name: 'development kit',
    modules: ['data/listing/packed-kit.ts'],
    file: 'ILSVRC2012_devkit_t12.tar.gz',
    valid: () => [gzipSync(tarOf([{ name: 'ILSVRC2012_devkit_t12/readme.txt', contents: 'read me' }]))],
    read: (path) => packedKit(dirname(path), [''], startRejects()),
  },
  {
    name: 'lists as text',
    modules: ['data/formats/lines.ts'],
    file: 'train.csv',
    valid: () => texts('path,label\na/1.jpg,"a, b"\na/2.jpg,c\n', 'a/1.jpg 3\nb/2.jpg 4\n'),
    read: (path) => seen(rowsIn(path)),
  },
  ...['json', 'jsonl'].map((ending): FuzzedReader => ({
    name: `lists as ${ending}`,
    modules: ['data/listing/list-rows.ts', 'data/listing/subset.ts'],
    file: `train.${ending}`,
    valid: () =>
      texts('[{"path":"1.jpg","label":3}]', '{"a":["1.jpg"],"b":["2.jpg"]}', '{"path":"1.jpg","label":"x"}\n'),
    read: (path) => seen(rowsIn(path)),
  })),
  {
    name: "COCO's annotations",
    modules: ['detection/json-elements.ts', 'datasets/coco.ts'],
    file: 'instances_train2017.json',
    valid: () => texts(cocoJson(2, [annotation, polygon, runs])),
    read: async (path) => {
      await readCocoCategories(path, unpaced);
      await readCocoJson(path, unpaced);
    },
  },
  {
    name: 'iNaturalist’s annotations',
    modules: ['data/formats/small-file.ts'],
    file: 'train2018.json',
    valid: () =>
      texts(
        JSON.stringify({
          images: [{ id: 7, file_name: 'train_val2018/Aves/3/a.jpg' }],
          annotations: [{ id: 1, image_id: 7, category_id: 3 }],
          categories: [{ id: 3 }],
        }),
      ),
    read: (path) => inaturalist.inspect(dirname(path), () => undefined, new AbortController().signal),
  },
  {
    name: "PASCAL VOC's annotations",
    modules: ['datasets/voc.ts', 'data/listing/voc-classes.ts'],
    file: '2007_000001.xml',
    valid: () => texts(vocXml(objects), `<?xml version="1.0"?><!-- made -->${vocXml(objects)}`),
    read: (_path, bytes) => readVocXml(bytes),
  },
  {
    name: "COCO's results",
    modules: ['detection/json-elements.ts'],
    file: 'results.json',
    valid: () =>
      texts(
        JSON.stringify([
          { ...found, bbox: [1, 2, 3, 4] },
          { ...found, segmentation: { size: [30, 40], counts: compressRuns([100, 20, 1080]) } },
          { ...found, segmentation: [[1, 1, 5, 1, 5, 5]] },
        ]),
      ),
    read: (path) => readCocoResults(path, names, unpaced),
  },
  {
    name: "PASCAL VOC's results",
    modules: ['data/formats/lines.ts'],
    file: 'comp4_det_test_cat.txt',
    valid: () => texts('2007_000001 0.5 1 2 30 40\n2007_000001 0.25 3 4 5 6\n'),
    read: (path) => readVocResults(dirname(path), new Set(['2007_000001']), ['cat'], unpaced),
  },
  {
    name: 'weights',
    modules: ['weights/file.ts'],
    file: 'weights.pkl',
    valid: () => [...validFiles(), ...safetensors()],
    read: readWeights,
  },
  {
    name: 'wheels',
    modules: ['wheels/unpack-wheel.ts'],
    file: 'tensorflow-1.0-py3-none-any.whl',
    valid: async () => [await wheelOf(true), await wheelOf(false)],
    read: (path) => unpackWheel(path, wheel, join(dirname(path), 'files'), unpaced.next),
  },
];

const library = Buffer.alloc(3000, 'library');
const wheel: Wheel = {
  requirement: 'tensorflow==1.0',
  file: 'tensorflow-1.0-py3-none-any.whl',
  bytes: 1,
  sha256: sha256(''),
  unpackedBytes: library.length,
  files: { 'tensorflow/lib.so': sha256(library) },
  licence: 'own',
};

function wheelOf(compress: boolean): Promise<Buffer> {
  const zip = new yazl.ZipFile();
  zip.addBuffer(Buffer.alloc(500, 'metadata'), 'tensorflow.dist-info/METADATA', { compress });
  zip.addBuffer(library, 'tensorflow/lib.so', { compress });
  zip.end();
  return buffer(zip.outputStream);
}

function safetensors(): readonly Buffer[] {
  const header = JSON.stringify({
    a: { dtype: 'F32', shape: [2, 2], data_offsets: [0, 16] },
    b: { dtype: 'BF16', shape: [3], data_offsets: [16, 22] },
    __metadata__: { format: 'pt' },
  });
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  return [Buffer.concat([length, Buffer.from(header), Buffer.alloc(22, 1)])];
}

/** Reads bytes as a file of the reader's in `folder`. */
export async function readAs({ file, read }: FuzzedReader, folder: string, bytes: Buffer): Promise<void> {
  const path = join(folder, file);
  await mkdir(folder, { recursive: true });
  await writeFile(path, bytes);
  await read(path, bytes);
}
