/** Sentences of an inspection on annotated objects: what is there, and what is wrong with it and becomes of it. */
import type { SplitInspection } from '../../protocol/dataset.ts';
import type { ObjectProblem, ObjectProblemKind } from '../../protocol/objects.ts';

const count = (number: number, one: string, many = `${one}s`): string => `${number} ${number === 1 ? one : many}`;

/** The begin of a sentence on so many of them, after the name of the split. */
const sentences: Readonly<Record<ObjectProblemKind, (number: number) => string>> = {
  normalised: () =>
    'all boxes lie between 0 and 1: they are parts of the width and height, where pixels are needed. Multiply them, or export them in pixels; nothing can be learned from them as they are',
  'box-order': () =>
    'the boxes look as if they were written in the other order: left, top, right, bottom where left, top, width, height are needed, or the reverse. Nothing was changed: look at the boxes, and export them anew',
  'no-annotations': (n) => `${count(n, 'picture has', 'pictures have')} no file of annotations`,
  unreadable: (n) => `the annotations of ${count(n, 'picture')} cannot be read`,
  'unknown-image': (n) => `${count(n, 'object is', 'objects are')} in pictures that are not listed: left out`,
  'unknown-class': (n) => `${count(n, 'object is', 'objects are')} of classes that are not listed: left out`,
  'repeated-image': (n) => `${count(n, 'picture has', 'pictures have')} the id of an earlier one: left out`,
  'no-numbers': (n) => `${count(n, 'box is', 'boxes are')} missing or no four numbers: left out`,
  reversed: (n) => `${count(n, 'box ends', 'boxes end')} before the beginning: left out`,
  'no-area': (n) => `${count(n, 'box has', 'boxes have')} no area: left out`,
  outside: (n) => `${count(n, 'box lies', 'boxes lie')} outside the picture: left out`,
  beyond: (n) => `${count(n, 'box goes', 'boxes go')} beyond the picture by more than a pixel: cut at its edge`,
  'below-a-pixel': (n) =>
    `${count(n, 'box is', 'boxes are')} narrower or lower than a pixel: used as ${n === 1 ? 'it is' : 'they are'}`,
  crowded: (n) =>
    `${count(n, 'picture shows', 'pictures show')} more than 100 objects: all are learned from, and an evaluation takes 100 detections a picture`,
  'odd-ring': (n) => `${count(n, 'polygon has', 'polygons have')} an x without a y: left out of the mask`,
  'short-ring': (n) => `${count(n, 'polygon has', 'polygons have')} fewer than three points: left out of the mask`,
  'ring-no-numbers': (n) =>
    `${count(n, 'polygon has', 'polygons have')} a point that is no number, or far away: left out of the mask`,
  'run-lengths': (n) => `the run lengths of ${count(n, 'mask')} do not fit its size: left out, the box stays`,
  hidden: (n) => `${count(n, 'object is', 'objects are')} wholly behind another: left out`,
  area: (n) =>
    `${count(n, 'object states', 'objects state')} an area that is not that of the mask: the stated one counts, as in the official evaluation`,
  size: (n) =>
    `the stated size of ${count(n, 'picture')} is not that of the file: boxes may lie elsewhere. Export the annotations anew from these files`,
};

const mostNamed = 3;

function sentencesOf(split: string, problems: readonly ObjectProblem[]): readonly string[] {
  return problems.map(({ kind, count: number, examples }) => {
    const named = examples.slice(0, mostNamed).join(', ');
    return `${split}: ${sentences[kind](number)}. ${named === '' ? '' : `For example ${named}.`}`.trimEnd();
  });
}

/** What is wrong with the objects of each split, in sentences. */
export const objectWarnings = (splits: readonly SplitInspection[]): readonly string[] =>
  splits.flatMap(({ split, objects }) => (objects ? sentencesOf(split, objects.problems) : []));
