/** Pictures that lie in train and val are found however they were saved, and told from pictures that are only alike. */
import { expect, test } from 'vitest';
import { writeSampleSet } from '../../data/sample/sample-set.ts';
import { inspectFolder } from '../../data/listing/inspect.ts';
import { inTemporaryFolder } from '../../data/testing/small-datasets.ts';
import type { CopyPair } from '../../protocol/copies.ts';
import { writeLeaks } from './leaks.ts';

async function inspect(folder: string, signal = new AbortController().signal) {
  let copies: readonly CopyPair[] = [];
  const details = { damaged: () => undefined, copies: (pairs: readonly CopyPair[]) => void (copies = pairs) };
  const inspection = await inspectFolder(folder, null, () => undefined, signal, { contents: true, details });
  return { inspection, copies };
}

test('copies saved again, resized, mirrored and with other metadata are found, each with its kind', () =>
  inTemporaryFolder(async (folder) => {
    await writeLeaks(folder);
    const { inspection, copies } = await inspect(folder);
    const found = copies.map(({ picture, copyOf, exact, changes }) => [picture.file, copyOf.file, exact, ...changes]);
    expect(found.sort()).toEqual([
      ['val/a/000.jpg', 'train/a/again.jpg', false],
      ['val/a/000.jpg', 'train/a/half.jpg', false, 'resized'],
      ['val/a/000.jpg', 'train/a/mirror.jpg', false, 'mirrored'],
      ['val/a/001.jpg', 'train/a/exact.jpg', true],
      ['val/a/002.jpg', 'train/a/comment.jpg', false],
    ]);
    expect(inspection.leaks).toEqual([['train/a/exact.jpg', 'val/a/001.jpg']]);
    expect(inspection.nearDuplicates).toMatchObject({ count: 4, leaked: 2 });
    expect(inspection.nearDuplicates!.pairs).toEqual(copies.filter(({ exact }) => !exact));
    const half = copies.find(({ changes }) => changes.includes('resized'))!;
    expect(half.picture).toEqual({ split: 'val', index: 0, file: 'val/a/000.jpg', class: 'a', width: 96, height: 64 });
    expect(half.copyOf).toMatchObject({ split: 'train', class: 'a', width: 48, height: 32 });
  }));

test('the built-in sample set has none', () =>
  inTemporaryFolder(async (folder) => {
    await writeSampleSet({ folder: `${folder}/set`, seed: 1, train: 300, val: 100 });
    const { inspection, copies } = await inspect(`${folder}/set`);
    expect(inspection.nearDuplicates).toEqual({ count: 0, leaked: 0, pairs: [], plain: 0 });
    expect(copies).toEqual([]);
  }));
