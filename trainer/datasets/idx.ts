/** MNIST, Fashion-MNIST, EMNIST and QMNIST in their original IDX files, gzipped or not. */
import { createHash, hash } from 'node:crypto';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import { FaultError } from '../durable/fault-error.ts';
import {
  countClasses,
  describeFolder,
  hashFile,
  startFindings,
  type FoundPicture,
} from '../data/listing/inspection-findings.ts';
import { signatureOf } from '../data/copies/signature.ts';
import { throwIfCancelled } from '../data/cancellation.ts';
import { reasonOf } from '../data/unusable-image.ts';
import { idxItems, openIdxImages, readIdxHeader, readIdxLabels } from '../data/formats/idx-file.ts';
import { classTarget, defineDataset, type ScanOptions, type InspectProgress, type OpenDataset } from '../recipe.ts';
import type { Inspection, SplitInspection } from '../protocol/dataset.ts';
import { inEnglish, said } from '../protocol/sentence.ts';

const expected = [
  said`train-images-idx3-ubyte and train-labels-idx1-ubyte, and the same for t10k (or test)`,
  said`each plain or with .gz; EMNIST names such as emnist-balanced-train-images-idx3-ubyte too, and QMNIST`,
];

interface Pair {
  readonly split: string;
  readonly images: string;
  readonly labels: string | null;
}

const name = /^(?:(emnist-[a-z]+|qmnist)-)?(train|t10k|test)-(images|labels)[-.]idx(?:[13]-ubyte|2-int)(\.gz)?$/;

/** File names → pairs. A plain file is preferred to the gzipped one beside it. */
async function findPairs(folder: string): Promise<readonly Pair[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  const found = new Map<string, { images?: string; labels?: string }>();
  for (const entry of entries.filter((each) => !each.isDirectory()).sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const match = name.exec(entry.name);
    if (!match) continue;
    const [, variant, part, kind] = match as unknown as [string, string | undefined, string, 'images' | 'labels'];
    const key = `${variant ?? ''} ${part === 'train' ? 'train' : 'test'}`;
    const pair = found.get(key) ?? {};
    // Sorted, the plain name comes before the one with .gz.
    pair[kind] ??= entry.name;
    found.set(key, pair);
  }
  const variants = new Set([...found.keys()].map((key) => key.split(' ')[0]));
  // Training before testing.
  const groups = [...found].sort(([a], [b]) => (a > b ? -1 : 1));
  return groups.flatMap(([key, { images, labels }]) => {
    const [variant, part] = key.split(' ') as [string, string];
    const split = variants.size === 1 || variant === '' ? part : `${variant.replace('emnist-', '')}-${part}`;
    return images === undefined ? [] : [{ split, images, labels: labels ?? null }];
  });
}

/** Sets known by the SHA-256 of a label file's contents. */
const fashionMnist = {
  title: 'Fashion-MNIST',
  // LICENSE and README of the repository.
  licence: 'MIT',
  source: 'https://github.com/zalandoresearch/fashion-mnist',
  classes: ['T-shirt/top', 'Trouser', 'Pullover', 'Dress', 'Coat', 'Sandal', 'Shirt', 'Sneaker', 'Bag', 'Ankle boot'],
} as const;
const known: Readonly<Record<string, typeof fashionMnist>> = {
  bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9: fashionMnist,
  '0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34': fashionMnist,
};

function recognise(labels: Uint8Array): typeof fashionMnist | null {
  const header = Buffer.from([0, 0, 8, 1, 0, 0, 0, 0]);
  header.writeUInt32BE(labels.length, 4);
  return known[createHash('sha256').update(header).update(labels).digest('hex')] ?? null;
}

/** Class names: those of a known set, else the numbers up to the largest label of the pairs. */
function classNames(all: readonly Uint8Array[]): readonly string[] {
  for (const labels of all) {
    const set = recognise(labels);
    if (set) return set.classes;
  }
  const most = all.reduce((largest, labels) => labels.reduce((a, b) => Math.max(a, b), largest), -1);
  return Array.from({ length: most + 1 }, (_, label) => String(label));
}

function pictureOf(
  { split, images }: Pair,
  { columns: width, rows: height }: { readonly columns: number; readonly rows: number },
  pixels: Uint8Array,
  index: number,
  label: number | undefined,
): FoundPicture {
  return {
    split,
    name: `${images} image ${index}`,
    digest: hash('sha256', pixels, 'buffer'),
    width,
    height,
    label,
    signature: signatureOf({ pixels, width, height, channels: 1 }),
  };
}

async function inspect(
  folder: string,
  progress: InspectProgress,
  signal: AbortSignal,
  { details }: ScanOptions = {},
): Promise<Inspection> {
  const findings = startFindings(folder, { progress, signal, details });
  const pairs = await findPairs(folder);
  const labelsOf = new Map<Pair, Uint8Array>();
  const countOf = new Map<Pair, number>();
  const headers = new Map<Pair, Awaited<ReturnType<typeof readIdxHeader>>>();
  const attempt = async (file: string, work: () => Promise<void>) => {
    try {
      await work();
    } catch (error) {
      findings.reject(file, reasonOf(error));
    }
  };
  for (const pair of pairs) {
    for (const file of [pair.images, pair.labels]) {
      if (file === null) continue;
      await attempt(file, async () => {
        const path = join(folder, file);
        findings.file(file, (await stat(path)).size, await hashFile(path, signal));
      });
    }
    await attempt(pair.images, async () => {
      headers.set(pair, await readIdxHeader(join(folder, pair.images), 'images'));
    });
    const { labels } = pair;
    if (labels !== null) {
      await attempt(labels, async () => {
        labelsOf.set(pair, await readIdxLabels(join(folder, labels)));
      });
    }
  }
  const total = [...headers.values()].reduce((sum, header) => sum + header.count, 0);
  let done = 0;
  for (const [pair, header] of headers) {
    const labels = labelsOf.get(pair);
    if (labels && labels.length !== header.count) {
      findings.reject(pair.images, said`${header.count} images, but ${pair.labels!} holds ${labels.length} labels`);
      continue;
    }
    if (pair.labels !== null && !labels) continue;
    await attempt(pair.images, async () => {
      let index = 0;
      for await (const item of idxItems(join(folder, pair.images), 'images', header)) {
        findings.picture(pictureOf(pair, header, item, index, labels?.[index]));
        index++;
        if (++done % 1000 === 0) {
          progress(done, total);
          throwIfCancelled(signal);
        }
      }
      countOf.set(pair, header.count);
    });
  }
  progress(done, total);
  const classes = classNames([...labelsOf.values()]);
  const set = [...labelsOf.values()].map(recognise).find((each) => each !== null) ?? null;
  const splits = [...countOf].map(([pair, images]): SplitInspection => {
    const labels = labelsOf.get(pair);
    return { split: pair.split, images, perClass: labels ? countClasses(labels, classes.length) : [] };
  });
  return findings.finish({
    dataset: 'idx',
    title: set?.title ?? 'IDX images',
    expected,
    found: await describeFolder(folder),
    splits,
    classes,
    channels: 1,
    licence: set?.licence ?? null,
    source: set?.source ?? null,
    splitRule: null,
  });
}

/** Runs `work` on a file; what is wrong with the file becomes a fault that names it. */
async function reading<T>(folder: string, file: string, work: (path: string) => Promise<T>): Promise<T> {
  const path = join(folder, file);
  try {
    return await work(path);
  } catch (error) {
    throw new FaultError(
      'unreadable-file',
      `${path}: ${inEnglish(reasonOf(error))}.`,
      { file: path },
      { cause: error },
    );
  }
}

async function open(folder: string, split: string): Promise<OpenDataset> {
  const pairs = await findPairs(folder);
  const pair = pairs.find((each) => each.split === split);
  if (!pair) {
    const splits = pairs.map((each) => each.split).join(', ') || 'none';
    throw new FaultError('not-found', `${folder} has no split "${split}". It has: ${splits}.`, { split, folder });
  }
  const header = await reading(folder, pair.images, (path) => readIdxHeader(path, 'images'));
  const labelFiles = pairs.flatMap((each) => (each.labels === null ? [] : [each.labels]));
  const allLabels = new Map<string, Uint8Array>();
  for (const file of labelFiles) allLabels.set(file, await reading(folder, file, readIdxLabels));
  const labels = pair.labels === null ? null : allLabels.get(pair.labels)!;
  if (labels && labels.length !== header.count) {
    throw new FaultError(
      'unreadable-file',
      `${join(folder, pair.images)} holds ${header.count} images, but ${pair.labels} holds ${labels.length} labels.`,
      { file: join(folder, pair.images) },
    );
  }
  const images = openIdxImages(join(folder, pair.images), header);
  return {
    count: header.count,
    classes: classNames([...allLabels.values()]),
    channels: 1,
    labels: async () => labels && Int32Array.from(labels),
    async sample(index) {
      const pixels = await reading(folder, pair.images, () => images.image(index));
      return {
        image: { kind: 'raw', pixels, width: header.columns, height: header.rows, channels: 1 },
        target: classTarget(labels?.[index]),
        name: `${pair.images} image ${index}`,
      };
    },
    close: async () => images.close(),
  };
}

export const dataset = defineDataset({
  id: 'idx',
  title: 'IDX (MNIST, Fashion-MNIST, EMNIST)',
  licence: null,
  homepage: null,
  splits: ['train', 'test'],
  channels: 1,
  options: v.strictObject({}),
  expected,
  recognises: async (folder) => (await findPairs(folder)).length > 0,
  inspect,
  open,
});
