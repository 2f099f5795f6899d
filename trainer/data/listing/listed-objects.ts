/** What is annotated in the images of a listing: by one file for all of them, or by a file for each. */
import { join } from 'node:path';
import type { ObjectProblem, ObjectsInspection } from '../../protocol/objects.ts';
import { annotatedImage, type ObjectTable } from '../../detection/object-table.ts';
import type { AnnotatedImage } from '../../detection/objects.ts';
import { isCrowded, startFormCheck, startProblems } from '../../detection/annotations/problems.ts';
import type { Heard } from '../../detection/annotations/voc-objects.ts';
import { isMissing } from '../../durable/files.ts';
import { readFault } from '../damaged-image.ts';
import type { FoundImages, ImageTable } from '../found-images.ts';
import { printable } from '../rejects.ts';
import { reasonOf } from '../unusable-image.ts';
import { nameOf } from './image-table.ts';
import type { TimeSlices } from './time-slices.ts';

/**
 * Reads the annotation of an image, which is a path below the folder. An annotation that cannot be read is an UnusableImage, one
 * that is missing a file that is.
 */
export type ReadObjects = (
  folder: string,
  file: string,
  classes: readonly string[],
  heard: Heard,
) => Promise<AnnotatedImage>;

const unheard: Heard = { problem: () => undefined, corners: () => undefined };

/** Path of the file that a system error is about. */
const pathIn = (error: unknown): string | null =>
  error instanceof Error && 'path' in error && typeof error.path === 'string' ? error.path : null;

/** Null if nothing is annotated. */
export function objectsIn(
  folder: string,
  { classes, images, objects }: FoundImages,
  read: ReadObjects | undefined,
): ((index: number) => Promise<AnnotatedImage>) | null {
  if (objects) {
    const { table, rows } = objects;
    return (index) => Promise.resolve(annotatedImage(table, rows?.[index] ?? index, nameOf(images, index)));
  }
  if (read === undefined) return null;
  return async (index) => {
    const file = nameOf(images, index);
    try {
      return await read(folder, file, classes, unheard);
    } catch (error) {
      throw readFault(printable(file), pathIn(error) ?? join(folder, file), error);
    }
  };
}

/** What is annotated in the images of a split by one file, and what was wrong with it. */
export interface AnnotatedSplit {
  readonly table: ObjectTable;
  readonly problems: readonly ObjectProblem[];
}

export interface ExaminedSplit {
  readonly images: ImageTable;
  readonly annotated?: AnnotatedSplit;
  readonly classes: readonly string[];
  /** 1 for each image that can be used. */
  readonly usable: Uint8Array;
  /** Width and height of each image; 0 if its contents were not looked at. */
  readonly sizes: Uint32Array;
}

/** Null if nothing is annotated in the split. */
export async function inspectObjects(
  folder: string,
  { images, annotated, classes, usable, sizes }: ExaminedSplit,
  read: ReadObjects | undefined,
  slices: TimeSlices,
): Promise<ObjectsInspection | null> {
  if (annotated === undefined && read === undefined) return null;
  const problems = startProblems();
  annotated?.problems.forEach(problems.include);
  const check = startFormCheck('corners');
  const [perClass, imagesPerClass] = [classes.map(() => 0), classes.map(() => 0)];
  let [crowds, difficult, masks, imagesWithout, most] = [0, 0, 0, 0, 0];

  async function look(index: number): Promise<AnnotatedImage | null> {
    const file = nameOf(images, index);
    if (annotated) return annotatedImage(annotated.table, index, file);
    try {
      return await read!(folder, file, classes, {
        problem: (kind) => problems.add(kind, printable(file)),
        corners: check.see,
      });
    } catch (error) {
      // An error without a reason is thrown on.
      if (!isMissing(error)) reasonOf(error);
      problems.add(isMissing(error) ? 'no-annotations' : 'unreadable', printable(file));
      return null;
    }
  }

  for (let index = 0; index < images.count; index++) {
    if (slices.due()) await slices.next(index, images.count);
    const image = usable[index] === 1 ? await look(index) : null;
    if (image === null) continue;
    const { objects, width, height } = image;
    const [trueWidth, trueHeight] = [sizes[index * 2]!, sizes[index * 2 + 1]!];
    if (trueWidth > 0 && width > 0 && (width !== trueWidth || height !== trueHeight))
      problems.add('size', printable(image.file));
    if (isCrowded(objects.length)) problems.add('crowded', printable(image.file));
    if (objects.length === 0) imagesWithout++;
    most = Math.max(most, objects.length);
    for (const object of objects) {
      perClass[object.class]! += 1;
      crowds += Number(object.crowd);
      difficult += Number(object.difficult);
      masks += Number(object.mask !== null);
    }
    for (const label of new Set(objects.map((object) => object.class))) imagesPerClass[label]! += 1;
  }
  const suspicion = check.conclude();
  if (suspicion !== null && images.count > 0) problems.add(suspicion, printable(nameOf(images, 0)));
  return { perClass, imagesPerClass, crowds, difficult, masks, imagesWithout, most, problems: problems.list() };
}
