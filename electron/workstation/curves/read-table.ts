/**
 * Curves in a table: a column for the step or the epoch, the others are curves. PyTorch Lightning's `metrics.csv` has empty cells,
 * W&B's exports name a run in each column, TensorBoard's have one curve, which the file's name says.
 */
import { basename } from 'node:path';
import { said, type Sentence } from '../../../trainer/protocol/sentence.ts';
import { CurveCollector, named, type FoundCurves } from './collect.ts';
import { EpochLength } from './epoch-length.ts';
import { delimiterOf, numberOf, openCsv, type CsvTable } from './formats/csv-rows.ts';
import { linesOf } from './formats/text-lines.ts';
import { expectedNames, isTime, positionNames } from './position-names.ts';
import { CurvesUnreadable } from './unreadable.ts';

const longestHeader = 1 << 20;

/** A column of the table that is a curve, or is not. */
interface FigureColumn {
  readonly at: number;
  readonly source: string;
  points: number;
  /** Cells that are no numbers, and the line of the first. */
  wrong: number;
  wrongLine: number;
}

export async function readTable(path: string): Promise<FoundCurves> {
  const table = await open(path);
  const { header, delimiter } = table;
  const places = positionNames(header);
  const primary = places.step ?? places.epoch;
  if (primary === null)
    throw new CurvesUnreadable(
      said`no column of the table is a step or an epoch (${expectedNames}); its columns are ${named(header)}`,
    );
  const [at, epochAt] = [header.indexOf(primary), places.step === null ? -1 : header.indexOf(places.epoch ?? '')];
  const leftOut = header.filter((name, column) => column !== at && column !== epochAt && isLeftOut(name));
  const columns = columnsOf(path, header, (column) => column === at || column === epochAt);
  const [collector, length] = [new CurveCollector(), new EpochLength()];
  let without = 0;
  for await (const { line, cells } of table.rows) {
    const position = numberOf(cells[at] ?? '', delimiter);
    if (position === undefined || position === null) {
      without += 1;
      continue;
    }
    const epoch = epochAt < 0 ? undefined : numberOf(cells[epochAt] ?? '', delimiter);
    if (epoch !== undefined && epoch !== null) length.add(position, epoch);
    for (const column of columns) take(column, cells[column.at] ?? '', line, position, table, collector);
  }
  return {
    kind: 'csv',
    axis: places.step === null ? 'epoch' : 'step',
    stepsPerEpoch: length.steps(),
    batch: null,
    curves: collector.curves(),
    notes: [...columnNotes(columns, leftOut), ...withoutPlace(without), ...collector.notes()],
  };
}

async function open(path: string): Promise<CsvTable> {
  for await (const { text } of linesOf(path, longestHeader)) {
    if (text === null) throw new CurvesUnreadable(said`its first line is too long for the head of a table`);
    if (text.trim() === '') continue;
    const table = await openCsv(path, delimiterOf(text));
    if (table !== null) return table;
  }
  throw new CurvesUnreadable(said`it is empty`);
}

/** W&B adds the least and the greatest of what it drew at a point. */
const isLeftOut = (name: string): boolean => isTime(name) || /__(?:MIN|MAX)$/.test(name) || name === '';

function columnsOf(
  path: string,
  header: readonly string[],
  isPlace: (column: number) => boolean,
): readonly FigureColumn[] {
  const [only] = header.map((_, at) => at).filter((at) => !isPlace(at) && !isLeftOut(header[at] ?? ''));
  const isTensorBoards = header.join().toLowerCase() === 'wall time,step,value';
  return header.flatMap((name, at): FigureColumn[] => {
    if (isPlace(at) || isLeftOut(name)) return [];
    const source = isTensorBoards && at === only ? tagOf(path) : name;
    return [{ at, source, points: 0, wrong: 0, wrongLine: 0 }];
  });
}

/** `run-train-tag-loss.csv`, as TensorBoard calls what it lets one download. */
function tagOf(path: string): string {
  const name = basename(path).replace(/\.\w+$/, '');
  return /-tag-(.+)$/.exec(name)?.[1] ?? name;
}

function take(
  column: FigureColumn,
  cell: string,
  line: number,
  position: number,
  { delimiter }: CsvTable,
  collector: CurveCollector,
): void {
  if (cell.trim() === '') return;
  const value = numberOf(cell, delimiter);
  if (value === undefined) {
    column.wrong += 1;
    column.wrongLine ||= line;
    return;
  }
  column.points += 1;
  collector.add(column.source, position, value);
}

function columnNotes(columns: readonly FigureColumn[], leftOut: readonly string[]): readonly Sentence[] {
  const empty = columns.filter(({ points }) => points === 0).map(({ source }) => source);
  const wrong = columns.filter((column) => column.points > 0 && column.wrong > 0);
  const clocks = leftOut.filter((name) => name !== '');
  return [
    ...(clocks.length > 0 ? [said`left out, as they are no figures of their own: ${named(clocks)}`] : []),
    ...(empty.length > 0 ? [said`left out, as they hold no number: ${named(empty)}`] : []),
    ...wrong.map(
      ({ source, wrong: count, wrongLine }) =>
        said`${source}: cells that are no numbers: ${count} (the first in line ${wrongLine})`,
    ),
  ];
}

/** Rows or lines that do not say where their figures belong. */
export function withoutPlace(count: number): readonly Sentence[] {
  return count === 0 ? [] : [said`rows without a step or an epoch, left out: ${count}`];
}
