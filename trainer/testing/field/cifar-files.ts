/**
 * CIFAR in small, in the layouts in which it lies on disks: records of the binary version, and pickles as Python 2 wrote
 * them (protocol 2, texts as bytes) and as Python 3 writes them for Python 2 (bytes as encoded text).
 */
import { gzipSync } from 'node:zlib';
import { randomBytes, tarOf } from '../../data/testing/small-datasets.ts';

export interface Batch {
  readonly labels: readonly number[];
  /** 3072 bytes an image, planes one after the other. */
  readonly planes: Uint8Array;
}

export type PythonVersion = 2 | 3;

export const batchOf = (name: string, count: number, classes: number): Batch => ({
  labels: [...randomBytes(count, `${name} labels`)].map((byte) => byte % classes),
  planes: randomBytes(count * 3072, name),
});

/** Records of the binary version; the coarse label, which nothing reads, is 7. */
export function binaryBatch({ labels, planes }: Batch, hasCoarse: boolean): Buffer {
  return Buffer.concat(
    labels.flatMap((label, index) => [
      Buffer.from(hasCoarse ? [7, label] : [label]),
      planes.subarray(index * 3072, (index + 1) * 3072),
    ]),
  );
}

/** An operation with a number: a length, or in two's complement a whole number. */
const sized = (code: string, length: number): Buffer => {
  const bytes = Buffer.alloc(5);
  bytes.write(code, 'latin1');
  bytes.writeUInt32LE(length >>> 0, 1);
  return bytes;
};
const code = (text: string): Buffer => Buffer.from(text, 'latin1');
const unicode = (text: string): Buffer => {
  const bytes = Buffer.from(text, 'utf8');
  return Buffer.concat([sized('X', bytes.length), bytes]);
};

/** Operations that push bytes. */
function bytesIn(version: PythonVersion, bytes: Uint8Array): Buffer {
  if (version === 2) return Buffer.concat([sized('T', bytes.length), bytes]);
  const text = Buffer.from(bytes).toString('latin1');
  return Buffer.concat([code('c_codecs\nencode\n'), unicode(text), unicode('latin1'), code('\x86R')]);
}
const textIn = (version: PythonVersion, text: string): Buffer => bytesIn(version, Buffer.from(text));

const integer = (value: number): Buffer => sized('J', value);
const list = (items: readonly Buffer[]): Buffer => Buffer.concat([code(']('), ...items, code('e')]);

/** Python's `numpy.ndarray.__reduce__`, then its state: version, shape, type, order, bytes. */
function arrayIn(
  version: PythonVersion,
  shape: readonly [number, number],
  bytes: Uint8Array,
  byColumns: boolean,
): Buffer {
  const core = version === 2 ? 'numpy.core' : 'numpy._core';
  const type = version === 2 ? textIn(2, 'u1') : unicode('u1');
  const order = version === 2 ? textIn(2, '|') : unicode('|');
  return Buffer.concat([
    code(`c${core}.multiarray\n_reconstruct\ncnumpy\nndarray\nK\0\x85`),
    textIn(version, 'b'),
    code('\x87R(K\x01'),
    ...shape.map(integer),
    code('\x86cnumpy\ndtype\n'),
    type,
    code('K\0K\x01\x87R(K\x03'),
    order,
    code('NNN'),
    integer(-1),
    integer(-1),
    code('K\0tb'),
    code(byColumns ? '\x88' : '\x89'),
    bytesIn(version, bytes),
    code('tb'),
  ]);
}

/** A pickled dict, of keys in turn with the operations that push their values. */
const dict = (version: PythonVersion, items: Readonly<Record<string, Buffer>>): Buffer =>
  Buffer.concat([
    code('\x80\x02}('),
    ...Object.entries(items).flatMap(([key, value]) => [textIn(version, key), value]),
    code('u.'),
  ]);

/** The same values, first axis fastest. */
function transposed(planes: Uint8Array): Uint8Array {
  const count = planes.length / 3072;
  return planes.map((_, at) => planes[(at % count) * 3072 + Math.floor(at / count)]!);
}

/** `labelKey`: "labels", or "fine_labels", beside which the coarse ones stand. */
export function pickledBatch(
  version: PythonVersion,
  { labels, planes }: Batch,
  labelKey: string,
  byColumns = false,
): Buffer {
  return dict(version, {
    batch_label: textIn(version, 'training batch'),
    ...(labelKey === 'labels' ? {} : { coarse_labels: list(labels.map(() => integer(7))) }),
    data: arrayIn(version, [labels.length, 3072], byColumns ? transposed(planes) : planes, byColumns),
    [labelKey]: list(labels.map(integer)),
    filenames: list(labels.map((_, index) => textIn(version, `picture_${index}.png`))),
  });
}

export const pickledNames = (version: PythonVersion, key: string, names: readonly string[]): Buffer =>
  dict(version, { num_vis: integer(3072), [key]: list(names.map((name) => textIn(version, name))) });

type Files = Readonly<Record<string, Uint8Array | string>>;

/** An archive of a folder, its files in reverse order: archives are not sorted. */
export function archiveOf(folder: string, files: Files, isPlain = false): Buffer {
  const members = Object.entries(files).map(([name, contents]) => ({ name: `${folder}/${name}`, contents }));
  const tar = tarOf([{ name: `${folder}/`, type: '5' }, ...members.reverse()]);
  return isPlain ? tar : gzipSync(tar);
}
