/**
 * The files of CIFAR-10 and CIFAR-100 in their binary and their Python version, in a folder or in a tar archive.
 * https://www.cs.toronto.edu/~kriz/cifar.html
 */
import { readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { openPlain, readPlain } from '../../durable/plain-file.ts';
import { isFolder } from '../../durable/files.ts';
import type { Rejects } from '../rejects.ts';
import { reasonOf, UnusableImage } from '../unusable-image.ts';
import { filesIn, firstNames } from './archive.ts';
import { arrayOf, integersOf, readPickledDict, textsOf } from './numpy-pickle.ts';
import { linesOf, namesOrNumbers, openRecords, recordsIn, type RecordFile } from './record-file.ts';
import { readSmallFile } from './small-file.ts';
import { said, type Sentence } from '../../protocol/sentence.ts';

export const side = 32;
export const pixelBytes = side * side * 3;

export interface Version {
  readonly title: string;
  readonly classes: number;
  /** Bytes before the pixels of a record; the last is the label. */
  readonly labelBytes: number;
  readonly namesFile: string;
  readonly splits: readonly { readonly split: string; readonly file: RegExp }[];
  /** Keys of a pickled batch and of the pickled names; null for the binary version. */
  readonly keys: { readonly labels: string; readonly names: string } | null;
}

const ten = { title: 'CIFAR-10', classes: 10, labelBytes: 1 };
const hundred = { title: 'CIFAR-100', classes: 100 };
/** The binary version first: where both lie side by side it is read, as ever. */
const versions: readonly Version[] = [
  {
    ...ten,
    namesFile: 'batches.meta.txt',
    splits: [
      { split: 'train', file: /^data_batch_\d+\.bin$/ },
      { split: 'test', file: /^test_batch\.bin$/ },
    ],
    keys: null,
  },
  {
    ...hundred,
    labelBytes: 2,
    namesFile: 'fine_label_names.txt',
    splits: [
      { split: 'train', file: /^train\.bin$/ },
      { split: 'test', file: /^test\.bin$/ },
    ],
    keys: null,
  },
  {
    ...ten,
    namesFile: 'batches.meta',
    splits: [
      { split: 'train', file: /^data_batch_\d+$/ },
      { split: 'test', file: /^test_batch$/ },
    ],
    keys: { labels: 'labels', names: 'label_names' },
  },
  {
    ...hundred,
    labelBytes: 1,
    namesFile: 'meta',
    splits: [
      { split: 'train', file: /^train$/ },
      { split: 'test', file: /^test$/ },
    ],
    keys: { labels: 'fine_labels', names: 'fine_label_names' },
  },
];

export interface Layout {
  readonly version: Version;
  /** Names of the files, by split. */
  readonly splits: readonly { readonly split: string; readonly files: readonly string[] }[];
  /** Contents of the files of an archive; null if they lie in a folder. */
  readonly contents: ReadonlyMap<string, Buffer> | null;
}

type Contents = Layout['contents'];

function layoutOf(names: readonly string[], contents: Contents): Layout | null {
  const sorted = [...names].sort();
  for (const version of versions) {
    const splits = version.splits
      .map(({ split, file }) => ({ split, files: sorted.filter((name) => file.test(name)) }))
      .filter(({ files }) => files.length > 0);
    if (splits.length > 0) return { version, splits, contents };
  }
  return null;
}

/** First bytes of pickles: from protocol 2 on, and before. */
const pickleStarts: ReadonlySet<number | undefined> = new Set([0x80, 0x28]);

/** "train" and "test" may be anything. */
async function isPickle(path: string): Promise<boolean> {
  const { file } = await openPlain(path);
  try {
    return pickleStarts.has((await file.read(Buffer.alloc(1), 0, 1, 0)).buffer[0]);
  } finally {
    await file.close();
  }
}

/** Null if the folder is not of this kind. */
export async function findLayout(folder: string): Promise<Layout | null> {
  const entries = await readdir(folder, { withFileTypes: true });
  const names: string[] = [];
  const hasMeta = entries.some(({ name }) => name === 'meta');
  for (const entry of entries) {
    if (entry.isDirectory()) continue;
    const isPlain = entry.name !== 'train' && entry.name !== 'test';
    if (isPlain || (hasMeta && (await isPickle(join(folder, entry.name))))) names.push(entry.name);
  }
  return layoutOf(names, null);
}

const isOfSplit = (name: string, split: string | null): boolean =>
  versions.some(
    ({ splits, namesFile }) =>
      name === namesFile || splits.some((each) => (split === null || each.split === split) && each.file.test(name)),
  );

/** Whether the first files of an archive are of this kind; names that others use too must be in CIFAR's folder. */
export async function isCifarArchive(path: string): Promise<boolean> {
  const names = await firstNames(path);
  return names.some((name) =>
    /(^|\/)((data_batch_\d+|test_batch)(\.bin)?|cifar-100[^/]*\/(train|test|meta|(fine|coarse)_label_names)(\.bin|\.txt)?)$/.test(
      name,
    ),
  );
}

/** Batches of CIFAR-100 have 155 MB, all of an archive 180 MB. */
export const largestPickle = 512 << 20;
/** Folders of an archive that may hold its files. */
const mostFolders = 100;

/**
 * Reads the files of an archive into memory, those of one split or all.
 * @throws UnusableImage if it is damaged, or has no such files
 */
export async function readArchive(
  path: string,
  split: string | null,
  rejects: Rejects,
  read: (bytes: number) => void,
): Promise<Layout> {
  const folders = new Map<string, Map<string, Buffer>>();
  let left = largestPickle;
  for await (const file of filesIn(path, rejects, basename(path), read)) {
    const name = basename(file.name);
    if (!isOfSplit(name, null)) continue;
    const isWanted = isOfSplit(name, split);
    if (isWanted) left -= file.size;
    if (left < 0 || folders.size > mostFolders)
      throw new UnusableImage(
        said`its files of CIFAR have more than ${largestPickle} bytes, or lie in more than ${mostFolders} folders`,
      );
    const folder = file.name.slice(0, -name.length);
    const files = folders.get(folder) ?? new Map<string, Buffer>();
    folders.set(folder, files.set(name, isWanted ? await file.contents() : Buffer.alloc(0)));
  }
  const layouts = [...folders.values()].flatMap((files) => layoutOf([...files.keys()], files) ?? []);
  const [first] = layouts.sort((a, b) => versions.indexOf(a.version) - versions.indexOf(b.version));
  if (first === undefined) throw new UnusableImage(said`it holds no files of CIFAR`);
  return first;
}

/** The layout of a folder or an archive. */
export async function layoutAt(
  path: string,
  split: string | null,
  rejects: Rejects,
  read: (bytes: number) => void,
): Promise<Layout | null> {
  return isFolder(path) ? findLayout(path) : readArchive(path, split, rejects, read);
}

export const recordBytes = ({ labelBytes }: Version): number => labelBytes + pixelBytes;

/** A pickled batch as the records of the binary version: a label, then the planes. */
function recordsOf(pickle: Buffer, { keys, classes, title }: Version): Uint8Array {
  const batch = readPickledDict(pickle);
  const { shape, type, bytes, byColumns } = arrayOf(batch.get('data'), 'data');
  const [count = 0, width] = shape;
  if (shape.length !== 2 || width !== pixelBytes || type !== 'u1')
    throw new UnusableImage(
      said`its "data" is ${shape.join(' x ')} of the type ${type}, not a row of ${pixelBytes} bytes each`,
    );
  const labels = integersOf(batch.get(keys!.labels), keys!.labels);
  if (labels.length !== count) throw new UnusableImage(said`it has ${count} images and ${labels.length} labels`);
  const records = new Uint8Array(count * (1 + pixelBytes));
  labels.forEach((label, index) => {
    if (!(label >= 0 && label < classes))
      throw new UnusableImage(said`record ${index} has label ${label}; ${title} has 0 to ${classes - 1}`);
    const at = index * (1 + pixelBytes);
    records[at] = label;
    if (byColumns) for (let i = 0; i < pixelBytes; i++) records[at + 1 + i] = bytes[i * count + index]!;
    else records.set(bytes.subarray(index * pixelBytes, (index + 1) * pixelBytes), at + 1);
  });
  return records;
}

async function readPickleFile(path: string): Promise<Buffer> {
  const bytes = await readPlain(path, largestPickle);
  if (bytes.length === 0) throw new UnusableImage(said`the file is empty (0 bytes)`);
  return bytes;
}

/** The records of a file in memory; null if they are read from the file one by one. */
export async function unpackedRecords(folder: string, layout: Layout, name: string): Promise<Uint8Array | null> {
  const { version, contents } = layout;
  if (version.keys === null) return contents?.get(name) ?? null;
  return recordsOf(contents?.get(name) ?? (await readPickleFile(join(folder, name))), version);
}

export async function openBatch(folder: string, layout: Layout, name: string): Promise<RecordFile> {
  const records = await unpackedRecords(folder, layout, name);
  const bytes = recordBytes(layout.version);
  return records === null ? openRecords(folder, name, bytes) : recordsIn(name, records, bytes);
}

const mostNamesBytes = 1 << 20;

/** Names of the classes; numbers if the file with them is missing or does not fit. @throws UnusableImage if damaged */
async function namesIn(folder: string, { version, contents }: Layout): Promise<readonly string[]> {
  const { namesFile, keys } = version;
  const bytes =
    contents === null
      ? await readSmallFile(join(folder, namesFile), mostNamesBytes)
      : (contents.get(namesFile) ?? null);
  if (bytes === null) return [];
  return keys === null ? linesOf(bytes.toString('utf8')) : (textsOf(readPickledDict(bytes).get(keys.names)) ?? []);
}

/** @param reject called if the file with the names is damaged; the classes are then numbers */
export async function classNames(
  folder: string,
  layout: Layout,
  reject: (file: string, reason: Sentence) => void,
): Promise<readonly string[]> {
  const { namesFile, classes } = layout.version;
  const names = await namesIn(folder, layout).catch((error: unknown) => {
    reject(namesFile, reasonOf(error));
    return [];
  });
  return namesOrNumbers(names, classes);
}
