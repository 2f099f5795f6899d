/** Collects unusable files, with readable reasons. */
import type { Reject, RejectKind } from '../protocol/dataset.ts';
import { commonTo, kindOf, said, type Sentence } from '../protocol/sentence.ts';

/** Maximum number of rejects and leaks listed; all are counted. */
export const listedLimit = 1000;

/** A name as one line of visible text: control and direction-changing characters as \u escapes. */
export function printable(name: string): string {
  return name.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, (character) => {
    return `\\u{${character.codePointAt(0)!.toString(16)}}`;
  });
}

/** Kinds of reasons that are listed; what is beyond is counted as one. */
const mostKinds = 10;
const mostExamples = 3;
/** Reasons that are told apart; a data set with more of them counts the rest as one kind. */
const mostReasons = 1000;
const otherReasons = said`other reasons`;
const otherKind = kindOf(otherReasons);

interface Kind {
  readonly examples: string[];
  /** Without the values in which its reasons differ. */
  reason: Sentence;
  count: number;
}

/** Unusable files, in order of discovery: all are counted, the first `listedLimit` are listed. */
export interface Rejects {
  readonly list: readonly Reject[];
  readonly count: () => number;
  /** All of them by the kinds of their reasons, the most frequent first. */
  readonly kinds: () => RejectKind[];
  add(file: string, reason: Sentence): void;
}

export function startRejects(): Rejects {
  const list: Reject[] = [];
  const kinds = new Map<string, Kind>();
  let count = 0;

  function countKind(file: string, reason: Sentence): void {
    const own = kindOf(reason);
    const isToldApart = kinds.has(own) || kinds.size < mostReasons;
    const [key, told] = isToldApart ? [own, reason] : [otherKind, otherReasons];
    const kind = kinds.get(key) ?? { reason: told, examples: [], count: 0 };
    kinds.set(key, kind);
    kind.reason = commonTo(kind.reason, told);
    kind.count++;
    if (kind.examples.length < mostExamples) kind.examples.push(printable(file));
  }

  return {
    list,
    count: () => count,
    kinds() {
      const sorted = [...kinds.values()].sort((a, b) => b.count - a.count);
      const shown = sorted.slice(0, sorted.length > mostKinds ? mostKinds - 1 : mostKinds);
      const rest = sorted.slice(shown.length);
      if (rest.length === 0) return shown.map((kind) => ({ ...kind }));
      const sum = rest.reduce((total, kind) => total + kind.count, 0);
      const examples = rest.flatMap((kind) => kind.examples).slice(0, mostExamples);
      return [...shown, { reason: said`${rest.length} other reasons`, count: sum, examples }];
    },
    add(file, reason) {
      count++;
      countKind(file, reason);
      if (list.length < listedLimit) list.push({ file: printable(file), reason });
    },
  };
}
