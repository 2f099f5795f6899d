/**
 * Run lengths as COCO writes them into a text: six bits a character from code 48, five of them of the number, the lowest first,
 * and one that says whether it goes on; from the fourth run on, the difference from the run two before.
 */
import { UnusableImage } from '../../data/unusable-image.ts';
import { said } from '../../protocol/sentence.ts';

export function decompressedCounts(text: string): number[] {
  const counts: number[] = [];
  let [value, scale] = [0, 1];
  for (let at = 0; at < text.length; at++) {
    const bits = text.charCodeAt(at) - 48;
    if (bits < 0 || bits > 63 || scale > 2 ** 40) throw new UnusableImage(damaged);
    value += (bits & 31) * scale;
    scale *= 32;
    if (bits >= 32) continue;
    // The highest bit of the last five is a sign.
    const number = (bits & 16) === 0 ? value : value - scale;
    counts.push(counts.length > 2 ? number + counts[counts.length - 2]! : number);
    [value, scale] = [0, 1];
  }
  if (scale > 1) throw new UnusableImage(damaged);
  return counts;
}

const damaged = said`run lengths that are not written as COCO writes them`;
