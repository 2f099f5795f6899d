/** Annotated objects as they are drawn over a picture: the largest first, so that small ones lie on top. Bounded in number and bytes. */
import type { ListedPicture, MarkedBox, Picture } from '../../protocol/browse.ts';
import type { Box } from '../../detection/boxes.ts';
import { boxArea, clipBox } from '../../detection/boxes.ts';
import type { AnnotatedObject } from '../../detection/objects.ts';
import { maskPath, type Size } from './mask-path.ts';
import type { readObjects } from './read-entry.ts';

export type { Size };
type Read = Awaited<ReturnType<typeof readObjects>>;

/** More boxes hide a thumbnail. */
const mostOnThumbnail = 20;
const mostOnPicture = 1000;
/** Characters of all masks of a picture: what a window takes in at once. */
const mostOfMasks = 1 << 20;

const largestFirst = (objects: readonly AnnotatedObject[], most: number): readonly AnnotatedObject[] =>
  objects.toSorted((one, other) => boxArea(other.box) - boxArea(one.box)).slice(0, most);

/** Finer than a screen shows. */
const inHundredths = (value: number): number => Math.round(value * 100) / 100;

const marked = ({ class: label, crowd, difficult }: AnnotatedObject, [left, top, right, bottom]: Box): MarkedBox => ({
  class: label,
  box: [inHundredths(left), inHundredths(top), inHundredths(right), inHundredths(bottom)],
  crowd,
  difficult,
});

/** @param side of the thumbnail, which shows the middle of the picture */
export function boxesOnThumbnail(read: Read, { width, height }: Size, side: number): ListedPicture['objects'] {
  if (read === null) return null;
  if ('problem' in read) return { total: 0, problem: read.problem, boxes: [] };
  const { objects } = read.annotated;
  const scale = side / Math.min(width, height);
  const [leftOff, topOff] = [(width * scale - side) / 2, (height * scale - side) / 2];
  const boxes = largestFirst(objects, mostOnThumbnail).flatMap((object) => {
    const [left, top, right, bottom] = object.box;
    const placed: Box = [
      left * scale - leftOff,
      top * scale - topOff,
      right * scale - leftOff,
      bottom * scale - topOff,
    ];
    const seen = clipBox(placed, side, side);
    return boxArea(seen) === 0 ? [] : [marked(object, seen)];
  });
  return { total: objects.length, problem: null, boxes };
}

export function objectsOnPicture(read: Read, size: Size, classes: readonly string[]): Picture['objects'] {
  if (read === null) return null;
  if ('problem' in read) return { total: 0, problem: read.problem, drawn: [], masksLeftOut: 0 };
  const { objects } = read.annotated;
  let [left, masksLeftOut] = [mostOfMasks, 0];
  const drawn = largestFirst(objects, mostOnPicture).map((object) => {
    const mask = object.mask && maskPath(object.mask, size, left);
    if (mask !== null) left -= mask.length;
    else if (object.mask !== null) masksLeftOut++;
    return { ...marked(object, object.box), name: classes[object.class] ?? String(object.class), mask };
  });
  return { total: objects.length, problem: null, drawn, masksLeftOut };
}
