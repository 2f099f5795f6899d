/**
 * A person's SELECT over the records. The file is opened for reading alone, one statement is prepared, and its rows come one by
 * one: memory holds a row, however many there are.
 */
import type Database from 'better-sqlite3';
import { FaultError } from '../../../trainer/durable/fault-error.ts';
import { openReadOnly, type Migration } from './open.ts';
import { placeOfError } from './query-place.ts';

export type QueryValue = string | number | bigint | Uint8Array | null;

export interface OpenedQuery {
  /** Names of the columns; a name that comes twice is numbered. */
  readonly columns: readonly string[];
  readonly rows: IterableIterator<readonly QueryValue[]>;
}

export interface ReadRecords {
  /** @throws FaultError `bad-argument` with the place of an error, and for anything but one SELECT */
  readonly select: (sql: string) => OpenedQuery;
  /** The documented views with their columns. */
  readonly views: () => readonly { readonly view: string; readonly columns: readonly string[] }[];
  readonly close: () => void;
}

/** SQLite itself refuses to take more: a sort beyond it goes to a temporary file, a value beyond it is an error. */
const mostHeapBytes = 256 << 20;

const documentation = 'docs/records.md documents every view and its columns; "reprise query" alone lists them.';

export function openRecordsForReading(file: string, migrations: readonly Migration[], now: () => Date): ReadRecords {
  const { database } = openReadOnly(file, migrations, now);
  database.pragma('query_only = ON');
  database.pragma(`hard_heap_limit = ${mostHeapBytes}`);
  return {
    select: (sql) => select(database, sql),
    views: () => viewsOf(database),
    close: () => void database.close(),
  };
}

function viewsOf(database: Database.Database): ReturnType<ReadRecords['views']> {
  const views = database
    .prepare<[], { readonly name: string }>(
      "SELECT name FROM sqlite_schema WHERE type = 'view' AND name GLOB 'record_*' ORDER BY rowid",
    )
    .all();
  return views.map(({ name }) => ({
    view: name,
    columns: (database.pragma(`table_info(${name})`) as readonly { readonly name: string }[]).map(
      (column) => column.name,
    ),
  }));
}

/** Comments and space before the first word. */
const lead = /^(?:\s|--[^\n]*(?:\n|$)|\/\*[\s\S]*?(?:\*\/|$))*/;
const reading = /^(?:SELECT|WITH|VALUES|EXPLAIN)\b/i;

function select(database: Database.Database, sql: string): OpenedQuery {
  const text = sql.replace(lead, '');
  if (!reading.test(text)) {
    const [first = ''] = /^\S{0,40}/.exec(text) ?? [];
    throw refused(text === '' ? 'The query is empty.' : `"${first}" is refused: only SELECT reads records.`);
  }
  const statement = prepare(database, sql);
  // WITH … DELETE, for one. EXPLAIN of a statement that writes only describes it.
  if (!statement.reader || !(statement.readonly || /^EXPLAIN\b/i.test(text)))
    throw refused('This statement would change the records, which are open for reading only.');
  const raw = statement.raw(true).safeIntegers(true);
  return { columns: distinct(raw.columns().map(({ name }) => name)), rows: rowsOf(database, sql, raw) };
}

function prepare(database: Database.Database, sql: string): Database.Statement {
  try {
    return database.prepare(sql);
  } catch (error) {
    throw queryFault(database, sql, error);
  }
}

/** SQLite computes a row when it is asked for it, so an error can come with any of them. */
function* rowsOf(database: Database.Database, sql: string, statement: Database.Statement) {
  try {
    yield* statement.iterate() as IterableIterator<readonly QueryValue[]>;
  } catch (error) {
    throw queryFault(database, sql, error);
  }
}

function queryFault(database: Database.Database, sql: string, error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  if (error instanceof RangeError) return refused('More than one statement: give one SELECT.');
  if (code === 'SQLITE_NOMEM') return refused(`The query needs more than ${mostHeapBytes >> 20} MiB of memory.`);
  if (code === 'SQLITE_BUSY' || code === 'SQLITE_LOCKED')
    return new FaultError('busy', `Another program holds the run database: ${error.message}.`, {}, { retry: 'again' });
  if (!/^SQLITE_(?:ERROR|AUTH|MISMATCH|TOOBIG|RANGE|READONLY)/.test(code)) return error;
  const place = placeOfError(sql, error.message, (part) => messageOf(database, part));
  const where = place === null ? '' : ` at line ${place.line}, column ${place.column}`;
  const shown = place === null ? '' : `\n  ${place.text}\n  ${' '.repeat(place.before)}^`;
  return new FaultError('bad-argument', `SQL error${where}: ${error.message}.${shown}\n${documentation}`);
}

/** What SQLite says of a text; null if it takes it. */
function messageOf(database: Database.Database, sql: string): string | null {
  try {
    database.prepare(sql);
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

const refused = (reason: string): FaultError => new FaultError('bad-argument', `${reason} ${documentation}`);

function distinct(names: readonly string[]): readonly string[] {
  const counts = new Map<string, number>();
  return names.map((name) => {
    const count = (counts.get(name) ?? 0) + 1;
    counts.set(name, count);
    return count === 1 ? name : `${name}:${count}`;
  });
}
