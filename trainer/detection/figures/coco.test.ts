/** COCO's figures against pycocotools' (golden/coco.py). */
import { describe, expect, it } from 'vitest';
import type { AnnotatedImage, Detection } from '../objects.ts';
import { deviationOf, figuresHere, readGoldenCoco } from '../testing/golden-coco.ts';
import { cocoFigures, cocoTable, startCoco } from './coco.ts';

const golden = readGoldenCoco(new URL('../golden/coco.json', import.meta.url));

describe('the figures of pycocotools', () => {
  it.each(golden.cases.map((each) => [each.name, each] as const))('%s', (_, each) => {
    expect(deviationOf(each.boxes, figuresHere(each, 'boxes'))).toBeLessThan(1e-12);
    expect(deviationOf(each.masks, figuresHere(each, 'masks'))).toBeLessThan(1e-12);
  });
});

const object = { class: 0, box: [10, 10, 50, 50] as const, area: 1600, crowd: false, difficult: false, mask: null };
const image: AnnotatedImage = { file: 'one.jpg', id: 'one', width: 100, height: 80, objects: [object] };
const found: Detection = { class: 0, score: 0.5, box: [10, 10, 50, 50] };

describe('an evaluation', () => {
  it('without any detection is 0 and says why; a class without objects has no figure', () => {
    const matches = startCoco([image], 2, 'boxes').finish();
    expect(cocoFigures(matches).AP).toEqual({ value: 0, reason: 'no-detections' });
    expect(cocoFigures(matches).APs).toEqual({ value: null, reason: 'no-objects' });
    expect(cocoTable(matches)).toMatchObject([
      { objects: 1, detections: 0, figures: { AP: 0 } },
      { objects: 0, detections: 0, figures: { AP: null } },
    ]);
  });

  it('leaves a class without objects out of the mean, whatever was detected of it', () => {
    const evaluation = startCoco([image], 2, 'boxes');
    evaluation.add('one', [found, { ...found, class: 1 }]);
    const figures = cocoFigures(evaluation.finish());
    expect(figures.AP.value).toBeCloseTo(1, 12);
    expect(figures.AP.reason).toBeNull();
  });

  it('refuses an unknown image by name, one that comes twice, and values that are no numbers', () => {
    const evaluation = startCoco([image], 1, 'boxes');
    expect(() => evaluation.add('two', [])).toThrow('an image "two", which is none of the 1 annotated images');
    evaluation.add('one', []);
    expect(() => evaluation.add('one', [])).toThrow('image "one" were given twice');
    const wrong = (detection: Detection) => () => startCoco([image], 1, 'boxes').add('one', [detection]);
    expect(wrong({ ...found, score: Number.NaN })).toThrow('image "one" has the score NaN');
    expect(wrong({ ...found, box: [0, Number.NaN, 1, 1] })).toThrow('the box 0, NaN, 1, 1');
    expect(wrong({ ...found, class: 1 })).toThrow('of class 1; there are 1 classes');
    expect(() => startCoco([image, image], 1, 'boxes')).toThrow('Two images have the id "one"');
  });

  it('of masks refuses objects and detections without one', () => {
    expect(() => startCoco([image], 1, 'masks').add('one', [found])).toThrow('A detection in image "one" has no mask');
    const mask = { height: 80, width: 100, counts: [8000] };
    expect(() => startCoco([image], 1, 'masks').add('one', [{ ...found, mask }])).toThrow(
      'An object in image "one" has no mask',
    );
  });
});
