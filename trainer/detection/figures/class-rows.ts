/** The detections and objects of one image, by class, checked. */
import type { AnnotatedImage, AnnotatedObject, Detection } from '../objects.ts';
import { groupBy } from '../../group-by.ts';
import { byScore } from './matching.ts';
import { orderImages } from './match-table.ts';

export interface ClassRows {
  readonly label: number;
  /** The highest score first. */
  readonly detections: readonly Detection[];
  readonly objects: readonly AnnotatedObject[];
}

/** @throws RangeError for a score or a place that is no number, and for a class that the data set has not */
function refuseUnusable(image: string, { class: label, score, box }: Detection, classes: number): void {
  if (!Number.isInteger(label) || label < 0 || label >= classes)
    throw new RangeError(`A detection in image "${image}" is of class ${label}; there are ${classes} classes from 0.`);
  if (!Number.isFinite(score)) throw new RangeError(`A detection in image "${image}" has the score ${score}.`);
  if (!box.every(Number.isFinite))
    throw new RangeError(`A detection in image "${image}" has the box ${box.join(', ')}, which is no place.`);
}

export interface Pictures {
  readonly ids: readonly string[];
  /**
   * Position of an image whose detections are given for the first time.
   * @throws RangeError for an image that is unknown or was given before
   */
  take(id: string): number;
  /** Calls back for every image that was not taken. */
  rest(visit: (position: number) => void): void;
  at(position: number): AnnotatedImage;
}

export function picturesOf(images: readonly AnnotatedImage[]): Pictures {
  const positions = orderImages(images.map(({ id }) => id));
  const byPosition: AnnotatedImage[] = [];
  for (const image of images) byPosition[positions.get(image.id)!] = image;
  const taken = new Uint8Array(images.length);
  return {
    ids: [...positions.keys()],
    take(id) {
      const position = positions.get(id);
      if (position === undefined)
        throw new RangeError(
          `There are detections in an image "${id}", which is none of the ${images.length} annotated images.`,
        );
      if (taken[position] === 1) throw new RangeError(`The detections in image "${id}" were given twice.`);
      taken[position] = 1;
      return position;
    },
    rest(visit) {
      taken.forEach((is, position) => {
        if (is === 0) visit(position);
      });
    },
    at: (position) => byPosition[position]!,
  };
}

/** The classes of which the image has a detection or an object; of each at most `limit` detections. */
export function classRows(
  { id, objects }: AnnotatedImage,
  detections: readonly Detection[],
  classes: number,
  limit?: number,
): readonly ClassRows[] {
  for (const detection of detections) refuseUnusable(id, detection, classes);
  const found = groupBy(detections, (detection) => detection.class);
  const there = groupBy(objects, (object) => object.class);
  return [...new Set([...found.keys(), ...there.keys()])].map((label) => {
    const own = found.get(label) ?? [];
    const order = byScore(
      own.map(({ score }) => score),
      limit,
    );
    return { label, detections: order.map((at) => own[at]!), objects: there.get(label) ?? [] };
  });
}
