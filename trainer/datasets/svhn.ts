/**
 * Street View House Numbers, format 2 (Netzer et al., 2011): train_32x32.mat, test_32x32.mat and extra_32x32.mat, each with `X`,
 * [32, 32, 3, images] as MATLAB counts, and `y`, the digits, a zero as 10. http://ufldl.stanford.edu/housenumbers/
 */
import { hash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import { readPlain } from '../durable/plain-file.ts';
import { FaultError } from '../durable/fault-error.ts';
import { UnusableImage } from '../data/unusable-image.ts';
import { countClasses, describeFolder, hashFile, startFindings } from '../data/listing/inspection-findings.ts';
import { signatureOf } from '../data/copies/signature.ts';
import { throwIfCancelled } from '../data/cancellation.ts';
import { reasonOf } from '../data/unusable-image.ts';
import { readMatArrays } from '../data/formats/mat-file.ts';
import { unreadableFile } from '../data/formats/record-file.ts';
import type { Inspection, SplitInspection } from '../protocol/dataset.ts';
import { classTarget, defineDataset, type ScanOptions, type InspectProgress, type OpenDataset } from '../recipe.ts';
import { said } from '../protocol/sentence.ts';

const side = 32;
const plane = side * side;
const pixelBytes = 3 * plane;
const splitNames = ['train', 'test', 'extra'] as const;
const classes = Array.from({ length: 10 }, (_, digit) => String(digit));
const source = 'http://ufldl.stanford.edu/housenumbers/';
const expected = [said`train_32x32.mat and test_32x32.mat (SVHN, format 2), optionally extra_32x32.mat`];
/** Each thread that decodes holds a split unfolded: `extra`, 531,131 images, has 1.6 GB. */
const mostBytes = 2 ** 31;

const fileOf = (split: string): string => `${split}_32x32.mat`;
const splitsIn = (folder: string): readonly string[] =>
  splitNames.filter((split) => existsSync(join(folder, fileOf(split))));

interface Split {
  readonly count: number;
  readonly labels: Int32Array;
  /** One image after the other, each by planes of columns. */
  readonly planes: Uint8Array;
}

async function readSplit(path: string): Promise<Split> {
  const arrays = readMatArrays(await readPlain(path, mostBytes), mostBytes);
  const [images, digits] = [arrays.get('X'), arrays.get('y')];
  if (!images || !digits) throw new UnusableImage(said`it has no arrays "X" and "y"`);
  const [height, width, channels, count = 0] = images.dimensions;
  if (height !== side || width !== side || channels !== 3 || !(images.values instanceof Uint8Array))
    throw new UnusableImage(said`its "X" is ${images.dimensions.join(' x ')}, not 32 x 32 x 3 bytes per image`);
  if (digits.values.length !== count)
    throw new UnusableImage(said`it has ${count} images and ${digits.values.length} digits`);
  const labels = Int32Array.from(digits.values, (digit) => (digit === 10 ? 0 : digit));
  const wrong = labels.findIndex((label) => label < 0 || label > 9);
  if (wrong >= 0) throw new UnusableImage(said`image ${wrong} has class ${digits.values[wrong]!}; classes are 1 to 10`);
  return { count, labels, planes: images.values };
}

/** Columns of planes to rows of pixels. */
function pixelsAt({ planes }: Split, index: number): Uint8Array {
  const pixels = new Uint8Array(pixelBytes);
  for (let channel = 0, from = index * pixelBytes; channel < 3; channel++)
    for (let column = 0; column < side; column++)
      for (let row = 0; row < side; row++) pixels[3 * (row * side + column) + channel] = planes[from++]!;
  return pixels;
}

async function inspect(
  folder: string,
  progress: InspectProgress,
  signal: AbortSignal,
  { details }: ScanOptions = {},
): Promise<Inspection> {
  const findings = startFindings(folder, { progress, signal, details });
  const splits: SplitInspection[] = [];
  let done = 0;
  progress(0, null);
  for (const split of splitsIn(folder)) {
    const name = fileOf(split);
    const path = join(folder, name);
    try {
      const own = await readSplit(path);
      findings.file(name, (await stat(path)).size, await hashFile(path, signal));
      for (let index = 0; index < own.count; index++) {
        const bytes = own.planes.subarray(index * pixelBytes, (index + 1) * pixelBytes);
        findings.picture({
          split,
          name: `${name} image ${index}`,
          digest: hash('sha256', bytes, 'buffer'),
          width: side,
          height: side,
          label: own.labels[index],
          signature: signatureOf({ pixels: pixelsAt(own, index), width: side, height: side, channels: 3 }),
        });
        if (++done % 1000 === 0) {
          progress(done, null);
          await new Promise((resolve) => setImmediate(resolve));
          throwIfCancelled(signal);
        }
      }
      splits.push({ split, images: own.count, perClass: countClasses(own.labels, classes.length) });
    } catch (error) {
      if (error instanceof FaultError) throw error;
      findings.reject(name, reasonOf(error));
    }
  }
  return findings.finish({
    dataset: 'svhn',
    title: 'SVHN',
    expected,
    found: await describeFolder(folder),
    splits,
    classes,
    channels: 3,
    licence: null,
    source,
    splitRule: null,
  });
}

async function open(folder: string, split: string): Promise<OpenDataset> {
  const known = splitsIn(folder);
  if (!known.includes(split)) {
    const text = `${folder} has no split "${split}". It has: ${known.join(', ') || 'none'}.`;
    throw new FaultError('not-found', text, { folder, split });
  }
  const path = join(folder, fileOf(split));
  const own = await readSplit(path).catch((error: unknown) => {
    throw unreadableFile(path, error);
  });
  return {
    count: own.count,
    classes,
    channels: 3,
    labels: () => Promise.resolve(own.labels),
    sample: (index) =>
      Promise.resolve({
        image: { kind: 'raw', pixels: pixelsAt(own, index), width: side, height: side, channels: 3 },
        target: classTarget(own.labels[index]),
        name: `${fileOf(split)} image ${index}`,
      }),
    close: () => Promise.resolve(),
  };
}

export const dataset = defineDataset({
  id: 'svhn',
  title: 'SVHN (cropped digits)',
  licence: null,
  homepage: source,
  splits: splitNames,
  channels: 3,
  options: v.strictObject({}),
  expected,
  recognises: (folder) => Promise.resolve(splitsIn(folder).length > 0),
  inspect,
  open,
});
