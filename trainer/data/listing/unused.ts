/** What an inspection does not use, collected while a folder is listed: one line for each folder or kind of file. */
import type { Unused } from '../../protocol/dataset.ts';
import { printable } from '../rejects.ts';
import { said, type Sentence } from '../../protocol/sentence.ts';

/** Lines listed; what is beyond is counted in the last one. */
const mostLines = 100;
/** Names given as examples of a kind. */
const mostExamples = 3;

export interface UnusedFiles {
  /** One folder, or what else has a line of its own. */
  add(what: Sentence, count: number, why: Sentence, use: Sentence): void;
  /** One file of a kind: files of the same kind become one line. */
  file(kind: Sentence, path: string, why: Sentence, use: Sentence): void;
  list(): Unused[];
}

interface Kind {
  count: number;
  readonly examples: string[];
  readonly why: Sentence;
  readonly use: Sentence;
}

export function startUnused(): UnusedFiles {
  const lines: Unused[] = [];
  const kinds = new Map<Sentence, Kind>();
  return {
    add: (what, count, why, use) => void lines.push({ what, count, why, use }),
    file(kind, path, why, use) {
      const known = kinds.get(kind) ?? { count: 0, examples: [], why, use };
      kinds.set(kind, known);
      known.count++;
      if (known.examples.length < mostExamples) known.examples.push(printable(path));
    },
    list() {
      const all = [
        ...lines,
        ...[...kinds].map(([kind, { count, examples, why, use }]) => {
          const what = count > examples.length ? said`${kind}: ${examples} …` : said`${kind}: ${examples}`;
          return { what, count, why, use };
        }),
      ];
      if (all.length <= mostLines) return all;
      const rest = all.slice(mostLines - 1);
      const count = rest.reduce((sum, line) => sum + line.count, 0);
      const { why, use } = rest[0]!;
      return [...all.slice(0, mostLines - 1), { what: said`${rest.length} more`, count, why, use }];
    },
  };
}
