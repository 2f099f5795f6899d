/** Plain text tables that fit their room: figures stay whole, texts wrap, Chinese characters are two places wide. */
import type { Metric } from '../../trainer/protocol/catalogue.ts';
import { printable } from './printable.ts';
import { widthOf, wrap } from './text-width.ts';

export interface Column {
  readonly title: string;
  /** `figures` stand to the right; `name` is typed again, so neither is ever broken. */
  readonly holds: 'figures' | 'name' | 'text';
}

/** Cells, or a text across all columns: a heading, or a note on the row above it. */
export type TableRow = readonly string[] | string;

/** Between two columns. */
const gap = '  ';
/** A column of texts narrower than this cannot be read. */
const leastText = 12;

/** A column without a single cell is left out. @param room places in a line */
export function tableOf(given: readonly Column[], all: readonly TableRow[], room: number): string {
  const isUsed = given.map((_, column) => all.some((row) => typeof row !== 'string' && (row[column] ?? '') !== ''));
  const columns = given.filter((_, column) => isUsed[column]);
  const rows = all.map((row) =>
    typeof row === 'string' ? printable(row) : row.filter((_, column) => isUsed[column]).map(printable),
  );
  const widths = widthsOf(columns, rows, room);
  if (widths === null) return listOf(columns, rows, room);
  const line = (cells: readonly string[]): string => {
    const wrapped = widths.map((width, column) => wrap(cells[column] ?? '', width));
    const height = Math.max(...wrapped.map((lines) => lines.length));
    return Array.from({ length: height }, (_, index) =>
      wrapped
        .map((lines, column) => padded(lines[index] ?? '', widths[column] ?? 0, columns[column]?.holds === 'figures'))
        .join(gap)
        .trimEnd(),
    ).join('\n');
  };
  return [
    line(columns.map(({ title }) => title)),
    widths.map((width) => '─'.repeat(width)).join(gap),
    ...rows.map((row) => (typeof row === 'string' ? wrap(row, room).join('\n') : line(row))),
  ].join('\n');
}

function padded(text: string, width: number, isRight: boolean): string {
  const space = ' '.repeat(Math.max(0, width - widthOf(text)));
  return isRight ? space + text : text + space;
}

/** Widths with which every line fits, taken from the widest texts first; null where no text would have enough. */
function widthsOf(columns: readonly Column[], rows: readonly TableRow[], room: number): readonly number[] | null {
  const all = [columns.map(({ title }) => title), ...rows.filter((row) => typeof row !== 'string')];
  const natural = columns.map((_, column) =>
    Math.max(...all.flatMap((row) => (row[column] ?? '').split('\n').map(widthOf))),
  );
  const sum = (widths: readonly number[]): number => widths.reduce((total, width) => total + width, 0);
  const space = room - gap.length * (columns.length - 1);
  if (sum(natural) <= space) return natural;
  const isText = columns.map(({ holds }) => holds === 'text');
  const capped = (cap: number): readonly number[] =>
    natural.map((width, column) => (isText[column] === true ? Math.min(width, cap) : width));
  for (let cap = Math.max(...natural); cap >= leastText; cap -= 1) {
    const widths = capped(cap);
    const spare = space - sum(widths);
    if (spare < 0) continue;
    // What the cap leaves over goes to the last column it cut.
    const cut = widths.findLastIndex((width, column) => width < (natural[column] ?? 0));
    return widths.map((width, column) => (column === cut ? Math.min(natural[column] ?? 0, width + spare) : width));
  }
  return null;
}

/** Where the columns do not fit beside each other: every cell on a line of its own, after the title of its column. */
function listOf(columns: readonly Column[], rows: readonly TableRow[], room: number): string {
  const titles = columns.map(({ title }) => title.trim());
  const label = Math.max(...titles.map(widthOf));
  const space = Math.max(1, room - label - gap.length);
  return rows
    .map((row) => {
      if (typeof row === 'string') return wrap(row, room).join('\n');
      const cells = titles.flatMap((title, column) => {
        const cell = (row[column] ?? '').trim();
        return cell === '' ? [] : wrap(cell, space).map((line, index) => ({ title: index === 0 ? title : '', line }));
      });
      return cells.map(({ title, line }) => `${padded(title, label, false)}${gap}${line}`).join('\n');
    })
    .join('\n\n');
}

/** A figure in its unit: 86.50 %, or 231.07. */
export function measuredText({
  value,
  unit,
}: {
  readonly value: number | null;
  readonly unit: Metric['unit'];
}): string {
  if (value === null) return '–';
  return unit === 'number' ? value.toFixed(2) : `${value.toFixed(2)} %`;
}

export function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60), whole % 60];
  const two = (value: number): string => String(value).padStart(2, '0');
  return hours > 0 ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}

export function bytes(value: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let size = value;
  let unit = 0;
  while (size >= 1024 && unit < units.length - 1) {
    size /= 1024;
    unit += 1;
  }
  return `${unit === 0 ? size : size.toFixed(1)} ${units[unit] ?? ''}`;
}
