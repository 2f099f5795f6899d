/** Run lengths that an annotation writes as COCO's compressed text. */
import { UnusableImage } from '../../data/unusable-image.ts';
import { said } from '../../protocol/sentence.ts';
import { expandCounts } from '../masks/compressed-runs.ts';

const damaged = said`run lengths that are not written as COCO writes them`;

/** @throws UnusableImage */
export function decompressedCounts(text: string): number[] {
  try {
    return expandCounts(text);
  } catch (error) {
    if (error instanceof RangeError) throw new UnusableImage(damaged, error);
    throw error;
  }
}
