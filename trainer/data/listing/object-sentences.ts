/** Sentences of an inspection on annotated objects: what is there, and what is wrong with it and becomes of it. */
import type { SplitInspection } from '../../protocol/dataset.ts';
import type { ObjectProblem, ObjectProblemKind } from '../../protocol/objects.ts';
import { said, type Sentence } from '../../protocol/sentence.ts';

/** What so many of them are, after the name of the split. */
const sentences: Readonly<Record<ObjectProblemKind, (count: number) => Sentence>> = {
  normalised: () =>
    said`all boxes lie between 0 and 1: they are parts of the width and height, where pixels are needed. Multiply them, or export them in pixels; nothing can be learned from them as they are`,
  'box-order': () =>
    said`the boxes look as if they were written in the other order: left, top, right, bottom where left, top, width, height are needed, or the reverse. Nothing was changed: look at the boxes, and export them anew`,
  'no-annotations': (count) =>
    count === 1 ? said`1 picture has no file of annotations` : said`${count} pictures have no file of annotations`,
  unreadable: (count) =>
    count === 1
      ? said`the annotations of 1 picture cannot be read`
      : said`the annotations of ${count} pictures cannot be read`,
  'unknown-image': (count) =>
    count === 1
      ? said`1 object is in a picture that is not listed: left out`
      : said`${count} objects are in pictures that are not listed: left out`,
  'unknown-class': (count) =>
    count === 1
      ? said`1 object is of a class that is not listed: left out`
      : said`${count} objects are of classes that are not listed: left out`,
  'repeated-image': (count) =>
    count === 1
      ? said`1 picture has the id of an earlier one: left out`
      : said`${count} pictures have the id of an earlier one: left out`,
  'no-numbers': (count) =>
    count === 1
      ? said`1 box is missing or no four numbers: left out`
      : said`${count} boxes are missing or no four numbers: left out`,
  reversed: (count) =>
    count === 1
      ? said`1 box ends before the beginning: left out`
      : said`${count} boxes end before the beginning: left out`,
  'no-area': (count) => (count === 1 ? said`1 box has no area: left out` : said`${count} boxes have no area: left out`),
  outside: (count) =>
    count === 1
      ? said`1 box lies outside the picture: left out`
      : said`${count} boxes lie outside the picture: left out`,
  beyond: (count) =>
    count === 1
      ? said`1 box goes beyond the picture by more than a pixel: cut at its edge`
      : said`${count} boxes go beyond the picture by more than a pixel: cut at its edge`,
  'below-a-pixel': (count) =>
    count === 1
      ? said`1 box is narrower or lower than a pixel: used as it is`
      : said`${count} boxes are narrower or lower than a pixel: used as they are`,
  crowded: (count) =>
    count === 1
      ? said`1 picture shows more than 100 objects: all are learned from, and an evaluation takes 100 detections a picture`
      : said`${count} pictures show more than 100 objects: all are learned from, and an evaluation takes 100 detections a picture`,
  'odd-ring': (count) =>
    count === 1
      ? said`1 polygon has an x without a y: left out of the mask`
      : said`${count} polygons have an x without a y: left out of the mask`,
  'short-ring': (count) =>
    count === 1
      ? said`1 polygon has fewer than three points: left out of the mask`
      : said`${count} polygons have fewer than three points: left out of the mask`,
  'ring-no-numbers': (count) =>
    count === 1
      ? said`1 polygon has a point that is no number, or far away: left out of the mask`
      : said`${count} polygons have a point that is no number, or far away: left out of the mask`,
  'run-lengths': (count) =>
    count === 1
      ? said`the run lengths of 1 mask do not fit its size: left out, the box stays`
      : said`the run lengths of ${count} masks do not fit their sizes: left out, the boxes stay`,
  hidden: (count) =>
    count === 1
      ? said`1 object is wholly behind another: left out`
      : said`${count} objects are wholly behind another: left out`,
  area: (count) =>
    count === 1
      ? said`1 object states an area that is not that of the mask: the stated one counts, as in the official evaluation`
      : said`${count} objects state an area that is not that of the mask: the stated one counts, as in the official evaluation`,
  size: (count) =>
    count === 1
      ? said`the stated size of 1 picture is not that of the file: boxes may lie elsewhere. Export the annotations anew from these files`
      : said`the stated size of ${count} pictures is not that of the file: boxes may lie elsewhere. Export the annotations anew from these files`,
};

const mostNamed = 3;

function sentencesOf(split: string, problems: readonly ObjectProblem[]): readonly Sentence[] {
  return problems.map(({ kind, count, examples }) => {
    const what = sentences[kind](count);
    const named = examples.slice(0, mostNamed);
    return named.length === 0 ? said`${split}: ${what}.` : said`${split}: ${what}. For example ${named}.`;
  });
}

/** What is wrong with the objects of each split. */
export const objectWarnings = (splits: readonly SplitInspection[]): readonly Sentence[] =>
  splits.flatMap(({ split, objects }) => (objects ? sentencesOf(split, objects.problems) : []));
