/** Why a detector may learn nothing: what is known to cause it, each checked against the data and the run. */
import { boxArea, type Box } from './boxes.ts';

/** What is checked. Shares are from 0 to 1. */
export interface DetectorFacts {
  /** Learned boxes that are smaller than a pixel: as if their numbers were shares of the picture. */
  readonly shareBelowPixel: number;
  /** Learned boxes that lie outside their picture or have no area: as if their numbers were in another order. */
  readonly shareMisplaced: number;
  /** Names of classes that are looked for and that no training picture has. */
  readonly unseenClasses: readonly string[];
  /** Total loss of the first recorded step, and of the last. */
  readonly lossFirst: number | null;
  readonly lossLast: number | null;
  /** Objects that a proposal overlaps by half or more, at the last recorded step. */
  readonly recall: number | null;
}

/** Codes of the lines of the log that say so. */
export const detectorCauses = [
  'detector-boxes-below-pixel',
  'detector-boxes-misplaced',
  'detector-classes-unseen',
  'detector-rate',
  'detector-proposals',
] as const;
export type DetectorCause = (typeof detectorCauses)[number];

/** From these shares on a fault of all boxes is likelier than small objects, and than single mistakes. */
const manyBelowPixel = 0.5;
const manyMisplaced = 0.2;
const fewProposals = 0.1;

export function causesOf(facts: DetectorFacts): readonly DetectorCause[] {
  const { shareBelowPixel, shareMisplaced, unseenClasses, lossFirst, lossLast, recall } = facts;
  const holds: Readonly<Record<DetectorCause, boolean>> = {
    'detector-boxes-below-pixel': shareBelowPixel >= manyBelowPixel,
    'detector-boxes-misplaced': shareMisplaced >= manyMisplaced,
    'detector-classes-unseen': unseenClasses.length > 0,
    // A loss that does not fall: the rate is too high or too low.
    'detector-rate': lossFirst !== null && lossLast !== null && lossLast >= lossFirst,
    'detector-proposals': recall !== null && recall < fewProposals,
  };
  return detectorCauses.filter((cause) => holds[cause]);
}

/** Counts boxes by what is odd about them. */
export class BoxCensus {
  #boxes = 0;
  #belowPixel = 0;
  #misplaced = 0;

  add(box: Box, width: number, height: number): void {
    const [left, top, right, bottom] = box;
    this.#boxes++;
    const isOut = left >= width || top >= height || right > width + 1 || bottom > height + 1;
    if (boxArea(box) === 0 || isOut) this.#misplaced++;
    else if (right - left < 1 && bottom - top < 1) this.#belowPixel++;
  }

  get shares(): Pick<DetectorFacts, 'shareBelowPixel' | 'shareMisplaced'> {
    const of = (count: number): number => (this.#boxes === 0 ? 0 : count / this.#boxes);
    return { shareBelowPixel: of(this.#belowPixel), shareMisplaced: of(this.#misplaced) };
  }
}
