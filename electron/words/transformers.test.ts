/** What is told of imported vision transformers, in both languages. */
import { expect, test } from 'vitest';
import { HeadsFrom } from '../../trainer/protocol/weights.ts';
import { resizedInWords, transformerFacts } from './transformers.ts';

const options = { patch: 14, imageSize: 518, heads: 6, features: 'class' };

test('program, features, positions and heads', () => {
  const row = {
    layout: 'DINOv2',
    headsFrom: 'size',
    encoder: { id: 'vit', options: { ...options, positions: 'dino' } },
  };
  expect(transformerFacts('en', { ...row, headsFrom: 'size' }).map(({ name, text }) => `${name}: ${text}`)).toEqual([
    'Naming scheme: DINOv2',
    'Features: class token after the last layer norm',
    'Position embeddings: for 518 px (37 × 37 patches); resized bicubically for other sizes, by DINO’s scale factor, with its offset of 0.1',
    'Attention heads: 6, as published networks of this width have; a file of weights does not state it',
  ]);
  expect(transformerFacts('en', { encoder: { id: 'resnet-50', options: {} }, layout: 'torchvision' })).toEqual([]);
});

test('every way of resizing and of knowing the heads has words of its own', () => {
  for (const language of ['en', 'zh'] as const) {
    const texts = new Set<string>();
    for (const positions of ['size', 'dino', 'antialiased', 'corners'])
      for (const headsFrom of HeadsFrom.options) {
        const row = { layout: 'timm', headsFrom, encoder: { id: 'vit', options: { ...options, positions } } };
        const told = transformerFacts(language, row).map(({ text }) => text);
        expect(told.join()).not.toContain('undefined');
        texts.add(told.join());
      }
    expect(texts.size).toBe(4 * HeadsFrom.options.length);
  }
});

test('that positions are resized', () => {
  const grids = { from: '14 × 14', to: '24 × 24' };
  expect(resizedInWords('en', grids)).toBe(
    'Position embeddings are resized bicubically from 14 × 14 to 24 × 24 patches.',
  );
  expect(resizedInWords('zh', grids)).toContain('由 14 × 14 个图块用双三次插值缩放到 24 × 24 个');
});
