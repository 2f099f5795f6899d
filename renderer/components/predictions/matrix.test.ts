/** The matrix of confusions: which of many classes are shown, and what is counted in a cell. */
import { expect, test } from 'vitest';
import type { PredictedClass } from '../../../electron/api/predictions.ts';
import { matrixCells, matrixClasses, worstFirst } from './matrix.ts';

const classOf = (images: number, right: number): PredictedClass => ({
  name: '',
  images,
  right,
  taken: 0,
  interval: null,
});

test('few classes are all shown; of many those of the most frequent confusions, or those of a chosen one', () => {
  const few = { classes: Array.from({ length: 16 }, () => classOf(10, 5)), confusions: [] };
  expect(matrixClasses(few, null)).toHaveLength(16);
  const many = {
    classes: Array.from({ length: 1000 }, () => classOf(50, 40)),
    confusions: Array.from({ length: 500 }, (_, at) => ({ label: at, guess: 999 - at, images: 500 - at })),
  };
  expect(matrixClasses(many, null)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 992, 993, 994, 995, 996, 997, 998, 999]);
  expect(matrixClasses(many, 700)).toEqual([299, 700]);
  expect(matrixClasses({ ...many, confusions: [] }, 3)).toEqual([3]);
});

test('a cell counts the images of its row that were taken for its column', () => {
  const given = {
    classes: [classOf(4, 1), classOf(3, 3), classOf(0, 0)],
    confusions: [
      { label: 0, guess: 2, images: 2 },
      { label: 0, guess: 1, images: 1 },
    ],
  };
  expect(matrixCells(given, [0, 1, 2])).toEqual([
    [1, 1, 2],
    [0, 3, 0],
    [0, 0, 0],
  ]);
  expect(matrixCells(given, [0, 2])).toEqual([
    [1, 2],
    [0, 0],
  ]);
  expect(worstFirst(given.classes)).toEqual([0, 1, 2]);
  expect(worstFirst([classOf(0, 0), classOf(2, 2), classOf(2, 1), classOf(4, 2)])).toEqual([2, 3, 1, 0]);
});
