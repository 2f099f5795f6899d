/** Average precisions of any ranking. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AnnotatedImage, Detection } from '../objects.ts';
import { cocoFigures, cocoFigureNames, startCoco } from './coco.ts';
import { areaUnder, averageAt101, averageAt11, curveOf, pointsOf } from './precision-recall.ts';
import { startVoc, vocFigures } from './voc.ts';

const ranking = fc
  .uint8Array({ max: 1, maxLength: 60 })
  .chain((isRight) =>
    fc.integer({ min: 1, max: 20 }).map((more) => ({ isRight, positives: isRight.filter(Boolean).length + more })),
  );

describe('an average precision', () => {
  it('lies between 0 and 1, and is 1 when everything is found first', () => {
    fc.assert(
      fc.property(ranking, ({ isRight, positives }) => {
        for (const average of [averageAt101, averageAt11, areaUnder]) {
          const value = average(curveOf({ isRight, positives }));
          expect(value).toBeGreaterThanOrEqual(0);
          expect(value).toBeLessThanOrEqual(1);
          const all = new Uint8Array(positives).fill(1);
          expect(average(curveOf({ isRight: all, positives }))).toBeCloseTo(1, 12);
        }
      }),
    );
  });

  it('is the same for an image taken twice as for two equal images', () => {
    fc.assert(
      fc.property(ranking, ({ isRight, positives }) => {
        const twice = new Uint8Array(2 * isRight.length).map((_, at) => isRight[at >> 1]!);
        const drawn = { times: Uint16Array.of(2), image: new Int32Array(isRight.length) };
        for (const average of [averageAt101, averageAt11, areaUnder])
          expect(average(curveOf({ isRight, positives: 2 * positives }, drawn))).toBeCloseTo(
            average(curveOf({ isRight: twice, positives: 2 * positives })),
            12,
          );
      }),
    );
  });

  it('by 11 levels takes NumPy’s levels: a recall of exactly 3 tenths does not reach the fourth', () => {
    expect(averageAt11(curveOf({ isRight: Uint8Array.of(1, 1, 1), positives: 10 }))).toBeCloseTo(3 / 11, 12);
    expect(averageAt11(curveOf({ isRight: Uint8Array.of(1, 1, 1, 1), positives: 10 }))).toBeCloseTo(5 / 11, 12);
  });
});

it('a curve to draw keeps its last point and no more than asked for', () => {
  const isRight = Uint8Array.from({ length: 1000 }, (_, at) => at % 2);
  const score = Float64Array.from(isRight, (_, at) => 1 - at / 1000);
  const points = pointsOf({ isRight, positives: 1000, score }, 100);
  expect(points.length).toBe(100);
  expect(points.at(-1)).toMatchObject({ recall: 0.5, score: 1 - 999 / 1000 });
  expect(points.at(-1)!.precision).toBeCloseTo(0.5, 12);
  expect(pointsOf({ isRight: Uint8Array.of(0), positives: 3, score: Float64Array.of(0.5) })).toEqual([]);
});

const box = fc
  .tuple(fc.nat(30), fc.nat(30), fc.integer({ min: 1, max: 30 }), fc.integer({ min: 1, max: 30 }))
  .map(([left, top, width, height]) => [left, top, left + width, top + height] as const);
const label = fc.nat(1);
const scene = fc.record({
  objects: fc.array(fc.record({ class: label, box, crowd: fc.boolean(), difficult: fc.boolean() }), { maxLength: 5 }),
  detections: fc.array(fc.record({ class: label, box, score: fc.integer({ min: 0, max: 20 }) }), { maxLength: 8 }),
});

it('figures stay between 0 and 1, and scores may be changed by anything monotone', () => {
  fc.assert(
    fc.property(fc.array(scene, { minLength: 1, maxLength: 4 }), (scenes) => {
      const images = scenes.map(({ objects }, at): AnnotatedImage => ({
        file: `${at}`,
        id: `${at}`,
        width: 60,
        height: 60,
        objects: objects.map((each) => ({ ...each, area: 30 * (each.box[2] - each.box[0]), mask: null })),
      }));
      const valuesBy = (change: (score: number) => number): readonly (number | null)[] => {
        const evaluations = [startCoco(images, 2, 'boxes'), startVoc(images, 2, 'devkit')] as const;
        for (const evaluation of evaluations)
          scenes.forEach(({ detections }, at) => {
            const changed = detections.map((each): Detection => ({ ...each, score: change(each.score) }));
            evaluation.add(`${at}`, changed);
          });
        const coco = cocoFigures(evaluations[0].finish());
        const voc = vocFigures(evaluations[1].finish(), 'elevenLevels');
        return [...cocoFigureNames.map((name) => coco[name].value), voc.AP.value, voc.AP50.value];
      };
      const values = valuesBy((score) => score / 20);
      for (const value of values) if (value !== null) expect(value >= 0 && value <= 1 + 1e-12).toBe(true);
      expect(valuesBy((score) => score ** 3 - 5000)).toEqual(values);
    }),
  );
});
