/** What the search for identifiers finds, and what it passes over. */
import { expect, test } from 'vitest';
import { identifiersIn, programIdentifiers } from './testing/identifiers.ts';

const known = programIdentifiers();

test('ids, keys, metrics and codes are found as whole words, in both languages', () => {
  for (const name of [
    'vicreg',
    'resnet-18',
    'cosine-per-epoch',
    'stemStride',
    'embeddingStd',
    'top1',
    'dataset-changed',
  ])
    for (const text of [name, `the ${name}.`, `“${name}”`, `编码器${name}，宽度`, `${name}: 3`])
      expect(identifiersIn(text, known), text).toEqual([name]);
  expect(identifiersIn('probe/top1 of 3', known)).toEqual(['probe/top1']);
});

test('names, words, commands and paths are none', () => {
  for (const text of [
    'VICReg with ResNet-18, semi-supervised, linear, in float32',
    'npm run reprise -- run --method vicreg --preset vicreg-small',
    '  reprise resume 20260101-000000-abcdef --set whenNotFinite.policy=lower-rate',
    '--set execution.chunk=64',
    '/data/fashion-mnist/idx and C:\\data\\resnet-18',
    'runs/a/exports/resnet-18.pth',
    'resnet-18-step-40.pth',
  ])
    expect(identifiersIn(text, known), text).toEqual([]);
});
