/** What is drafted for imported vision transformers: images and layers as their programs' own evaluations have them. */
import { describe, expect, it, test } from 'vitest';
import type { Catalogue } from '../../../trainer/protocol/catalogue.ts';
import type { Inspection } from '../../../trainer/protocol/dataset.ts';
import type { RunConfig } from '../../../trainer/protocol/run.ts';
import { PixelsFrom, type ImportedWeights } from '../../../trainer/protocol/weights.ts';
import { completeConfig } from './check-config.ts';
import { imagesForWeights, layerForWeights, withDetectorOf } from './preprocessing.ts';

const inspection = { channels: 3, smallest: [300, 256], largest: [500, 500] } as unknown as Inspection;
const weights = (layout: string | null, id: string, options: ImportedWeights['encoder']['options']) =>
  ({ layout, channels: 3, encoder: { id, options } }) as ImportedWeights;

describe('images', () => {
  it.each([
    ['DINO', { imageSize: 224 }, 256, 224, 'bicubic'],
    // 518 px are those of the last epochs.
    ['DINOv2', { imageSize: 518 }, 256, 224, 'bicubic'],
    ['Hugging Face', { imageSize: 384 }, 439, 384, 'bilinear'],
    ['MoCo v3', { imageSize: 224 }, 256, 224, 'bilinear'],
  ] as const)('of %s, %j', (layout, options, resize, crop, interpolation) => {
    const { preprocessing } = imagesForWeights(weights(layout, 'vit', options), inspection);
    expect(preprocessing).toEqual({ resize, crop, interpolation });
  });

  it('are normalised with ImageNet’s statistics, or from -1 to 1 where the file tells it', () => {
    const given = weights('timm', 'vit', { imageSize: 224 });
    const half = [0.5, 0.5, 0.5];
    expect(imagesForWeights(given, inspection).normalization.mean).toEqual([0.485, 0.456, 0.406]);
    for (const pixelsFrom of PixelsFrom.options)
      expect(imagesForWeights({ ...given, pixelsFrom }, inspection).normalization).toEqual({ mean: half, std: half });
  });

  it('of a network of Caffe are levels around the mean, whatever its statistics', () => {
    const given = weights('detectron2', 'resnet-caffe2', { layers: '50', width: 64 });
    const { normalization } = imagesForWeights({ ...given, convention: { is: 'caffe2', from: 'norms' } }, inspection);
    expect(normalization).toEqual({ mean: [0.485, 0.456, 0.406], std: [1 / 255, 1 / 255, 1 / 255] });
  });

  it('of a residual network are those of torchvision’s weights, whatever its names', () => {
    const { preprocessing } = imagesForWeights(weights('torchvision', 'resnet-50', { stem: 'imagenet' }), inspection);
    expect(preprocessing).toEqual({ resize: 256, crop: 224, interpolation: 'bilinear' });
  });
});

test('a linear head reads of DINO’s networks what their own reads, everything else the class token', () => {
  const layer = (layout: string, width: number, evaluator: string) =>
    layerForWeights(weights(layout, 'vit', { width }), evaluator).layer;
  expect(layer('DINO', 384, 'linear')).toBe('class-4');
  expect(layer('iBOT', 768, 'linear')).toBe('class-patches');
  expect(layer('DINO', 384, 'knn')).toBeUndefined();
  expect(layer('MAE', 768, 'linear')).toBeUndefined();
});

test('a pretraining of an encoder for imported weights is refused by name', () => {
  const encoders = [
    { id: 'vit', title: 'ViT', options: [], evaluationOnly: true },
    { id: 'vit-s-16', title: 'ViT-S/16', options: [] },
  ];
  const execution = { device: 'cpu', precision: 'float32' };
  const config = { kind: 'pretrain', execution, encoders: [{ id: 'vit', options: {} }] } as unknown as RunConfig;
  expect(() => completeConfig(config, { encoders, evaluators: [] } as unknown as Catalogue)).toThrow(
    '"ViT" is for imported weights: it can be evaluated, not pretrained. Choose one of ViT-S/16.',
  );
});

describe('an imported detector', () => {
  const options = { norm: 'frozen', extraNorm: false };
  const detector = { evaluator: 'detection-c4', prefix: 'model.', classes: 2, options, tensors: 9 } as const;
  const data = { classes: ['bright', 'light'] };
  const drafted = (given: Record<string, string | number>, classes = data) =>
    withDetectorOf({ detector }, { id: 'detection-c4', options: given }, classes).options;

  it('is measured as it is by its own evaluator, unless something else is asked for', () => {
    expect(drafted({})).toEqual({ ...options, startFrom: 'detector', steps: 0 });
    expect(drafted({ steps: 500, norm: 'batch' })).toEqual({
      ...options,
      startFrom: 'detector',
      steps: 500,
      norm: 'batch',
    });
    expect(drafted({ startFrom: 'encoder' })).toEqual({ startFrom: 'encoder' });
  });

  it('is left alone on data with other classes, and by other evaluators', () => {
    expect(drafted({}, { classes: ['one', 'two', 'three'] })).toEqual({});
    expect(withDetectorOf({ detector }, { id: 'linear', options: {} }, data).options).toEqual({});
    expect(withDetectorOf({ detector: null }, { id: 'detection-c4', options: {} }, data).options).toEqual({});
  });

  it('may be measured on the only split of its data, from which it learns nothing', () => {
    const source = { dataset: 'coco', path: '/data', split: 'val' };
    const subject = { kind: 'pixels' };
    const recipe = {
      id: 'detection-c4',
      title: 'C4',
      targets: 'objects',
      options: [{ key: 'steps', kind: 'integer', default: 9 }],
    };
    const catalogue = { evaluators: [recipe], datasets: [{ id: 'coco' }] } as unknown as Catalogue;
    const config = (steps: number) =>
      ({
        kind: 'evaluate',
        execution: { device: 'cpu', precision: 'float32' },
        subject,
        evaluator: { id: 'detection-c4', options: { steps } },
        train: source,
        test: source,
      }) as unknown as RunConfig;
    expect(completeConfig(config(0), catalogue)).toMatchObject({ evaluator: { options: { steps: 0 } } });
    expect(() => completeConfig(config(9), catalogue)).toThrow('would be measured on the images it learns from');
  });
});
