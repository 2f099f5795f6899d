/**
 * Run lengths as COCO's compressed text: five bits a character from "0" on, the lowest first, 32 marks that more follow;
 * from the fourth run on the difference to the run two before is written (`rleToString` of pycocotools).
 */
import type { RunLengths } from '../objects.ts';
import { checkRunLengths } from './run-lengths.ts';

const firstCharacter = 48;
const lastCharacter = 111;
const more = 32;

export function compressRuns(counts: readonly number[]): string {
  let text = '';
  for (const [run, count] of counts.entries()) {
    let rest = run > 2 ? count - counts[run - 2]! : count;
    for (;;) {
      const bits = rest & 31;
      // An arithmetic shift: a negative difference ends in ones.
      rest = Math.floor(rest / 32);
      const isLast = bits & 16 ? rest === -1 : rest === 0;
      text += String.fromCharCode(firstCharacter + bits + (isLast ? 0 : more));
      if (isLast) break;
    }
  }
  return text;
}

/** A run of more pixels is of no picture. */
const longestRun = 2 ** 45;

/** @throws RangeError if the text is damaged */
export function expandCounts(text: string): number[] {
  const counts: number[] = [];
  let value = 0;
  let scale = 1;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code < firstCharacter || code > lastCharacter)
      throw new RangeError(`character ${at + 1} of a mask's counts is ${JSON.stringify(text[at])}, not "0" to "o"`);
    const bits = code - firstCharacter;
    value += (bits & 31) * scale;
    scale *= 32;
    if (scale > longestRun) throw new RangeError(`a run of a mask's counts is too long, at character ${at + 1}`);
    if (bits & more) continue;
    if (bits & 16) value -= scale;
    counts.push(counts.length > 2 ? value + counts[counts.length - 2]! : value);
    value = 0;
    scale = 1;
  }
  if (scale > 1) throw new RangeError("a mask's counts end in the middle of a run");
  return counts;
}

/** @throws RangeError if the text is damaged, or its runs do not fill the picture */
export function expandRuns(text: string, height: number, width: number): RunLengths {
  const runs = { height, width, counts: expandCounts(text) };
  checkRunLengths(runs);
  return runs;
}
