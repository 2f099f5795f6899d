/** Tables of RFC 4180 and their relatives: commas, semicolons or tabs, quoted fields with line ends in them. */
import { textOf } from './text-lines.ts';

export interface CsvRow {
  /** Where it begins, from 1. */
  readonly line: number;
  readonly cells: readonly string[];
}

export const delimiters = [',', ';', '\t'] as const;
export type Delimiter = (typeof delimiters)[number];

export interface CsvTable {
  readonly delimiter: Delimiter;
  readonly header: readonly string[];
  readonly rows: AsyncGenerator<CsvRow>;
}

/** A row with a longer text, or more cells, is none of a table of figures. */
export const longestRow = 4 << 20;

/** The error of a text that is no table; says where. */
export class NoTable extends Error {
  readonly line: number;
  constructor(line: number) {
    super(`line ${line} is longer than a row of a table can be`);
    this.line = line;
  }
}

/** Null if it has no row at all. @throws NoTable */
export async function openCsv(path: string, delimiter: Delimiter): Promise<CsvTable | null> {
  const rows = rowsOf(path, delimiter);
  const first = await rows.next();
  if (first.done === true) return null;
  return { delimiter, header: first.value.cells.map((cell) => cell.trim()), rows };
}

/** The character that divides the first line the most often. */
export function delimiterOf(firstLine: string): Delimiter {
  const bare = firstLine.replaceAll(/"[^"]*"/g, '');
  const counted = delimiters.map((one) => ({ one, count: bare.split(one).length - 1 }));
  return counted.reduce((best, other) => (other.count > best.count ? other : best)).one;
}

/** One character after the other: a quoted field may hold anything, and a piece may end anywhere. */
async function* rowsOf(path: string, delimiter: Delimiter): AsyncGenerator<CsvRow> {
  let cells: string[] = [];
  let cell = '';
  let length = 0;
  let [line, begun] = [1, 1];
  /** `closed`: after a quotation mark inside quotes, which ends the field or is doubled. */
  let state: 'start' | 'bare' | 'quoted' | 'closed' = 'start';
  const endCell = (): void => {
    cells.push(cell);
    cell = '';
    state = 'start';
  };
  for await (const piece of textOf(path)) {
    for (const character of piece) {
      length += 1;
      if (length > longestRow) throw new NoTable(begun);
      if (state === 'quoted' && character !== '"') cell += character;
      else if (character === '"' && state !== 'bare') {
        if (state === 'closed') cell += '"';
        state = state === 'quoted' ? 'closed' : 'quoted';
      } else if (character === delimiter) endCell();
      else if (character === '\n') {
        endCell();
        if (cells.some((one) => one.trim() !== '')) yield { line: begun, cells };
        cells = [];
        length = 0;
        begun = line + 1;
      } else if (character !== '\r') {
        cell += character;
        state = 'bare';
      }
      if (character === '\n') line += 1;
    }
  }
  endCell();
  if (cells.some((one) => one.trim() !== '')) yield { line: begun, cells };
}

const grouped = (group: string): RegExp => new RegExp(`^[+-]?\\d{1,3}(?:\\${group}\\d{3})+$`);
const groupedByComma = grouped(',');
const groupedByPoint = grouped('.');
const notFinite = /^[+-]?(?:nan|inf|infinity|n\/a)$/i;

/**
 * The number in a cell: null if it is not finite, undefined if it is none. Between semicolons or tabs a comma is decimal; between
 * commas one that is quoted groups digits by three, or is decimal.
 */
export function numberOf(cell: string, delimiter: Delimiter): number | null | undefined {
  const text = cell.trim().replaceAll(/[\u00a0\u202f' ](?=\d{3})/g, '');
  if (notFinite.test(text)) return null;
  const point = pointed(text, delimiter);
  if (point === '' || !/^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i.test(point)) return undefined;
  const value = Number(point);
  return Number.isFinite(value) ? value : null;
}

function pointed(text: string, delimiter: Delimiter): string {
  const [comma, point] = [text.lastIndexOf(','), text.lastIndexOf('.')];
  if (comma < 0)
    return delimiter === ';' && groupedByPoint.test(text) && text.split('.').length > 2
      ? text.replaceAll('.', '')
      : text;
  if (point > comma) return text.replaceAll(',', '');
  if (delimiter === ',' && groupedByComma.test(text)) return text.replaceAll(',', '');
  return text.replaceAll('.', '').replace(',', '.');
}
