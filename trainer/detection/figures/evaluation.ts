/** An evaluation of detections, image by image; COCO's and PASCAL VOC's are called alike. */
import type { AnnotatedImage, Detection } from '../objects.ts';
import { classRows, picturesOf, type ClassRows } from './class-rows.ts';
import { collectClass, type Matches } from './match-table.ts';
import type { MatchedImage } from './matching.ts';

/** One class of one image, matched: what an error browser looks at. */
export interface MatchedRows extends ClassRows {
  readonly found: MatchedImage;
}

export interface Evaluation {
  /**
   * Matches the detections in an image; images may come in any order, and those that do not come have none.
   * @returns what was found, class by class
   * @throws RangeError by the name of an unknown image, of one that comes twice, of a score or box that is no number
   */
  add(image: string, detections: readonly Detection[]): readonly MatchedRows[];
  finish(): Matches;
}

/** How detections are matched with objects: what the two definitions differ in. */
export interface Matching extends Pick<Matches, 'thresholds' | 'areas'> {
  /** Detections of a class in an image that are looked at; all of them without it. */
  readonly most?: number;
  match(rows: ClassRows, image: AnnotatedImage): MatchedRows;
}

export function startEvaluation(
  images: readonly AnnotatedImage[],
  classes: number,
  { thresholds, areas, most, match }: Matching,
): Evaluation {
  const pictures = picturesOf(images);
  const collectors = Array.from({ length: classes }, () => collectClass(areas.length));
  const matchAt = (position: number, detections: readonly Detection[]): readonly MatchedRows[] => {
    const image = pictures.at(position);
    return classRows(image, detections, classes, most).map((rows) => {
      const matched = match(rows, image);
      collectors[rows.label]!.add(position, matched.found);
      return matched;
    });
  };
  return {
    add: (id, detections) => matchAt(pictures.take(id), detections),
    finish() {
      pictures.rest((position) => matchAt(position, []));
      return { images: pictures.ids, thresholds, areas, classes: collectors.map((collector) => collector.finish()) };
    },
  };
}
