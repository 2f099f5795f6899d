/** `reprise query`: a SELECT over the records, printed as its rows are found. It takes no lock and waits for nobody. */
import { join } from 'node:path';
import { FaultError } from '../../trainer/durable/fault-error.ts';
import { csvField } from '../workstation/report/csv.ts';
import { openWorkspace } from '../workstation/workspace/workspace.ts';
import { readMigrations } from '../workstation/store/open.ts';
import { openRecordsForReading, type OpenedQuery, type QueryValue } from '../workstation/store/query.ts';
import { defaultHome } from '../workstation/workspace/home.ts';
import { usage, UsageError, type Arguments } from './arguments.ts';
import { exitCodes } from './help.ts';
import { oneLine, printable } from './printable.ts';
import type { Output } from './progress.ts';
import { roomOf, type Surroundings } from './session.ts';
import { tableOf, type Column } from './table.ts';
import { wrap } from './text-width.ts';
import type { Words } from './words.ts';

/** Rows that are held at once: of more than that, a table begins anew. */
const rowsAtOnce = 500;
/** A configuration as JSON would fill the screen; --json and --csv give all of it. */
const longestCell = 400;

/** Unlike the other commands it opens no workstation: Ctrl-C ends the process, in the middle of a row too. */
export async function query(args: Arguments, surroundings: Surroundings, words: Words): Promise<number> {
  const { appRoot, env, out } = surroundings;
  const [sql, ...more] = args.words;
  if (more.length > 0) throw usage('"query" takes one SELECT; put it between quotation marks.');
  if (args.csv && args.json) throw usage('--csv and --json: expected one of them.');
  const workspace = await openWorkspace(args.home ?? defaultHome(env), { write: false });
  const records = openRecordsForReading(
    workspace.database,
    readMigrations(join(appRoot, 'migrations')),
    () => new Date(),
  );
  try {
    if (sql === undefined) {
      const views = records.views();
      if (args.json) out.write(`${JSON.stringify(views, null, 2)}\n`);
      else out.write(`${viewsText(views, roomOf(out), words)}\n`);
      return exitCodes.done;
    }
    const print = args.json ? printJson : args.csv ? printCsv : printTable;
    await print(records.select(sql), out, words);
    return exitCodes.done;
  } catch (error) {
    // What is wrong is in the command line, also where SQLite finds it at a row.
    if (error instanceof FaultError && error.fault.code === 'bad-argument')
      throw new UsageError('bad-argument', error.message);
    throw error;
  } finally {
    records.close();
    await workspace.close();
  }
}

function viewsText(
  views: readonly { readonly view: string; readonly columns: readonly string[] }[],
  room: number,
  words: Words,
): string {
  const listed = views.flatMap(({ view, columns }) => [
    view,
    ...wrap(columns.join(', '), room - 2).map((line) => `  ${line}`),
  ]);
  return [...listed, '', ...wrap(words.say('viewsDocumented'), room)].join('\n');
}

type Row = readonly QueryValue[];
type Print = (found: OpenedQuery, out: Output, words: Words) => Promise<void>;

/** Rows in parts, each followed by a pause in which a reader that went away, or a full pipe, is noticed. */
async function inParts(found: OpenedQuery, out: Output, write: (rows: readonly Row[]) => void): Promise<number> {
  let count = 0;
  let part: Row[] = [];
  const flush = async (): Promise<void> => {
    write(part);
    part = [];
    await out.drained?.();
  };
  for (const row of found.rows) {
    part.push(row);
    count += 1;
    if (part.length === rowsAtOnce) await flush();
    if (out.isGone?.() === true) return count;
  }
  if (part.length > 0) await flush();
  return count;
}

const printTable: Print = async (found, out, words) => {
  const columns = found.columns.map((title): Column => ({ title: oneLine(title), holds: 'text' }));
  let isFirst = true;
  const count = await inParts(found, out, (rows) => {
    const ofFigures = columns.map((column, at): Column =>
      rows.every((row) => typeof row[at] !== 'string') ? { ...column, holds: 'figures' } : column,
    );
    const cells = rows.map((row) => row.map(cellText));
    out.write(`${isFirst ? '' : '\n'}${tableOf(ofFigures, cells, roomOf(out))}\n`);
    isFirst = false;
  });
  out.write(count === 0 ? `${words.say('nothing')}\n` : `\n${words.rows(count)}\n`);
};

function cellText(value: QueryValue): string {
  if (value === null) return '–';
  const text = oneLine(plain(value));
  return text.length > longestCell ? `${text.slice(0, longestCell)}…` : text;
}

/** Bytes as hexadecimal digits. */
const plain = (value: Exclude<QueryValue, null>): string =>
  value instanceof Uint8Array ? Buffer.from(value).toString('hex') : String(value);

const printJson: Print = async (found, out) => {
  let between = '[';
  await inParts(found, out, (rows) => {
    const lines = rows.map((row) => {
      const line = `${between}\n  ${jsonOf(found.columns, row)}`;
      between = ',';
      return line;
    });
    out.write(printable(lines.join('')));
  });
  out.write(between === '[' ? '[]\n' : '\n]\n');
};

function jsonOf(columns: readonly string[], row: Row): string {
  return JSON.stringify(Object.fromEntries(columns.map((name, at) => [name, jsonValue(row[at] ?? null)])));
}

/** A whole number that JSON's readers would round is a text. */
function jsonValue(value: QueryValue): string | number | null {
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  return value === null || typeof value === 'number' ? value : plain(value);
}

const printCsv: Print = async (found, out) => {
  // A file gets every character as it is, a terminal none that it would obey.
  const safe = out.isTTY === true ? printable : (text: string): string => text;
  out.write(safe(`${found.columns.map((name) => csvField(name)).join(',')}\r\n`));
  await inParts(found, out, (rows) => {
    out.write(
      safe(
        rows
          .map(
            (row) =>
              `${row.map((value) => csvField(value instanceof Uint8Array ? plain(value) : value)).join(',')}\r\n`,
          )
          .join(''),
      ),
    );
  });
};
