/** Kinds of errors in pictures drawn for them. */
import { describe, expect, it } from 'vitest';
import type { Box } from '../boxes.ts';
import type { AnnotatedImage, AnnotatedObject, Detection } from '../objects.ts';
import { annotated, detected, readGoldenCoco } from '../testing/golden-coco.ts';
import { startCoco } from './coco.ts';
import { type DetectionError, errorsOf, tallyErrors } from './errors.ts';
import { countedOf } from './match-table.ts';
import { startVoc } from './voc.ts';

const object = (label: number, box: Box, more: Partial<AnnotatedObject> = {}): AnnotatedObject => ({
  class: label,
  box,
  area: 100,
  crowd: false,
  difficult: false,
  mask: null,
  ...more,
});
const found = (label: number, score: number, box: Box): Detection => ({ class: label, score, box });
const square: Box = [0, 0, 20, 20];

function errors(objects: readonly AnnotatedObject[], detections: readonly Detection[], rules: 'coco' | 'voc' = 'coco') {
  const image: AnnotatedImage = { file: 'a.jpg', id: 'a', width: 200, height: 200, objects };
  const start = rules === 'coco' ? startCoco([image], 3, 'boxes') : startVoc([image], 3, 'devkit');
  return errorsOf(image, start.add('a', detections));
}

const brief = (list: readonly DetectionError[]) => list.map(({ kind, overlap }) => [kind, Number(overlap.toFixed(3))]);

describe.each(['coco', 'voc'] as const)('by the matches of %s', (rules) => {
  it('an object found is no error; found again it is a duplicate', () => {
    const detections = [found(0, 0.9, square), found(0, 0.8, [0, 0, 20, 18])];
    expect(brief(errors([object(0, square)], detections, rules))).toEqual([['duplicate', 0.9]]);
  });

  it('a box that is too far off is a localisation, and its object is not missed as well', () => {
    const [error, ...others] = errors([object(0, square)], [found(0, 0.9, [0, 0, 20, 8])], rules);
    expect(error).toMatchObject({ kind: 'localisation', image: 'a', object: { box: square }, overlap: 0.4 });
    expect(others).toEqual([]);
  });

  it('another class at the right place is a confusion of classes, at a wrong place it is both', () => {
    expect(brief(errors([object(0, square)], [found(1, 0.9, square)], rules))).toEqual([['class', 1]]);
    expect(brief(errors([object(0, square)], [found(1, 0.9, [0, 0, 20, 8])], rules))).toEqual([
      ['both', 0.4],
      ['missed', 0],
    ]);
  });

  it('what lies on nothing is background, and an object that nothing is near is missed', () => {
    const [first, second] = errors([object(0, square)], [found(0, 0.9, [100, 100, 120, 120])], rules);
    expect(first).toMatchObject({ kind: 'background', object: null, overlap: 0 });
    expect(second).toMatchObject({ kind: 'missed', detection: null, object: { class: 0 } });
  });
});

it('crowds and difficult objects neither cause nor excuse errors', () => {
  const detections = [found(0, 0.9, square), found(0, 0.8, square)];
  expect(errors([object(0, square, { crowd: true })], detections)).toEqual([]);
  expect(errors([object(0, square, { difficult: true })], detections, 'voc')).toEqual([]);
  expect(errors([object(0, square, { crowd: true }), object(0, square, { difficult: true })], [])).toEqual([]);
});

it('every detection that counts and is not right has a kind, in drawn cases', () => {
  for (const golden of readGoldenCoco(new URL('../golden/coco.json', import.meta.url)).cases) {
    const evaluation = startCoco(annotated(golden), 4, 'boxes');
    const tally = tallyErrors(4, 3);
    let all = 0;
    for (const image of annotated(golden)) {
      const list = errorsOf(image, evaluation.add(image.id, detected(golden, Number(image.id))));
      all += list.length;
      tally.add(list);
    }
    const matches = evaluation.finish();
    const { missed, ...wrong } = tally.counts;
    matches.classes.forEach((_, label) => {
      const { isRight } = countedOf(matches, label, { threshold: 0, area: 0 });
      const kinds = Object.values(wrong).reduce((sum, byClass) => sum + byClass[label]!, 0);
      // Boxes larger than any area range count for COCO as nothing at all.
      const immense = golden.name === 'boxes that are none' && label === 0 ? 2 : 0;
      expect(kinds - immense, golden.name).toBe(isRight.filter((is) => is === 0).length);
    });
    const counted = Object.values(tally.counts).reduce((sum, byClass) => sum + byClass.reduce((a, b) => a + b, 0), 0);
    expect(counted).toBe(all);
    const scores = tally.worst('background').map(({ detection }) => detection!.score);
    expect(scores.length).toBeLessThanOrEqual(3);
    expect(scores).toEqual([...scores].sort((one, other) => other - one));
  }
});

it('a tally keeps the errors of the highest scores, however many come', () => {
  const tally = tallyErrors(1, 10);
  for (let at = 0; at < 1000; at++)
    tally.add([
      {
        kind: 'background',
        image: 'a',
        detection: found(0, ((at * 7919) % 1000) / 1000, square),
        object: null,
        overlap: 0,
      },
    ]);
  expect(tally.counts.background[0]).toBe(1000);
  expect(tally.worst('background').map(({ detection }) => detection!.score)).toEqual(
    Array.from({ length: 10 }, (_, at) => (999 - at) / 1000),
  );
});
