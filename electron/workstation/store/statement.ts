/** Prepared statements, kept for each database by their text. */
import type { Statement } from 'better-sqlite3';
import type { ReadableDatabase } from './open.ts';

const prepared = new WeakMap<ReadableDatabase, Map<string, Statement>>();

/** @typeParam Row type of a result row, matching the columns; unchecked */
export function statement<Row = unknown>(database: ReadableDatabase, sql: string): Statement<unknown[], Row> {
  let known = prepared.get(database);
  if (known === undefined) prepared.set(database, (known = new Map<string, Statement>()));
  let found = known.get(sql);
  if (found === undefined) known.set(sql, (found = database.prepare(sql)));
  return found as Statement<unknown[], Row>;
}
