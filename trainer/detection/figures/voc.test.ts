/** PASCAL VOC's average precision against an independent script (golden/voc.py). */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Box } from '../boxes.ts';
import type { AnnotatedImage } from '../objects.ts';
import {
  roundedThroughText,
  startVoc,
  type VocAverage,
  vocFigures,
  vocPrecision,
  type VocRules,
  vocTable,
  vocThresholds,
} from './voc.ts';

/** First and last pixel, counted from 1. */
type PixelBox = readonly [number, number, number, number];

interface GoldenCase {
  readonly name: string;
  readonly images: readonly {
    readonly id: string;
    readonly objects: readonly { readonly class: number; readonly difficult: boolean; readonly box: PixelBox }[];
  }[];
  /** Image, class, score, box. */
  readonly lines: readonly (readonly [string, number, number, PixelBox])[];
  /** [classes, thresholds]; null without objects that count. */
  readonly expected: Record<VocRules, Record<VocAverage, readonly (readonly (number | null)[])[]>>;
}

const golden = JSON.parse(
  readFileSync(new URL('../golden/voc.json', import.meta.url), 'utf8'),
) as readonly GoldenCase[];

const boxOf = ([left, top, right, bottom]: PixelBox): Box => [left - 1, top - 1, right, bottom];

const annotated = ({ images }: GoldenCase): readonly AnnotatedImage[] =>
  images.map(({ id, objects }) => ({
    file: `${id}.jpg`,
    id,
    width: 100,
    height: 100,
    objects: objects.map(({ class: label, difficult, box }) => ({
      class: label,
      box: boxOf(box),
      area: 0,
      crowd: false,
      difficult,
      mask: null,
    })),
  }));

function matched(each: GoldenCase, rules: VocRules) {
  const evaluation = startVoc(annotated(each), 4, rules);
  for (const { id } of each.images)
    evaluation.add(
      id,
      each.lines
        .filter(([image]) => image === id)
        .map(([, label, score, box]) => ({ class: label, score, box: boxOf(box) })),
    );
  return evaluation.finish();
}

describe.each(['devkit', 'detectron2'] as const)('by the rules of %s', (rules) => {
  it.each(golden.map((each) => [each.name, each] as const))('%s', (_, each) => {
    const matches = matched(each, rules);
    for (const average of ['elevenLevels', 'area'] as const) {
      const expected = each.expected[rules][average];
      expected.forEach((byThreshold, label) =>
        byThreshold.forEach((value, threshold) => {
          const own = vocPrecision(matches, label, threshold, average);
          if (value === null) expect(own).toBeNull();
          else expect(Math.abs(own! - value)).toBeLessThan(1e-12);
        }),
      );
      const known = expected.filter(([first]) => first !== null) as readonly (readonly number[])[];
      const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
      const figures = vocFigures(matches, average);
      expect(figures.AP.value).toBeCloseTo(mean(known.map(mean)), 12);
      expect(figures.AP50.value).toBeCloseTo(mean(known.map(([first]) => first!)), 12);
      expect(figures.AP75.value).toBeCloseTo(mean(known.map((row) => row[5]!)), 12);
    }
  });
});

const find = (name: string): GoldenCase => golden.find((each) => each.name === name)!;

it('an overlap of exactly a half is enough for the devkit and too little for detectron2', () => {
  const found = (rules: VocRules): number => matched(find('exactly half'), rules).classes[0]!.matched[0]! & 1;
  expect([found('devkit'), found('detectron2')]).toEqual([1, 0]);
});

it('a difficult object is no object, and finding it is no error', () => {
  const [line] = vocTable(matched(find('exactly half'), 'devkit'), 'area');
  expect(line).toMatchObject({ objects: 2, detections: 5 });
  expect(line!.figures.AP50).toBeCloseTo(1, 12);
});

it('without detections the figures are 0, with the reason', () => {
  const each = find('no detections');
  expect(vocFigures(matched(each, 'devkit'), 'area').AP50).toEqual({ value: 0, reason: 'no-detections' });
});

it('thresholds are those of detectron2', () => {
  expect(vocThresholds).toEqual([0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95]);
});

it.each([
  [0.0625, 3, 0.062],
  [0.1875, 3, 0.188],
  [0.0005, 3, 0.001],
  [0.9996, 3, 1],
  [1.25, 1, 1.2],
  [1.75, 1, 1.8],
  [-1.25, 1, -1.2],
  [-0.25, 1, -0.2],
  [12, 1, 12],
])('%d with %i decimals is %d, as in Python', (value, decimals, expected) => {
  expect(roundedThroughText(value, decimals)).toBe(expected);
});
