/** Parts of detectors against a script that computes them in float64 by their definitions (golden/pieces.py). */
import { readFileSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs';
import type { Tensor } from '@tensorflow/tfjs';
import fc from 'fast-check';
import * as v from 'valibot';
import { beforeAll, describe, expect, it } from 'vitest';
import { openEngine } from '../../engine/steps/open.ts';
import { deviation, formula } from '../../nn/testing/golden.ts';
import { Execution } from '../../protocol/run.ts';
import { anchorsOf } from './anchors.ts';
import { clipped, deltasOf, headCoding, moved, overlaps, proposalCoding } from './boxes.ts';
import { balancedSample, marked } from './choose.ts';
import { levelWeights } from './feature-pyramid.ts';
import { binaryCrossEntropySum, weightedCrossEntropy } from './losses.ts';
import { maskTargets } from './mask-head.ts';
import { matched } from './matcher.ts';
import { roiAlign } from './roi-align.ts';
import { suppressed } from './suppression.ts';

type Numbers = readonly number[];
type Table = readonly Numbers[];
interface Pieces {
  readonly anchors: Table;
  readonly overlaps: Table;
  readonly matches: Table;
  readonly halves: Table;
  readonly deltas: Table;
  readonly moved: Table;
  readonly scores: Numbers;
  readonly suppressed: Numbers;
  readonly pooled: Readonly<Record<'0' | '2', { readonly y: readonly unknown[]; readonly dx: readonly unknown[] }>>;
  readonly levels: Numbers;
  readonly mask: readonly Table[];
  readonly classes: { readonly loss: number; readonly gradient: Table };
  readonly binary: { readonly loss: number; readonly gradient: Numbers };
}
const golden = JSON.parse(readFileSync(new URL('golden/pieces.json', import.meta.url), 'utf8')) as Pieces;
const flat = (values: unknown): number[] => (values as unknown[]).flat(9) as number[];
const values = (tensor: Tensor): number[] => [...tensor.dataSync()];

beforeAll(() => openEngine(v.parse(Execution, { engine: 'eager', threads: 2 })));

/** As `boxes` of the script. */
function boxes(name: string, count: number, side: number, smallest = 2): Tensor {
  const drawn = Array.from(formula(name, [count, 4], 0.5), (value) => (value + 0.5) * side);
  const rows = Array.from({ length: count }, (_, row) => {
    const [a = 0, b = 0, c = 0, d = 0] = drawn.slice(4 * row, 4 * row + 4);
    const [left, top] = [Math.min(a, c), Math.min(b, d)];
    return [left, top, Math.max(a, c, left + smallest), Math.max(b, d, top + smallest)];
  });
  return tf.tensor(rows.flat(), [1, count, 4]);
}

it('anchors', () => {
  const shapes = { sizes: [32, 64], ratios: [0.5, 1, 2] };
  expect(deviation(anchorsOf({ rows: 2, columns: 3, stride: 16 }, shapes), flat(golden.anchors))).toBeLessThan(1e-6);
});

it('overlaps and matches', () => {
  const [regions, objects] = [boxes('regions', 40, 100), boxes('objects', 5, 100)];
  const overlap = overlaps(regions, objects);
  expect(deviation(values(overlap), flat(golden.overlaps))).toBeLessThan(1e-5);
  const kinds = [
    [golden.matches, { low: 0.3, high: 0.7, bestOfEachObject: true }],
    [golden.halves, { low: 0.5, high: 0.5, bestOfEachObject: false }],
  ] as const;
  for (const [expected, thresholds] of kinds) {
    const { object, positive, negative } = matched(overlap, tf.ones([1, 5]), thresholds);
    expect(values(object)).toEqual(expected.map(([at]) => at));
    expect(values(tf.sub(positive, negative))).toEqual(
      expected.map(([, label]) => (label === 0 ? -1 : Math.max(label!, 0))),
    );
  }
});

it('objects that fill the table up are matched by nothing', () => {
  const regions = boxes('regions', 40, 100);
  const objects = tf.concat([boxes('objects', 5, 100), boxes('others', 3, 100)], 1);
  const thresholds = { low: 0.3, high: 0.7, bestOfEachObject: true };
  const present = tf.tensor([[1, 1, 1, 1, 1, 0, 0, 0]]);
  const { object, positive } = matched(overlaps(regions, objects), present, thresholds);
  expect(values(object)).toEqual(golden.matches.map(([at]) => at));
  expect(values(positive)).toEqual(golden.matches.map(([, label]) => Math.max(label!, 0)));
  const none = matched(overlaps(regions, objects), tf.zeros([1, 8]), thresholds);
  expect(values(none.positive)).toEqual(new Array(40).fill(0));
  expect(values(none.negative)).toEqual(new Array(40).fill(1));
});

it('the coding of boxes', () => {
  const [regions, targets] = [boxes('regions', 40, 100), boxes('targets', 40, 100)];
  expect(deviation(values(deltasOf(regions, targets, headCoding)), flat(golden.deltas))).toBeLessThan(1e-5);
  const changes = tf.tensor(formula('changes', [160], 6), [1, 40, 4]);
  expect(deviation(values(moved(regions, changes, proposalCoding)), flat(golden.moved))).toBeLessThan(1e-5);
  const back = moved(regions, deltasOf(regions, targets, headCoding), headCoding);
  expect(deviation(values(back), values(targets))).toBeLessThan(1e-5);
});

it('boxes end at the edge of their own picture', () => {
  const wide = tf.tensor([-5, -5, 50, 50, 10, 10, 20, 20], [1, 2, 4]);
  expect(values(clipped(tf.tile(wide, [2, 1, 1]), tf.tensor2d([[30, 40], [15, 12]])))).toEqual([
    0, 0, 40, 30, 10, 10, 20, 20, 0, 0, 12, 15, 10, 10, 12, 15,
  ]); // prettier-ignore
});

it('suppression, of equal scores the earlier first', () => {
  const { index, used } = suppressed(boxes('many', 60, 60).reshape([60, 4]), tf.tensor1d([...golden.scores]), 0.4, 60);
  const count = golden.suppressed.length;
  expect(values(index).slice(0, count)).toEqual(golden.suppressed);
  expect(values(tf.sum(used))).toEqual([count]);
});

describe.each(['0', '2'] as const)('ROIAlign, samples %s', (samples) => {
  const pooled = [
    [3, 5, 80, 70],
    [20, 10, 31, 81],
    [-40, -30, 30, 30],
    [60, 40, 140, 105],
    [33, 33, 35, 36],
    [10, 7, 70, 7],
  ];
  const pooling = { bins: 3, scale: 1 / 8, samples: Number(samples) };
  it('and its gradient', () => {
    const features = tf.tensor(formula('features', [9 * 11 * 2], 1), [1, 9, 11, 2]);
    const dy = tf.tensor(formula('dy', [6 * 3 * 3 * 2], 1), [1, 6, 3, 3, 2]);
    const pool = (x: Tensor): Tensor => roiAlign(x, tf.tensor(pooled.flat(), [1, 6, 4]), tf.ones([1, 6]), pooling);
    expect(deviation(values(pool(features)), flat(golden.pooled[samples].y))).toBeLessThan(1e-5);
    const gradient = tf.grad((x) => tf.sum(tf.mul(pool(x), dy)))(features);
    expect(deviation(values(gradient), flat(golden.pooled[samples].dx))).toBeLessThan(1e-5);
  });
});

it('levels of a pyramid', () => {
  const sides = [10, 111.9, 112, 223, 224, 447, 448, 900];
  const squares = tf.tensor(
    sides.flatMap((side) => [0, 0, side, side]),
    [1, 8, 4],
  );
  const levels = [4, 8, 16, 32].map((stride) => ({ stride, features: tf.scalar(0) }));
  const weights = tf.stack([...levelWeights(squares, levels)], 2);
  expect(values(tf.argMax(weights, 2))).toEqual(golden.levels);
  expect(values(tf.sum(weights, 2))).toEqual(new Array(8).fill(1));
});

it('masks in the frames of regions', () => {
  // A row is one word of 32 pixels.
  const words = Array.from({ length: 20 }, (_, y) =>
    Array.from({ length: 24 }, (__, x) => ((x - 11) ** 2 + (y - 9) ** 2 < 49 ? 1 << x : 0)).reduce((a, b) => a | b, 0),
  );
  const masks = tf.tensor(words, [1, 1, 20, 1], 'int32');
  const frames = tf.tensor([4, 2, 18, 16, 8, 1, 23, 19.5, 0, 0, 5, 5], [1, 3, 4]);
  expect(values(maskTargets(frames, tf.zeros([1, 3], 'int32'), masks, 7))).toEqual(flat(golden.mask));
});

it('losses count the rows that were drawn', () => {
  const logits = tf.tensor(formula('logits', [30], 4), [6, 5]);
  const labels = tf.tensor1d([0, 1, 2, 3, 4, 4], 'int32');
  const weight = tf.tensor1d([1, 1, 0, 1, 1, 0]);
  const { value, grad } = tf.valueAndGrad((x) => weightedCrossEntropy(x, labels, weight))(logits);
  expect(values(value)[0]).toBeCloseTo(golden.classes.loss, 5);
  expect(deviation(values(grad), flat(golden.classes.gradient))).toBeLessThan(1e-5);
  const binary = tf.tensor1d(formula('binary', [12], 30));
  const truths = tf.tensor1d([1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0]);
  const both = tf.valueAndGrad((x) => binaryCrossEntropySum(x, truths, tf.ones([12])))(binary);
  expect(values(both.value)[0]).toBeCloseTo(golden.binary.loss, 3);
  expect(deviation(values(both.grad), golden.binary.gradient)).toBeLessThan(1e-5);
});

it('a sample has as many positive places as there may be, none twice, and is filled by repetition', () => {
  const cases = fc.record({
    labels: fc.array(fc.constantFrom(-1, 0, 1), { minLength: 4, maxLength: 40 }),
    count: fc.integer({ min: 1, max: 12 }),
    share: fc.integer({ min: 1, max: 12 }),
    seed: fc.integer({ min: 0, max: 1000 }),
  });
  fc.assert(
    fc.property(cases, ({ labels, count, share, seed }) => {
      tf.tidy(() => {
        const size = { count, mostPositive: Math.min(share, count) };
        const row = tf.tensor2d([labels]);
        const is = (label: number): Tensor => tf.cast(tf.equal(row, label), 'float32');
        const order = tf.tensor(formula(`order ${seed}`, [labels.length], 0.4999, 0.5), [1, labels.length]);
        const { index, positive, drawn } = balancedSample(is(1), is(0), order, size);
        const [places, ones, used] = [values(index), values(positive), values(drawn)];
        const [positives, negatives] = [1, 0].map((label) => labels.filter((one) => one === label).length);
        const wanted = Math.min(positives!, size.mostPositive);
        const filled = Math.min(count, wanted + negatives!);
        expect(ones.filter((one) => one === 1)).toHaveLength(wanted);
        expect(used.filter((one) => one === 1)).toHaveLength(filled);
        expect(new Set(places.slice(0, filled)).size).toBe(filled);
        places.slice(0, filled).forEach((place, slot) => expect(labels[place]).toBe(slot < wanted ? 1 : 0));
        if (filled > 0) places.forEach((place, slot) => expect(place).toBe(places[slot % filled]));
        const marks = values(marked(index, drawn, labels.length));
        expect(marks.filter((mark) => mark === 1)).toHaveLength(filled);
        expect(marks.every((mark) => mark === 0 || mark === 1)).toBe(true);
      });
    }),
    { numRuns: 60 },
  );
});
