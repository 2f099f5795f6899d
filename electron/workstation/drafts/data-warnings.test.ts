import { expect, test } from 'vitest';
import type { Inspection } from '../../../trainer/protocol/dataset.ts';
import type { PretrainConfig } from '../../../trainer/protocol/run.ts';
import type { StoredDataset } from '../store/store.ts';
import { dataWarnings } from './data-warnings.ts';

const datasetOf = (images: number, duplicateCount: number) =>
  ({
    fingerprint: 'f',
    inspection: {
      splits: [{ split: 'train', images, perClass: [] }],
      duplicateCount,
      leakCount: 0,
    } as unknown as Inspection,
  }) as StoredDataset;
const configOf = (options: PretrainConfig['method']['options']) =>
  ({
    kind: 'pretrain',
    method: { id: 'any', options },
    data: { dataset: 'image-folder', path: '/data', split: 'train', fingerprint: 'f' },
  }) as PretrainConfig;
const codes = (options: PretrainConfig['method']['options'], images: number, duplicates = 0) =>
  dataWarnings(configOf(options), [datasetOf(images, duplicates)]).map(({ code, values }) => [code, values]);

test('more prototypes or words than images are named before the start', () => {
  expect(codes({ prototypes: 3000 }, 180)).toEqual([
    ['more-prototypes-than-images', { prototypes: 3000, images: 180 }],
  ]);
  expect(codes({ prototypes: [30, 400] }, 180)).toHaveLength(1);
  expect(codes({ words: 8192 }, 8191)).toHaveLength(1);
  expect(codes({ words: 8192 }, 8192)).toEqual([]);
  expect(codes({}, 2)).toEqual([]);
});

test('copies of one picture are named before the start', () => {
  expect(codes({}, 128, 127)).toEqual([['images-alike', { copies: 127, images: 128 }]]);
  expect(codes({}, 128, 10)).toEqual([]);
});
