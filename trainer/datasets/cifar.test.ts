/** CIFAR as it lies on disks: both versions, unpacked, packed, and in the folders of torchvision and Keras. */
import { truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { sha256 } from '../durable/files.ts';
import { inspectFolder } from '../data/listing/inspect.ts';
import { openTrainingLoader } from '../data/loading/loader.ts';
import { newestResizing } from '../protocol/run.ts';
import { inTemporaryFolder, put } from '../data/testing/small-datasets.ts';
import type { OpenDataset } from '../recipe.ts';
import {
  archiveOf,
  batchOf,
  binaryBatch,
  pickledBatch,
  pickledNames,
  type Batch,
  type PythonVersion,
} from '../testing/field/cifar-files.ts';
import { dataset as cifar } from './cifar.ts';
import { spelledOut } from '../data/testing/spelled-out.ts';

type Files = Readonly<Record<string, Uint8Array | string>>;

const inspect = async (path: string) =>
  spelledOut(await inspectFolder(path, null, () => undefined, new AbortController().signal));

const names = 'airplane automobile bird cat deer dog frog horse ship truck'.split(' ');
const fineNames = Array.from({ length: 100 }, (_, label) => `fine ${label}`);
const batches: readonly Batch[] = [1, 2, 3, 4, 5].map((number) => batchOf(`batch ${number}`, 4, 10));
const testBatch = batchOf('test batch', 3, 10);
const [fineTrain, fineTest] = [batchOf('fine train', 6, 100), batchOf('fine test', 2, 100)];

const numbered = (nameOf: (number: number) => string, write: (batch: Batch) => Buffer): Files =>
  Object.fromEntries(batches.map((batch, index) => [nameOf(index + 1), write(batch)]));

const binary: Files = {
  ...numbered(
    (number) => `data_batch_${number}.bin`,
    (batch) => binaryBatch(batch, false),
  ),
  'test_batch.bin': binaryBatch(testBatch, false),
  'batches.meta.txt': `${names.join('\n')}\n\n`,
};
const python = (version: PythonVersion): Files => ({
  ...numbered(
    (number) => `data_batch_${number}`,
    (batch) => pickledBatch(version, batch, 'labels'),
  ),
  test_batch: pickledBatch(version, testBatch, 'labels'),
  'batches.meta': pickledNames(version, 'label_names', names),
  'readme.html': '<html></html>',
});
const fineBinary: Files = {
  'train.bin': binaryBatch(fineTrain, true),
  'test.bin': binaryBatch(fineTest, true),
  'fine_label_names.txt': fineNames.join('\n'),
};
const finePython = (version: PythonVersion): Files => ({
  train: pickledBatch(version, fineTrain, 'fine_labels'),
  test: pickledBatch(version, fineTest, 'fine_labels'),
  meta: pickledNames(version, 'fine_label_names', fineNames),
  'file.txt~': '',
});

const inFolder = (folder: string, files: Files): Files =>
  Object.fromEntries(Object.entries(files).map(([name, contents]) => [`${folder}/${name}`, contents]));

async function samplesOf(opened: OpenDataset) {
  const samples = [];
  for (let index = 0; index < opened.count; index++) {
    const { image, target } = await opened.sample(index);
    if (image.kind !== 'raw' || target.kind !== 'class') throw new Error(`Sample ${index} is not raw with a class.`);
    samples.push({ label: target.class, pixels: Buffer.from(image.pixels).toString('base64') });
  }
  return samples;
}

const expectedOf = (all: readonly Batch[]) =>
  all.flatMap(({ labels, planes }) =>
    labels.map((label, index) => {
      const own = planes.subarray(index * 3072, (index + 1) * 3072);
      const pixels = own.map((_, at) => own[(at % 3) * 1024 + Math.floor(at / 3)]!);
      return { label, pixels: Buffer.from(pixels).toString('base64') };
    }),
  );

/** Files, what is chosen of them, and where the data set is then said to be. */
type Case = readonly [what: string, files: Files, chosen: string, place: string];
const py = 'cifar-10-batches-py';
const bin = 'cifar-10-batches-bin';

describe('CIFAR-10 is the same data', () => {
  test.each<Case>([
    ['the binary version', binary, '', ''],
    ['the folder above it', inFolder(bin, binary), '', bin],
    ["Python 2's version", python(2), '', ''],
    ["Python 3's version", python(3), '', ''],
    [
      "torchvision's root, with the archive beside",
      { ...inFolder(py, python(2)), 'cifar-10-python.tar.gz': archiveOf(py, python(2)) },
      '',
      py,
    ],
    [
      "Keras's cache",
      {
        ...inFolder(`datasets/${py}-target/${py}`, python(2)),
        [`datasets/${py}-target_archive`]: archiveOf(py, python(2)),
      },
      '',
      `datasets/${py}-target/${py}`,
    ],
    [
      'an archive in a folder',
      { 'cifar-10-python.tar.gz': archiveOf(py, python(2)), 'a.txt': '' },
      '',
      'cifar-10-python.tar.gz',
    ],
    [
      'an archive among others',
      {
        'cifar-10-binary.tar.gz': archiveOf(bin, binary),
        'cifar-100-python.tar.gz': archiveOf('cifar-100-python', finePython(2)),
      },
      'cifar-10-binary.tar.gz',
      'cifar-10-binary.tar.gz',
    ],
    ['an archive under another name', { download: archiveOf(py, python(3)) }, 'download', 'download'],
    ['an archive that is not compressed', { 'c.tar': archiveOf(py, python(2), true) }, 'c.tar', 'c.tar'],
    ['a file of the folder', inFolder(py, python(2)), `${py}/data_batch_3`, py],
  ])('as %s', (_what, files, chosen, place) =>
    inTemporaryFolder(async (folder) => {
      await put(folder, files);
      const inspection = await inspect(join(folder, chosen));
      expect(inspection).toMatchObject({
        dataset: 'cifar',
        title: 'CIFAR-10',
        path: join(folder, place),
        classes: names,
        rejects: [],
        smallest: [32, 32],
        leakCount: 0,
      });
      expect(inspection.splits.map(({ split, images }) => [split, images])).toEqual([
        ['train', 20],
        ['test', 3],
      ]);
      const train = await cifar.open(inspection.path, 'train');
      expect(train.classes).toEqual(names);
      expect(await samplesOf(train)).toEqual(expectedOf(batches));
      expect(await samplesOf(await cifar.open(inspection.path, 'test'))).toEqual(expectedOf([testBatch]));
      // Another thread is handed what was unpacked.
      expect(await samplesOf(await cifar.open(inspection.path, 'train', { found: train.found }))).toEqual(
        expectedOf(batches),
      );
      await train.close();
    }),
  );

  test('packed or not, with one fingerprint', () =>
    inTemporaryFolder(async (folder) => {
      await put(folder, { ...inFolder(`unpacked/${bin}`, binary), 'packed/a.tar.gz': archiveOf(bin, binary) });
      const [unpacked, packed] = [await inspect(join(folder, 'unpacked')), await inspect(join(folder, 'packed'))];
      // By which data sets are known that were added before.
      const lines = Object.entries(binary)
        .filter(([name]) => name.endsWith('.bin'))
        .map(([name, contents]) => `"${name}" ${contents.length} ${sha256(contents)}\n`);
      expect(unpacked.fingerprint).toBe(sha256(lines.sort().join('')));
      expect(packed.fingerprint).toBe(unpacked.fingerprint);
      expect(packed.bytes).toBe(unpacked.bytes);
    }));
});

describe('CIFAR-100 is the same data', () => {
  const folderName = 'cifar-100-python';
  test.each<Case>([
    ['the binary version', fineBinary, '', ''],
    ["Python 2's version, from the folder above", inFolder(folderName, finePython(2)), '', folderName],
    ["Python 3's version", finePython(3), '', ''],
    ['the archive of the Python version', { 'a.tgz': archiveOf(folderName, finePython(2)) }, '', 'a.tgz'],
    [
      'the archive of the binary version',
      { 'b.tar.gz': archiveOf('cifar-100-binary', fineBinary) },
      'b.tar.gz',
      'b.tar.gz',
    ],
  ])('as %s', (_what, files, chosen, place) =>
    inTemporaryFolder(async (folder) => {
      await put(folder, files);
      const inspection = await inspect(join(folder, chosen));
      expect(inspection).toMatchObject({
        title: 'CIFAR-100',
        path: join(folder, place),
        classes: fineNames,
        rejects: [],
      });
      const train = await cifar.open(inspection.path, 'train');
      expect(await samplesOf(train)).toEqual(expectedOf([fineTrain]));
      expect(await samplesOf(await cifar.open(inspection.path, 'train', { found: train.found }))).toEqual(
        expectedOf([fineTrain]),
      );
      expect(await samplesOf(await cifar.open(inspection.path, 'test'))).toEqual(expectedOf([fineTest]));
    }),
  );
});

test('of several sets below a folder the person chooses', () =>
  inTemporaryFolder(async (folder) => {
    await put(folder, { ...inFolder(py, python(2)), ...inFolder('cifar-100-python', finePython(2)) });
    const inspection = await inspect(folder);
    expect(inspection.dataset).toBe(null);
    expect(inspection.found).toContain(`2 data sets: ${py}, cifar-100-python. Choose one of them`);
  }));

test('an array whose first axis changes fastest is turned', () =>
  inTemporaryFolder(async (folder) => {
    await put(folder, { data_batch_1: pickledBatch(2, batches[0]!, 'labels', true) });
    expect(await samplesOf(await cifar.open(folder, 'train'))).toEqual(expectedOf([batches[0]!]));
  }));

test('a loader trains on an archive', () =>
  inTemporaryFolder(async (folder) => {
    await put(folder, { 'a.tar.gz': archiveOf(py, python(2)) });
    const loader = await openTrainingLoader({
      data: { dataset: 'cifar', path: join(folder, 'a.tar.gz'), split: 'train' },
      views: [],
      normalization: { mean: [0, 0, 0], std: [1, 1, 1] },
      resizing: newestResizing,
      seed: 1,
      batch: 20,
      dropLast: true,
      fromStep: 0,
      workers: 0,
    });
    const { batch } = await loader.next();
    const labels = batches.flatMap((each) => each.labels);
    expect([...(batch.targets.label!.values as Int32Array)]).toEqual([...batch.index].map((index) => labels[index]));
    await loader.close();
  }));

describe('what cannot be read', () => {
  const calling = Buffer.from('\x80\x02cos\nsystem\nU\x02ls\x85R.', 'latin1');
  test.each<[what: string, file: Uint8Array, reason: string]>([
    ['that calls a function', calling, 'not a pickled batch that can be read: '],
    ['that is empty', Buffer.alloc(0), 'the file is empty (0 bytes)'],
    ['that ends early', pickledBatch(2, batches[1]!, 'labels').subarray(0, 5000), 'it ends in the middle of a value'],
    [
      'with a label that is none',
      pickledBatch(2, { ...batches[1]!, labels: [0, 1, 10, 2] }, 'labels'),
      'record 2 has label 10',
    ],
    ['with too few labels', pickledBatch(2, { ...batches[1]!, labels: [0, 1] }, 'labels'), 'do not fill 2 x 3072'],
    ['without labels', pickledBatch(2, batches[1]!, 'other'), 'it has no "labels"'],
    ['with names in place of images', pickledNames(2, 'label_names', names), 'it has no "data"'],
  ])('a batch %s is named', (_what, contents, reason) =>
    inTemporaryFolder(async (folder) => {
      await put(folder, { ...python(2), data_batch_2: contents });
      const inspection = await inspect(folder);
      expect(inspection.rejects).toEqual([{ file: 'data_batch_2', reason: expect.stringContaining(reason) as string }]);
      expect(inspection.splits[0]).toMatchObject({ split: 'train', images: 16 });
      await expect(cifar.open(folder, 'train')).rejects.toThrow(join(folder, 'data_batch_2'));
    }),
  );

  test.each(['a.tar.gz', 'a.tar'])('an archive cut short, %s, is named and nothing of it is used', (name) =>
    inTemporaryFolder(async (folder) => {
      const whole = archiveOf(py, python(2), name === 'a.tar');
      await put(folder, { [name]: whole });
      await truncate(join(folder, name), Math.floor(whole.length * 0.7));
      const inspection = await inspect(join(folder, name));
      expect(inspection).toMatchObject({ dataset: null, rejectCount: 1 });
      expect(inspection.rejects[0]).toMatchObject({
        file: name,
        reason: expect.stringContaining('truncated') as string,
      });
      await expect(cifar.open(join(folder, name), 'train')).rejects.toMatchObject({
        fault: { code: 'unreadable-file' },
      });
    }),
  );

  test('damaged names of classes cost the names', () =>
    inTemporaryFolder(async (folder) => {
      await put(folder, { ...python(2), 'batches.meta': 'no pickle' });
      const inspection = await inspect(folder);
      expect(inspection.rejects.map(({ file }) => file)).toEqual(['batches.meta']);
      expect(inspection.classes).toEqual(names.map((_, label) => String(label)));
      expect(inspection.splits[0]).toMatchObject({ images: 20 });
    }));

  test('another archive stands for its folder', () =>
    inTemporaryFolder(async (folder) => {
      await put(folder, { 'a.tar.gz': archiveOf('notes', { 'readme.txt': 'hello' }), ...binary });
      expect((await inspect(join(folder, 'a.tar.gz'))).path).toBe(folder);
    }));
});

test('reading an archive can be cancelled, and tells how far it is', () =>
  inTemporaryFolder(async (folder) => {
    const large = batchOf('large', 1500, 10);
    await put(folder, { 'a.tar': archiveOf(bin, { 'data_batch_1.bin': binaryBatch(large, false) }, true) });
    const shares: number[] = [];
    const tell = (done: number, total: number | null) => void shares.push(done / total!);
    await inspectFolder(join(folder, 'a.tar'), null, tell, new AbortController().signal);
    expect(shares.length).toBeGreaterThan(1);
    expect([...shares].sort((a, b) => a - b)).toEqual(shares);
    expect(shares.at(-1)).toBeLessThanOrEqual(1);
    const cancelled = new AbortController();
    const stop = () => cancelled.abort();
    await expect(inspectFolder(join(folder, 'a.tar'), null, stop, cancelled.signal)).rejects.toMatchObject({
      fault: { code: 'cancelled' },
    });
  }));
