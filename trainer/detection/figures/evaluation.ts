/** An evaluation of detections, image by image; COCO's and PASCAL VOC's are called alike. */
import type { Detection } from '../objects.ts';
import type { ClassRows } from './class-rows.ts';
import type { Matches } from './match-table.ts';
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
