/**
 * STL-10 in its binary version (Coates, Ng and Lee, AISTATS 2011): 96 x 96 pictures, a plane a colour and column by column,
 * in `train_X.bin`, `test_X.bin` and `unlabeled_X.bin`; labels 1 to 10, a byte each, in `train_y.bin` and `test_y.bin`.
 * https://cs.stanford.edu/~acoates/stl10/
 */
import { hash } from 'node:crypto';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import { readPlain } from '../durable/plain-file.ts';
import { FaultError } from '../durable/fault-error.ts';
import { UnusableImage } from '../data/unusable-image.ts';
import { countClasses, describeFolder, hashFile, startFindings } from '../data/listing/inspection-findings.ts';
import { signatureOf } from '../data/copies/signature.ts';
import { throwIfCancelled } from '../data/cancellation.ts';
import { reasonOf } from '../data/unusable-image.ts';
import { openRecords, readNames, unreadableFile, type RecordFile } from '../data/formats/record-file.ts';
import { isMissing } from '../durable/files.ts';
import type { Inspection, SplitInspection } from '../protocol/dataset.ts';
import { classTarget, defineDataset, type ScanOptions, type InspectProgress, type OpenDataset } from '../recipe.ts';
import { said } from '../protocol/sentence.ts';

const side = 96;
const channels = 3;
const pictureBytes = side * side * channels;
const classCount = 10;
const source = 'https://cs.stanford.edu/~acoates/stl10/';
const expected = [
  said`train_X.bin with train_y.bin, test_X.bin with test_y.bin (STL-10, binary version)`,
  said`unlabeled_X.bin, for pretraining`,
  said`class_names.txt`,
];
const splits = ['train', 'test', 'unlabeled'] as const;
type Split = (typeof splits)[number];
const picturesOf = (split: Split): string => `${split}_X.bin`;
const labelsOf = (split: Split): string => `${split}_y.bin`;

async function splitsIn(folder: string): Promise<readonly Split[]> {
  const names = new Set(await readdir(folder));
  return splits.filter((split) => names.has(picturesOf(split)));
}

/** Bytes of a file of labels, one each: STL-10's have 5,000 and 8,000. */
const mostLabels = 1 << 20;

/** Null for pictures without labels. */
async function readLabels(folder: string, split: Split, count: number): Promise<Int32Array | null> {
  if (split === 'unlabeled') return null;
  const bytes = await readPlain(join(folder, labelsOf(split)), mostLabels).catch((error: unknown) => {
    if (isMissing(error)) throw new UnusableImage(said`its label file, ${labelsOf(split)}, is missing`);
    throw error;
  });
  if (bytes.length !== count)
    throw new UnusableImage(said`it has ${count} images, but ${labelsOf(split)} has ${bytes.length} labels`);
  return Int32Array.from(bytes, (label, index) => {
    if (label < 1 || label > classCount)
      throw new UnusableImage(
        said`image ${index} has label ${label} in ${labelsOf(split)}; STL-10 has 1 to ${classCount}`,
      );
    return label - 1;
  });
}

const classNames = (folder: string): Promise<readonly string[]> =>
  readNames(join(folder, 'class_names.txt'), classCount);

/** Planes that run down the columns to interleaved rows. */
function interleave(planes: Uint8Array): Uint8Array {
  const pixels = new Uint8Array(pictureBytes);
  for (let channel = 0, at = 0; channel < channels; channel++)
    for (let column = 0; column < side; column++)
      for (let row = 0; row < side; row++) pixels[(row * side + column) * channels + channel] = planes[at++]!;
  return pixels;
}

async function inspect(
  folder: string,
  progress: InspectProgress,
  signal: AbortSignal,
  { details }: ScanOptions = {},
): Promise<Inspection> {
  const findings = startFindings(folder, { progress, signal, details });
  const found: SplitInspection[] = [];
  let done = 0;
  for (const split of await splitsIn(folder)) {
    const name = picturesOf(split);
    let records: RecordFile | null = null;
    try {
      const path = join(folder, name);
      findings.file(name, (await stat(path)).size, await hashFile(path, signal));
      records = await openRecords(folder, name, pictureBytes);
      const labels = await readLabels(folder, split, records.count);
      for (let index = 0; index < records.count; index++) {
        const planes = records.read(index);
        findings.picture({
          split,
          name: `${name} image ${index}`,
          digest: hash('sha256', planes, 'buffer'),
          width: side,
          height: side,
          label: labels?.[index],
          signature: signatureOf({ pixels: interleave(planes), width: side, height: side, channels }),
        });
        if (++done % 1000 === 0) {
          progress(done, null);
          // The reads block; a cancel is heard between them.
          await new Promise((resolve) => setImmediate(resolve));
          throwIfCancelled(signal);
        }
      }
      found.push({ split, images: records.count, perClass: labels ? countClasses([...labels], classCount) : [] });
    } catch (error) {
      if (error instanceof FaultError) throw error;
      findings.reject(name, reasonOf(error));
    } finally {
      records?.close();
    }
  }
  return findings.finish({
    dataset: 'stl10',
    title: 'STL-10',
    expected,
    found: await describeFolder(folder),
    splits: found,
    classes: await classNames(folder),
    channels,
    licence: null,
    source,
    splitRule: null,
  });
}

async function open(folder: string, wanted: string): Promise<OpenDataset> {
  const known = await splitsIn(folder);
  const split = known.find((name) => name === wanted);
  if (split === undefined)
    throw new FaultError('not-found', `${folder} has no split "${wanted}". It has: ${known.join(', ') || 'none'}.`, {
      folder,
      split: wanted,
    });
  const path = join(folder, picturesOf(split));
  try {
    const records = await openRecords(folder, picturesOf(split), pictureBytes);
    const labels = await readLabels(folder, split, records.count).catch((error: unknown) => {
      records.close();
      throw error;
    });
    return {
      count: records.count,
      classes: await classNames(folder),
      channels,
      labels: () => Promise.resolve(labels),
      async sample(index) {
        if (index >= records.count)
          throw new RangeError(`Image ${index} was asked for; the split "${split}" has ${records.count}.`);
        try {
          const pixels = interleave(records.read(index));
          const image = { kind: 'raw', pixels, width: side, height: side, channels } as const;
          return { image, target: classTarget(labels?.[index]), name: `${records.name} image ${index}` };
        } catch (error) {
          throw unreadableFile(path, error);
        }
      },
      close: async () => records.close(),
    };
  } catch (error) {
    throw error instanceof FaultError ? error : unreadableFile(path, error);
  }
}

export const dataset = defineDataset({
  id: 'stl10',
  title: 'STL-10 (binary version)',
  licence: null,
  homepage: source,
  splits,
  channels,
  options: v.strictObject({}),
  expected,
  recognises: async (folder) => (await splitsIn(folder)).length > 0,
  inspect,
  open,
});
