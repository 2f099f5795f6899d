/**
 * Classes of images by the objects in their annotations. PASCAL VOC has a list for each class; programs that write its form, such
 * as LabelImg, have none.
 */
import { isMissing } from '../../durable/files.ts';
import { readPlain } from '../../durable/plain-file.ts';
import type { TimeSlices } from './time-slices.ts';
import { UnusableImage } from '../unusable-image.ts';
import { longestXml, readVocXml, type VocObject } from '../../detection/annotations/voc-xml.ts';

/** Null for an annotation that is missing or cannot be read, which the inspection tells by its name. */
async function objectsOf(path: string): Promise<readonly VocObject[] | null> {
  try {
    return readVocXml(await readPlain(path, longestXml)).objects;
  } catch (error) {
    if (isMissing(error) || error instanceof UnusableImage) return null;
    throw error;
  }
}

/** Names of all objects, in the order of text. @param paths of annotations */
export async function annotatedClasses(paths: readonly string[], slices: TimeSlices): Promise<readonly string[]> {
  const names = new Set<string>();
  for (const [at, path] of paths.entries()) {
    if (slices.due()) await slices.next(at, paths.length);
    for (const { name } of (await objectsOf(path)) ?? []) if (name !== '') names.add(name);
  }
  return [...names].sort();
}

/**
 * [paths, classes]: 1 where an image shows the class, 0 where not; -1 where all its objects of the class are difficult, and
 * everywhere in an image whose annotation cannot be read.
 */
export async function annotatedPresence(paths: readonly string[], classes: readonly string[]): Promise<Int8Array> {
  const labels = new Map(classes.map((name, label) => [name, label]));
  const presence = new Int8Array(paths.length * classes.length);
  for (const [row, path] of paths.entries()) {
    const own = presence.subarray(row * classes.length, (row + 1) * classes.length);
    const objects = await objectsOf(path);
    if (objects === null) own.fill(-1);
    for (const { name, difficult } of objects ?? []) {
      const label = labels.get(name);
      if (label !== undefined && own[label] !== 1) own[label] = difficult ? -1 : 1;
    }
  }
  return presence;
}
