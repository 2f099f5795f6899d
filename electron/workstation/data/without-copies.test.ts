/** Figures without the images that have copies in training data, on ten images by hand. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, expect, test } from 'vitest';
import { copiesFile, type CopyPair } from '../../../trainer/protocol/copies.ts';
import type { RunConfig } from '../../../trainer/protocol/run.ts';
import type { StoredDataset, StoredResult, StoredRun } from '../store/store.ts';
import { figuresWithoutCopies, withoutCopies } from './without-copies.ts';

const folder = mkdtempSync(join(tmpdir(), 'reprise-copies-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** 8 of 10 are right; 5 and 9 are wrong. */
const correct = Uint8Array.of(1, 1, 1, 1, 1, 0, 1, 1, 1, 0);
const top1 = { value: 80, n: 10 };
const copied = new Map([
  [0, new Set(['train'])],
  [3, new Set(['val'])],
  [5, new Set(['train', 'val'])],
  [7, new Set(['unlabeled'])],
]);

test('images with a copy in a split that the model learned from are left out, right and wrong ones', () => {
  // Without 0 (right) and 5 (wrong): 7 of 8.
  expect(withoutCopies(top1, correct, copied, new Set(['train']))).toEqual({
    images: 2,
    value: 87.5,
    splits: ['train'],
  });
  // Without 7 too: 6 of 7.
  expect(withoutCopies(top1, correct, copied, new Set(['train', 'unlabeled']))).toEqual({
    images: 3,
    value: 600 / 7,
    splits: ['train', 'unlabeled'],
  });
});

test('there is no such figure without copies, of another kind of figure, or if no image is left', () => {
  expect(withoutCopies(top1, correct, copied, new Set(['trainval']))).toBeNull();
  expect(withoutCopies({ value: 61.2, n: 10 }, correct, copied, new Set(['train']))).toBeNull();
  expect(withoutCopies({ value: 80, n: 9 }, correct, copied, new Set(['train']))).toBeNull();
  const all = new Map([...correct.keys()].map((place) => [place, new Set(['train'])]));
  expect(withoutCopies(top1, correct, all, new Set(['train']))).toMatchObject({ images: 10, value: null });
});

const source = (split: string, fingerprint = 'f1') => ({ dataset: 'image-folder', path: '/data', split, fingerprint });
const evaluation = (test: object) =>
  ({
    folder,
    config: { kind: 'evaluate', subject: { kind: 'run', run: 'encoder' }, train: source('train'), test } as RunConfig,
  }) as StoredRun;
const pretraining = (data: object) => ({ config: { kind: 'pretrain', data } as RunConfig }) as StoredRun;

test('the copies are those in the data of the head and of the encoder, for just the images that were tested on', async () => {
  const picture = (split: string, index: number) => ({ split, index, file: '', class: null, width: 1, height: 1 });
  const pairs = [...copied].flatMap(([place, splits]) =>
    [...splits].map((split): CopyPair => ({
      picture: picture('test', place),
      copyOf: picture(split, 0),
      exact: false,
      changes: [],
      likeness: 1,
    })),
  );
  writeFileSync(join(folder, copiesFile('f1')), pairs.map((pair) => `${JSON.stringify(pair)}\n`).join(''));
  writeFileSync(join(folder, 'top1.bin.gz'), gzipSync(correct));
  const datasets = [{ fingerprint: 'f1', inspection: { splits: [{ split: 'test', images: 10 }] } } as StoredDataset];
  const result = { ...top1, metric: 'top1', perImage: 'top1.bin.gz' };
  const results = [{ result }, { result: { ...result, n: 9 } }, { result: top1 }] as StoredResult[];
  const figures = (test: object, data: object) =>
    figuresWithoutCopies(evaluation(test), results, {
      datasetsFolder: folder,
      store: { run: () => Promise.resolve(pretraining(data)), datasets: () => Promise.resolve(datasets) },
    });
  const images = async (...given: Parameters<typeof figures>) => (await figures(...given)).map((one) => one?.images);
  expect(await images(source('test'), source('train'))).toEqual([2, undefined, undefined]);
  expect(await images(source('test'), source('unlabeled'))).toEqual([3, undefined, undefined]);
  // An encoder of other data: only the head's split counts.
  expect(await images(source('test'), source('unlabeled', 'f2'))).toEqual([2, undefined, undefined]);
  // Nothing is known of other data, nor of a part of the split.
  expect(await images(source('test', 'f2'), source('train'))).toEqual([undefined, undefined, undefined]);
  const part = { ...source('test'), subset: { kind: 'share', share: 0.5, seed: 1 } };
  expect(await images(part, source('train'))).toEqual([undefined, undefined, undefined]);
});
