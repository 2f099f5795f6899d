/**
 * CIFAR-10 and CIFAR-100 in their binary and Python versions, unpacked or as the archives in which they are published.
 * An image is a label and 3072 bytes, red plane first. https://www.cs.toronto.edu/~kriz/cifar.html
 */
import { hash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import * as v from 'valibot';
import { FaultError } from '../durable/fault-error.ts';
import { isFolder } from '../durable/files.ts';
import { signatureOf } from '../data/copies/signature.ts';
import { throwIfCancelled } from '../data/cancellation.ts';
import type { FoundImages, UnpackedFile } from '../data/found-images.ts';
import {
  classNames,
  findLayout,
  isCifarArchive,
  layoutAt,
  openBatch,
  pixelBytes,
  recordBytes,
  side,
  type Layout,
} from '../data/formats/cifar-files.ts';
import { recordsIn, unreadableFile, type RecordFile } from '../data/formats/record-file.ts';
import { startTable } from '../data/listing/image-table.ts';
import {
  countClasses,
  describeFolder,
  hashFile,
  startFindings,
  type Findings,
} from '../data/listing/inspection-findings.ts';
import { startRejects } from '../data/rejects.ts';
import { reasonOf, UnusableImage } from '../data/unusable-image.ts';
import {
  classTarget,
  defineDataset,
  type InspectProgress,
  type OpenDataset,
  type OpenOptions,
  type ScanOptions,
} from '../recipe.ts';
import type { Inspection, SplitInspection } from '../protocol/dataset.ts';
import { said } from '../protocol/sentence.ts';

const source = 'https://www.cs.toronto.edu/~kriz/cifar.html';
const expected = [
  said`CIFAR-10, binary version: data_batch_1.bin … data_batch_5.bin, test_batch.bin, batches.meta.txt`,
  said`or Python version: data_batch_1 … data_batch_5, test_batch, batches.meta`,
  said`or CIFAR-100: train.bin, test.bin, fine_label_names.txt; Python version: train, test, meta`,
  said`or the archive of one of them, such as cifar-10-python.tar.gz`,
];

/** Red, green and blue planes to interleaved pixels. */
function interleave(planes: Uint8Array): Uint8Array {
  const plane = side * side;
  const pixels = new Uint8Array(pixelBytes);
  for (let i = 0; i < plane; i++) {
    pixels[i * 3] = planes[i]!;
    pixels[i * 3 + 1] = planes[plane + i]!;
    pixels[i * 3 + 2] = planes[2 * plane + i]!;
  }
  return pixels;
}

/** The pixels are the end of a record; the byte before them is the label. */
function parsed(
  record: Uint8Array,
  index: number,
  classes: number,
): { readonly label: number; readonly planes: Uint8Array } {
  const start = record.length - pixelBytes;
  const label = record[start - 1]!;
  if (label >= classes)
    throw new UnusableImage(said`record ${index} has label ${label}; CIFAR-${classes} has 0 to ${classes - 1}`);
  return { label, planes: record.subarray(start) };
}

/** Tells how far an inspection is. Reading an archive is the first half of it. */
function progressOf(archiveBytes: number, progress: InspectProgress, signal: AbortSignal) {
  const pieceBytes = 1 << 22;
  let told = 0;
  let done = 0;
  return {
    read(bytes: number): void {
      throwIfCancelled(signal);
      if (bytes < told + pieceBytes) return;
      told = bytes;
      progress(bytes, 2 * archiveBytes);
    },
    async image(total: number): Promise<void> {
      if (++done % 1000 !== 0) return;
      if (archiveBytes === 0) progress(done, total);
      else progress(total + done, 2 * total);
      // The reads block; a cancel is heard between them.
      await new Promise((resolve) => setImmediate(resolve));
      throwIfCancelled(signal);
    },
  };
}
type Progress = ReturnType<typeof progressOf>;

/** Size and SHA-256 of a file of the data set. */
async function identityOf(path: string, { contents }: Layout, name: string, signal: AbortSignal) {
  const bytes = contents?.get(name);
  if (bytes !== undefined) return { size: bytes.length, sha256: hash('sha256', bytes) };
  const file = join(path, name);
  return { size: (await stat(file)).size, sha256: await hashFile(file, signal) };
}

async function inspectSplits(
  path: string,
  layout: Layout,
  findings: Findings,
  progress: Progress,
  signal: AbortSignal,
): Promise<readonly SplitInspection[]> {
  const { version } = layout;
  const identities = new Map<string, { readonly size: number; readonly sha256: string }>();
  for (const name of layout.splits.flatMap(({ files }) => files)) {
    try {
      identities.set(name, await identityOf(path, layout, name, signal));
    } catch (error) {
      findings.reject(name, reasonOf(error));
    }
  }
  const total = [...identities.values()].reduce((sum, { size }) => sum + Math.floor(size / recordBytes(version)), 0);
  const splits: SplitInspection[] = [];
  for (const { split, files } of layout.splits) {
    const labels: number[] = [];
    for (const name of files) {
      const identity = identities.get(name);
      if (identity === undefined) continue;
      let records: RecordFile | null = null;
      const own: number[] = [];
      try {
        findings.file(name, identity.size, identity.sha256);
        records = await openBatch(path, layout, name);
        for (let index = 0; index < records.count; index++) {
          const { label, planes } = parsed(records.read(index), index, version.classes);
          findings.picture({
            split,
            name: `${name} image ${index}`,
            digest: hash('sha256', planes, 'buffer'),
            width: side,
            height: side,
            label,
            signature: signatureOf({ pixels: interleave(planes), width: side, height: side, channels: 3 }),
          });
          own.push(label);
          await progress.image(total);
        }
        labels.push(...own);
      } catch (error) {
        if (error instanceof FaultError) throw error;
        findings.reject(name, reasonOf(error));
      } finally {
        records?.close();
      }
    }
    splits.push({ split, images: labels.length, perClass: countClasses(labels, version.classes) });
  }
  return splits;
}

async function inspect(
  path: string,
  report: InspectProgress,
  signal: AbortSignal,
  { details }: ScanOptions = {},
): Promise<Inspection> {
  const findings = startFindings(path, { progress: report, signal, details });
  const isArchive = !isFolder(path);
  const progress = progressOf(isArchive ? (await stat(path)).size : 0, report, signal);
  const layout = await layoutAt(path, null, findings.rejects, progress.read).catch((error: unknown) => {
    findings.reject(basename(path), reasonOf(error));
    return null;
  });
  const classes = layout ? await classNames(path, layout, findings.reject) : [];
  const splits = layout ? await inspectSplits(path, layout, findings, progress, signal) : [];
  const inside = layout?.splits.flatMap(({ files }) => files) ?? said`nothing that can be read`;
  return findings.finish({
    dataset: 'cifar',
    title: layout?.version.title ?? 'CIFAR',
    expected,
    found: isArchive ? [said`an archive: ${inside}`] : await describeFolder(path),
    splits,
    classes,
    channels: 3,
    licence: null,
    source,
    splitRule: null,
  });
}

/** What is read from memory goes into memory that all threads share, so that it is there once. */
function unpackedFiles(files: readonly RecordFile[], classes: readonly string[], recordSize: number): FoundImages {
  const images = startTable();
  const unpacked = files.map(({ name, count, read }): UnpackedFile => {
    const records = new Uint8Array(new SharedArrayBuffer(count * recordSize));
    for (let index = 0; index < count; index++) {
      const record = read(index);
      records.set(record, index * recordSize);
      images.add(`${name} image ${index}`, record[recordSize - pixelBytes - 1]!);
    }
    return { name, recordBytes: recordSize, records };
  });
  return { classes, images: images.finish((label) => label), unpacked };
}

interface Opened {
  readonly files: readonly RecordFile[];
  readonly classes: readonly string[];
  readonly found: FoundImages | undefined;
}

async function findFiles(path: string, split: string): Promise<Opened> {
  const layout = await layoutAt(path, split, startRejects(), () => undefined).catch((error: unknown) => {
    throw unreadableFile(path, error);
  });
  const found = layout?.splits.find((each) => each.split === split);
  if (!layout || !found) {
    const known = layout?.splits.map((each) => each.split).join(', ') ?? 'none';
    throw new FaultError('not-found', `${path} has no split "${split}". It has: ${known}.`, { folder: path, split });
  }
  const files: RecordFile[] = [];
  for (const name of found.files) {
    try {
      files.push(await openBatch(path, layout, name));
    } catch (error) {
      for (const file of files) file.close();
      throw unreadableFile(join(path, name), error);
    }
  }
  const classes = await classNames(path, layout, () => undefined);
  if (layout.version.keys === null && layout.contents === null) return { files, classes, found: undefined };
  return shared(unpackedFiles(files, classes, recordBytes(layout.version)));
}

const shared = (found: FoundImages): Opened => ({
  files: (found.unpacked ?? []).map(({ name, records, recordBytes: bytes }) => recordsIn(name, records, bytes)),
  classes: found.classes,
  found,
});

async function open(path: string, split: string, options: OpenOptions = {}): Promise<OpenDataset> {
  const { files, classes, found } = options.found ? shared(options.found) : await findFiles(path, split);
  const count = files.reduce((sum, file) => sum + file.count, 0);
  const at = (index: number) => {
    let rest = index;
    for (const file of files) {
      if (rest < file.count) {
        try {
          return { ...parsed(file.read(rest), rest, classes.length), name: `${file.name} image ${rest}` };
        } catch (error) {
          throw unreadableFile(join(path, file.name), error);
        }
      }
      rest -= file.count;
    }
    throw new RangeError(`Image ${index} was asked for; the split "${split}" has ${count}.`);
  };
  return {
    count,
    classes,
    channels: 3,
    ...(found === undefined ? {} : { found }),
    labels: async () => Int32Array.from({ length: count }, (_, index) => at(index).label),
    async sample(index) {
      const { label, planes, name } = at(index);
      const pixels = interleave(planes);
      return {
        image: { kind: 'raw', pixels, width: side, height: side, channels: 3 },
        target: classTarget(label),
        name,
      };
    },
    async close() {
      for (const file of files) file.close();
    },
  };
}

export const dataset = defineDataset({
  id: 'cifar',
  title: 'CIFAR-10 and CIFAR-100',
  licence: null,
  homepage: source,
  splits: ['train', 'test'],
  channels: 3,
  options: v.strictObject({}),
  expected,
  archives: true,
  recognises: async (path) => (isFolder(path) ? (await findLayout(path)) !== null : isCifarArchive(path)),
  inspect,
  open,
});
