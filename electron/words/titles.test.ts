/** Titles of runs that were changed in the form or the terminal. */
import { readFileSync } from 'node:fs';
import * as v from 'valibot';
import { describe, expect, test } from 'vitest';
import { Catalogue } from '../../trainer/protocol/catalogue.ts';
import { EvaluateConfig, PretrainConfig } from '../../trainer/protocol/run.ts';
import { retitled, titleWithChanges } from './titles.ts';

const catalogue = v.parse(
  Catalogue,
  JSON.parse(readFileSync(new URL('../../out/catalogue.json', import.meta.url), 'utf8')),
);
const view = { size: 32, cropArea: [0.08, 1] as [number, number] };
const base = v.parse(PretrainConfig, {
  version: 1,
  kind: 'pretrain',
  title: 'VICReg small · Birds',
  seed: 0,
  execution: { threads: 1 },
  method: { id: 'vicreg', options: { invariance: 25 } },
  encoders: [{ id: 'resnet-18', options: { stem: 'imagenet', width: 64 } }],
  data: { dataset: 'image-folder', path: '/birds', split: 'train' },
  views: [view, view],
  normalization: { mean: [0.5], std: [0.5] },
  optimizer: { id: 'lars', options: { baseRate: 0.2, weightDecay: 1e-6 } },
  schedule: { id: 'warmup-cosine', options: { warmupEpochs: 10 } },
  batch: 256,
  epochs: 100,
});
const changed = (change: Partial<PretrainConfig>) => titleWithChanges(base, { ...base, ...change }, catalogue);
const lars = (options: PretrainConfig['optimizer']['options']) => ({
  optimizer: { id: 'lars', options: { ...base.optimizer.options, ...options } },
});

describe('a title says what was changed', () => {
  test.each([
    ['nothing', {}, 'VICReg small · Birds'],
    ['a rate', lars({ baseRate: 0.004 }), 'VICReg small · Birds · base lr 0.004'],
    ['two values', { batch: 64, epochs: 20 }, 'VICReg small · Birds · batch 64, epochs 20'],
    ['an option of several words', lars({ weightDecay: 0 }), 'VICReg small · Birds · weight decay 0'],
    ['both views', { views: [1, 2].map(() => ({ ...base.views[0]!, size: 64 })) }, 'VICReg small · Birds · size 64'],
    ['a recipe, not its options', { optimizer: { id: 'adamw', options: { rate: 1 } } }, 'VICReg small · Birds · AdamW'],
    ['the seed', { seed: 3 }, 'VICReg small · Birds · seed 3'],
    ['the version of resizing', { resizing: 'pillow-13' }, 'VICReg small · Birds · resizing pillow-13'],
    ['what it did before the choice', { resizing: 'pillow-12.1' }, 'VICReg small · Birds'],
    [
      'the encoder',
      { encoders: [{ id: 'resnet-50', options: { stem: 'imagenet', width: 64 } }] },
      'VICReg small · Birds · ResNet-50',
    ],
    [
      'what changes no result',
      { logEvery: 1, checkpoint: { everySeconds: 1, everySteps: 0, keepLast: 2 } },
      base.title,
    ],
    ['five values', { ...lars({ baseRate: 1, weightDecay: 2 }), batch: 8, epochs: 9, seed: 4 }, /, .*, .* \+ 2$/],
  ] as const)('%s', (_name, change, title) => {
    expect(changed(change as Partial<PretrainConfig>)).toEqual(
      typeof title === 'string' ? title : expect.stringMatching(title),
    );
  });

  test('one changed again has the new value alone', () => {
    const first = { ...base, batch: 64, seed: 2, title: changed({ batch: 64, seed: 2 }) };
    expect(titleWithChanges(first, { ...first, batch: 32 }, catalogue)).toBe(
      'VICReg small · Birds · seed 2 · batch 32',
    );
  });

  test('it is never longer than a title may be, and keeps what was changed', () => {
    const long = { ...base, title: 'x'.repeat(200) };
    const title = titleWithChanges(long, { ...long, batch: 64 }, catalogue);
    expect(title).toHaveLength(200);
    expect(title.endsWith(' · batch 64')).toBe(true);
  });
});

test('a title that a person wrote is kept; another follows every change', () => {
  const first = { ...base, batch: 64 };
  const followed = retitled(base, base, first, catalogue);
  expect(followed.title).toBe('VICReg small · Birds · batch 64');
  expect(retitled(base, followed, { ...followed, batch: 256 }, catalogue).title).toBe(base.title);
  const named = { ...followed, title: 'mine' };
  expect(retitled(base, followed, named, catalogue).title).toBe('mine');
  expect(retitled(base, named, { ...named, batch: 8 }, catalogue).title).toBe('mine');
});

test('an evaluation tells its options', () => {
  const knn = v.parse(EvaluateConfig, {
    version: 1,
    kind: 'evaluate',
    title: 'k-NN · mine',
    seed: 0,
    execution: { threads: 1 },
    subject: { kind: 'pixels' },
    evaluator: { id: 'knn', options: { k: 20 } },
    train: base.data,
    test: { ...base.data, split: 'val' },
    preprocessing: { resize: null, crop: 32 },
    normalization: base.normalization,
  });
  const other = { ...knn, evaluator: { id: 'knn', options: { k: 200 } } };
  expect(titleWithChanges(knn, other, catalogue)).toBe('k-NN · mine · k 200');
});
