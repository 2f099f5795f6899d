/** Collects unusable files, with readable reasons. */
import type { Reject } from '../protocol/dataset.ts';

/** Maximum number of rejects and leaks listed; all are counted. */
export const listedLimit = 1000;

/** A name as one line of visible text: control and direction-changing characters as \u escapes. */
export function printable(name: string): string {
  return name.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, (character) => {
    return `\\u{${character.codePointAt(0)!.toString(16)}}`;
  });
}

/** Unusable files, in order of discovery: all are counted, the first `listedLimit` are listed. */
export interface Rejects {
  readonly list: readonly Reject[];
  readonly count: () => number;
  add(file: string, reason: string): void;
}

export function startRejects(): Rejects {
  const list: Reject[] = [];
  let count = 0;
  return {
    list,
    count: () => count,
    add(file, reason) {
      count++;
      if (list.length < listedLimit) list.push({ file: printable(file), reason });
    },
  };
}
