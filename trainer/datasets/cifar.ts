/**
 * CIFAR-10 and CIFAR-100 in their binary versions: records of one label byte (two in CIFAR-100: coarse, then fine) and
 * 3072 pixel bytes, red plane first. https://www.cs.toronto.edu/~kriz/cifar.html
 */
import { hash } from 'node:crypto';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import { FaultError } from '../durable/fault-error.ts';
import { UnusableImage } from '../data/unusable-image.ts';
import { countClasses, describeFolder, hashFile, startFindings } from '../data/listing/inspection-findings.ts';
import { throwIfCancelled } from '../data/cancellation.ts';
import { reasonOf } from '../data/unusable-image.ts';
import { openRecords, readNames, unreadableFile, type RecordFile } from '../data/formats/record-file.ts';
import { classTarget, defineDataset, type InspectProgress, type OpenDataset } from '../recipe.ts';
import type { Inspection, SplitInspection } from '../protocol/dataset.ts';

const side = 32;
const pixelBytes = side * side * 3;
const expected = [
  'CIFAR-10 binary version: data_batch_1.bin … data_batch_5.bin, test_batch.bin, batches.meta.txt',
  'or CIFAR-100 binary version: train.bin, test.bin, fine_label_names.txt',
];

interface Kind {
  readonly title: string;
  readonly classes: number;
  readonly labelBytes: number;
  readonly namesFile: string;
  readonly splits: readonly { readonly split: string; readonly file: RegExp }[];
}
const kinds: readonly Kind[] = [
  {
    title: 'CIFAR-10',
    classes: 10,
    labelBytes: 1,
    namesFile: 'batches.meta.txt',
    splits: [
      { split: 'train', file: /^data_batch_\d+\.bin$/ },
      { split: 'test', file: /^test_batch\.bin$/ },
    ],
  },
  {
    title: 'CIFAR-100',
    classes: 100,
    labelBytes: 2,
    namesFile: 'fine_label_names.txt',
    splits: [
      { split: 'train', file: /^train\.bin$/ },
      { split: 'test', file: /^test\.bin$/ },
    ],
  },
];

interface Layout {
  readonly kind: Kind;
  readonly splits: readonly { readonly split: string; readonly files: readonly string[] }[];
}

async function findLayout(folder: string): Promise<Layout | null> {
  const names = (await readdir(folder)).sort();
  for (const kind of kinds) {
    const splits = kind.splits
      .map(({ split, file }) => ({ split, files: names.filter((name) => file.test(name)) }))
      .filter(({ files }) => files.length > 0);
    if (splits.length > 0) return { kind, splits };
  }
  return null;
}

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

/** The names file has one name a line; without it (or with another count) classes are numbers. */
const classNames = (folder: string, { classes, namesFile }: Kind): Promise<readonly string[]> =>
  readNames(join(folder, namesFile), classes);

const recordBytes = ({ labelBytes }: Kind): number => labelBytes + pixelBytes;

function parsed(
  record: Uint8Array,
  index: number,
  kind: Kind,
): { readonly label: number; readonly planes: Uint8Array } {
  const label = record[kind.labelBytes - 1]!;
  if (label >= kind.classes)
    throw new UnusableImage(`record ${index} has label ${label}; ${kind.title} has 0 to ${kind.classes - 1}`);
  return { label, planes: record.subarray(kind.labelBytes) };
}

async function inspect(folder: string, progress: InspectProgress, signal: AbortSignal): Promise<Inspection> {
  const findings = startFindings(folder);
  const layout = await findLayout(folder);
  const splits: SplitInspection[] = [];
  const classes = layout ? await classNames(folder, layout.kind) : [];
  let done = 0;
  for (const { split, files } of layout?.splits ?? []) {
    const labels: number[] = [];
    for (const name of files) {
      let records: RecordFile | null = null;
      const own: number[] = [];
      try {
        const path = join(folder, name);
        findings.file(name, (await stat(path)).size, await hashFile(path, signal));
        records = await openRecords(folder, name, recordBytes(layout!.kind));
        for (let index = 0; index < records.count; index++) {
          const { label, planes } = parsed(records.read(index), index, layout!.kind);
          findings.picture(split, `${name} image ${index}`, hash('sha256', planes, 'buffer'), side, side);
          own.push(label);
          if (++done % 1000 === 0) {
            progress(done, null);
            // The reads block; a cancel is heard between them.
            await new Promise((resolve) => setImmediate(resolve));
            throwIfCancelled(signal);
          }
        }
        labels.push(...own);
      } catch (error) {
        if (error instanceof FaultError) throw error;
        findings.reject(name, reasonOf(error));
      } finally {
        records?.close();
      }
    }
    splits.push({ split, images: labels.length, perClass: countClasses(labels, classes.length) });
  }
  return findings.finish({
    dataset: 'cifar',
    title: layout?.kind.title ?? 'CIFAR',
    expected,
    found: await describeFolder(folder),
    splits,
    classes,
    channels: 3,
    licence: null,
    source: 'https://www.cs.toronto.edu/~kriz/cifar.html',
    splitRule: null,
  });
}

async function open(folder: string, split: string): Promise<OpenDataset> {
  const layout = await findLayout(folder);
  const found = layout?.splits.find((each) => each.split === split);
  if (!layout || !found) {
    const known = layout?.splits.map((each) => each.split).join(', ') ?? 'none';
    throw new FaultError('not-found', `${folder} has no split "${split}". It has: ${known}.`, { folder, split });
  }
  const files: RecordFile[] = [];
  for (const name of found.files) {
    try {
      files.push(await openRecords(folder, name, recordBytes(layout.kind)));
    } catch (error) {
      for (const file of files) file.close();
      throw unreadableFile(join(folder, name), error);
    }
  }
  const count = files.reduce((sum, file) => sum + file.count, 0);
  const at = (index: number) => {
    let rest = index;
    for (const file of files) {
      if (rest < file.count) {
        try {
          return { ...parsed(file.read(rest), rest, layout.kind), name: `${file.name} image ${rest}` };
        } catch (error) {
          throw unreadableFile(join(folder, file.name), error);
        }
      }
      rest -= file.count;
    }
    throw new RangeError(`Image ${index} was asked for; the split "${split}" has ${count}.`);
  };
  return {
    count,
    classes: await classNames(folder, layout.kind),
    channels: 3,
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
  title: 'CIFAR-10 and CIFAR-100 (binary version)',
  licence: null,
  homepage: 'https://www.cs.toronto.edu/~kriz/cifar.html',
  splits: ['train', 'test'],
  channels: 3,
  options: v.strictObject({}),
  expected,
  recognises: async (folder) => (await findLayout(folder)) !== null,
  inspect,
  open,
});
