/** Where a value of a preset stands, in words: for the window, the reports and the terminal. */
import type { Origin } from '../../trainer/protocol/preset-origins.ts';

export type Language = 'en' | 'zh';

/** Enough of a commit to find it by. */
const shortCommit = (commit: string): string => commit.slice(0, 7);

/** Lines that follow each other as one range: "3, 7–9". */
function rangesOf(lines: readonly number[], comma: string): string {
  const ranges: [first: number, last: number][] = [];
  for (const line of lines) {
    const open = ranges.at(-1);
    if (open !== undefined && open[1] + 1 === line) open[1] = line;
    else ranges.push([line, line]);
  }
  return ranges.map(([first, last]) => (first === last ? first : `${first}–${last}`)).join(comma);
}

function linesIn(language: Language, lines: readonly number[]): string {
  if (language === 'zh') return `第 ${rangesOf(lines, '、')} 行`;
  return `${lines.length === 1 ? 'line' : 'lines'} ${rangesOf(lines, ', ')}`;
}

/** The source as a whole; values of one source have the same. */
export function sourceInWords(language: Language, origin: Origin): string {
  switch (origin.kind) {
    case 'repository':
      return `${origin.repository} ${shortCommit(origin.commit)}`;
    case 'paper':
      return language === 'zh' ? `${origin.paper}（arXiv:${origin.arxiv}）` : `${origin.paper} (arXiv:${origin.arxiv})`;
    case 'ours':
      return language === 'zh' ? `本项目：${origin.reason.zh}` : `ours: ${origin.reason.en}`;
  }
}

/** Where in its source a value stands and how it follows from that; empty for a value of ours. */
export function placeInWords(language: Language, origin: Origin): string {
  if (origin.kind === 'ours') return '';
  const comma = language === 'zh' ? '，' : ', ';
  const place =
    origin.kind === 'paper' ? origin.where[language] : `${origin.file}${comma}${linesIn(language, origin.lines)}`;
  if (origin.note === null) return place;
  return language === 'zh' ? `${place}：${origin.note.zh}` : `${place}: ${origin.note.en}`;
}

export function originInWords(language: Language, origin: Origin): string {
  const place = placeInWords(language, origin);
  return [sourceInWords(language, origin), ...(place === '' ? [] : [place])].join(language === 'zh' ? '，' : ', ');
}

/** Where it can be read; null for a value of ours. */
export function originAddress(origin: Origin): string | null {
  switch (origin.kind) {
    case 'repository':
      return `https://github.com/${origin.repository}/blob/${origin.commit}/${origin.file}#L${origin.lines[0]!}`;
    case 'paper':
      return `https://arxiv.org/abs/${origin.arxiv}`;
    case 'ours':
      return null;
  }
}
