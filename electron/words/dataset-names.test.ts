import { expect, it } from 'vitest';
import { suggestedName } from './dataset-names.ts';

it.each([
  ['image-folder', 'Image folder', '/data/flowers/', 'flowers'],
  ['image-folder', 'ImageNet-100', '/data/subset', 'ImageNet-100'],
  ['voc', 'VOC07', '/data/VOCdevkit/VOC2007', 'VOC07'],
  ['idx', 'IDX images', 'C:\\data\\letters', 'letters'],
  ['imagenet', 'ImageNet', '/data/ILSVRC2012', 'ImageNet'],
])('%s, called %s, in %s is "%s"', (dataset, title, path, name) => {
  expect(suggestedName({ dataset, title, path })).toBe(name);
});
