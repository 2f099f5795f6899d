/** Where in a query an error is. SQLite's message names the word, and not which of its occurrences. */

export interface Place {
  /** From 1. */
  readonly line: number;
  readonly column: number;
  /** The line, cut around the place. */
  readonly text: string;
  /** Characters of `text` before the place. */
  readonly before: number;
}

const shownBefore = 40;
const shownLine = 72;

/**
 * @param message SQLite's own
 * @param messageOf what SQLite says of another text; null if it takes it
 */
export function placeOfError(sql: string, message: string, messageOf: (sql: string) => string | null): Place | null {
  const near = /^near "([\s\S]*)": syntax error$/.exec(message)?.[1];
  if (near !== undefined) {
    // The parser reads from the left: a text that ends with the wrong word gives the same message, a shorter one does not.
    const at = occurrences(sql, near).find((start) => messageOf(sql.slice(0, start + near.length)) === message);
    return at === undefined ? null : placeAt(sql, at);
  }
  if (message === 'incomplete input') return placeAt(sql, sql.trimEnd().length);
  const name =
    /^(?:no such (?:column|table|function)|ambiguous column name|unrecognized token): "?([\s\S]+?)"?(?: - .*)?$/.exec(
      message,
    )?.[1];
  if (name === undefined) return null;
  const [first] = occurrences(sql, name);
  return first === undefined ? null : placeAt(sql, first);
}

/** Where a word stands, whole: `loss` is not in `lossy`. */
function occurrences(sql: string, word: string): readonly number[] {
  const found: number[] = [];
  const [low, wanted] = [sql.toLowerCase(), word.toLowerCase()];
  const isPart = (character: string | undefined): boolean => /^\w$/.test(character ?? '');
  for (let at = low.indexOf(wanted); at !== -1 && wanted !== ''; at = low.indexOf(wanted, at + 1)) {
    const isInside =
      (isPart(wanted[0]) && isPart(low[at - 1])) || (isPart(wanted.at(-1)) && isPart(low[at + wanted.length]));
    if (!isInside) found.push(at);
  }
  return found;
}

function placeAt(sql: string, at: number): Place {
  const lines = sql.slice(0, at).split('\n');
  const column = lines.at(-1)?.length ?? 0;
  const from = Math.max(0, column - shownBefore);
  const whole = sql.split('\n')[lines.length - 1] ?? '';
  const text = whole.slice(from, from + shownLine).replaceAll('\t', ' ');
  return { line: lines.length, column: column + 1, text, before: column - from };
}
