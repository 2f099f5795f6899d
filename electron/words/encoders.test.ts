/** Names of encoders: words in both languages, whatever encoder of the registry with whatever options, and those of the papers. */
import { readdirSync, readFileSync } from 'node:fs';
import * as v from 'valibot';
import { expect, test } from 'vitest';
import { Catalogue } from '../../trainer/protocol/catalogue.ts';
import type { OptionDescription, Options, OptionValue } from '../../trainer/protocol/options.ts';
import { Paper } from '../../trainer/protocol/paper.ts';
import { encoderName } from '../workstation/comparison/subjects.ts';
import { chosenEncoderInWords, encoderInWords } from './encoders.ts';

const root = new URL('../../', import.meta.url);
const json = (path: string): unknown => JSON.parse(readFileSync(new URL(path, root), 'utf8'));
const languages = ['en', 'zh'] as const;
/** camelCase, an id in lower case with digits, a word of ours for an option's value. */
const identifier = /\b[a-z]+[A-Z]|_|\b[a-z]+-\d|\b(small|imagenet),|(true|false)$/;
const plain = (text: string): string => text.toLowerCase().replaceAll(/[^a-z0-9]/g, '');

function unusual({ kind, default: usual, choices, minimum, maximum }: OptionDescription): readonly OptionValue[] {
  if (kind === 'boolean') return [usual !== true];
  if (kind === 'choice') return (choices ?? []).filter((choice) => choice !== usual);
  return [minimum ?? 1, maximum ?? 2, Number(usual) * 2].filter(
    (value) => value !== usual && value <= (maximum ?? value),
  );
}

/** The defaults, each option alone at each unusual value, and the last unusual value of all. */
function optionSets(options: readonly OptionDescription[]): readonly Options[] {
  const alone = options.flatMap((option) => unusual(option).map((value) => ({ [option.key]: value })));
  return [{}, ...alone, Object.assign({}, ...alone) as Options];
}

test('an encoder, in both languages', () => {
  const name = 'resnet-18 stem small, stemStride 2, width 16';
  expect(encoderInWords('en', name)).toBe('ResNet-18, small stem with stride 2, width 16');
  expect(encoderInWords('zh', name)).toBe('ResNet-18，小图像输入层（stem），步幅 2，宽度 16');
  expect(encoderInWords('en', 'resnet-18 stem small, stemStride 1')).toBe('ResNet-18, small stem');
  const padded = 'resnet-18 stem small, stemPadding 2, stemStride 1';
  expect(encoderInWords('en', padded)).toBe('ResNet-18, small stem, stem padding 2');
  expect(encoderInWords('zh', padded)).toBe('ResNet-18，小图像输入层（stem），输入层填充 2');
  expect(encoderInWords('en', 'resnet-50')).toBe('ResNet-50');
  expect(encoderInWords('en', 'resnet-200x2')).toBe('ResNet-200 (2×)');
  expect(encoderInWords('zh', 'resnet-200x2')).toBe('ResNet-200（2×）');
  expect(encoderInWords('en', 'resnet-50 + vit-s-16 depth 8')).toBe('ResNet-50 + ViT-S/16, 8 blocks');
  expect(encoderInWords('zh', 'resnet-18 1-d + resnet-18')).toBe('一维 ResNet-18 + ResNet-18');
  expect(encoderInWords('zh', 'pixels')).toBe('原始像素');
});

test('an encoder that is chosen: of torchvision’s own layout nothing is told', () => {
  const resnet = (options: Options): string => chosenEncoderInWords('en', { id: 'resnet-50', options });
  expect(resnet({ stem: 'imagenet', stemStride: 1, width: 64, zeroInitResidual: false })).toBe('ResNet-50');
  expect(resnet({ stem: 'imagenet', width: 128 })).toBe('ResNet-50 (2×)');
  expect(resnet({ stem: 'small', stemStride: 2, width: 16 })).toBe('ResNet-50, small stem with stride 2, width 16');
  expect(resnet({ width: 16 })).toBe('ResNet-50, width 16');
  expect(resnet({ stem: 'small', stemPadding: 2, width: 64 })).toBe('ResNet-50, small stem, stem padding 2');
  expect(resnet({ stem: 'imagenet', stemPadding: 2, width: 64 })).toBe('ResNet-50');
});

test('an imported vision transformer is called by its published size', () => {
  const vit = (options: Options): string => chosenEncoderInWords('en', { id: 'vit', options });
  const small = { patch: 14, width: 384, depth: 12, heads: 6, imageSize: 518, positions: 'dino', registers: 4 };
  expect(vit({ ...small, layerScale: true })).toBe('ViT-S/14, position embeddings for 518 px, 4 registers, LayerScale');
  expect(vit({ width: 384, heads: 12 })).toBe('ViT-S/16, 12 attention heads');
  expect(vit({ width: 1280, depth: 32, heads: 16, patch: 14 })).toBe('ViT-H/14');
  expect(vit({ features: 'patches' })).toBe('ViT-B/16, mean of the patch tokens');
  expect(encoderInWords('zh', 'vit depth 2, heads 3, width 192')).toBe('ViT，图块边长 16，宽度 192，2 个块');
});

test('every encoder of the papers has a name', () => {
  const papers = readdirSync(new URL('resources/papers', root)).map((file) =>
    v.parse(Paper, json(`resources/papers/${file}`)),
  );
  const names = new Set(papers.flatMap(({ cells }) => cells.map(({ setting }) => setting.encoder)));
  expect(names.size).toBeGreaterThan(10);
  for (const name of names)
    for (const language of languages) expect(encoderInWords(language, name), name).not.toMatch(identifier);
});

// The build writes the catalogue; `npm test` builds first.
test('and so has every encoder with any options', () => {
  const catalogue = v.parse(Catalogue, json('out/catalogue.json'));
  expect(catalogue.encoders.length).toBeGreaterThan(4);
  for (const { id, title, options } of catalogue.encoders)
    for (const chosen of optionSets(options))
      for (const language of languages) {
        const name = encoderName(catalogue, { id, options: chosen });
        const text = encoderInWords(language, name);
        expect(text, name).not.toMatch(identifier);
        expect(chosenEncoderInWords(language, { id, options: chosen }), name).not.toMatch(identifier);
        expect(plain(text).startsWith(plain(title)), `${name}: ${text}`).toBe(true);
      }
});
