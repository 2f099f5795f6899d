/**
 * The process that owns the run database: `node store.js --database FILE --migrations FOLDER [--readonly | --remake]`. Handles
 * requests one at a time, in order. When the parent exits, it closes the database and exits too.
 */
import process from 'node:process';
import { parseArgs } from 'node:util';
import { FaultError } from '../../../trainer/durable/fault-error.ts';
import { faultOf } from '../../../trainer/durable/fault-of.ts';
import type { Fault } from '../../../trainer/protocol/fault.ts';
import { recordSum } from './file-sum.ts';
import { openDatabase, openOrRemake, openReadOnly, readMigrations, type Damaged } from './open.ts';
import { createQueries } from './queries.ts';

/** From the client; `close` ends the process after earlier requests. */
export type StoreRequest =
  { readonly id: number; readonly name: string; readonly args: readonly unknown[] } | { readonly close: true };

/** The first message is `opened`; then one answer per request. */
export type StoreMessage =
  | {
      readonly opened: {
        readonly ok: true;
        readonly backup: string | null;
        readonly damaged: Damaged | null;
        readonly version: number;
      };
    }
  | { readonly opened: { readonly ok: false; readonly fault: Fault } }
  | { readonly id: number; readonly ok: true; readonly value: unknown; readonly milliseconds: number }
  | { readonly id: number; readonly ok: false; readonly fault: Fault; readonly milliseconds: number };

function main(): void {
  const { values } = parseArgs({
    options: {
      database: { type: 'string' },
      migrations: { type: 'string' },
      readonly: { type: 'boolean' },
      remake: { type: 'boolean' },
    },
  });
  const { database: file, migrations: folder, remake = false } = values;
  if (file === undefined || folder === undefined || process.send === undefined) {
    console.error('The store is started by the workstation: --database FILE --migrations FOLDER, with an ipc pipe.');
    process.exit(2);
  }
  const readonly = values.readonly === true;
  const opened = open(file, folder, readonly ? 'read' : remake ? 'remake' : 'write');
  if (!opened.ok) {
    send({ opened: { ok: false, fault: opened.fault } }, () => process.exit(1));
    return;
  }
  const { database, backup, damaged, version } = opened.value;
  const queries = createQueries(database);
  const close = (): void => {
    // Cheap unless tables have changed a lot; keeps the planner's statistics up to date.
    if (!readonly) database.pragma('optimize');
    database.close();
    if (!readonly) recordSum(file);
    process.exit(0);
  };
  process.on('message', (request: StoreRequest) => {
    if ('close' in request) close();
    else send(answer(queries as unknown as Answers, request));
  });
  process.on('disconnect', close);
  // The parent stops the store by its pipe. A Ctrl-C in the terminal reaches every process of the group; the parent
  // still has rows to write then.
  process.on('SIGINT', () => undefined);
  send({ opened: { ok: true, backup, damaged, version } });
}

function open(file: string, folder: string, how: 'read' | 'write' | 'remake') {
  try {
    const now = () => new Date();
    const migrations = readMigrations(folder);
    return {
      ok: true as const,
      value:
        how === 'remake'
          ? openOrRemake(file, migrations, now)
          : { ...(how === 'read' ? openReadOnly : openDatabase)(file, migrations, now), damaged: null },
    };
  } catch (error) {
    return { ok: false as const, fault: sqlFault(error) };
  }
}

type Answers = Readonly<Record<string, (...args: readonly unknown[]) => unknown>>;

function answer(queries: Answers, request: Extract<StoreRequest, { id: number }>): StoreMessage {
  const began = performance.now();
  const { id, name, args } = request;
  try {
    const query = Object.hasOwn(queries, name) ? queries[name] : undefined;
    if (query === undefined)
      throw new FaultError(
        'unknown-id',
        `The store has no query "${name}". Known: ${Object.keys(queries).join(', ')}.`,
      );
    return { id, ok: true, value: query(...args), milliseconds: performance.now() - began };
  } catch (error) {
    return { id, ok: false, fault: sqlFault(error), milliseconds: performance.now() - began };
  }
}

/** Converts SQLite's codes to faults that suggest a remedy. */
function sqlFault(error: unknown): Fault {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const message = error instanceof Error ? error.message : String(error);
  if (code === 'SQLITE_FULL')
    return {
      code: 'disk-full',
      message: 'The disk is full: the run database cannot grow.',
      values: {},
      retry: 'free-space',
    };
  if (code.startsWith('SQLITE_BUSY'))
    return { code: 'busy', message: `Another program holds the run database: ${message}`, values: {}, retry: 'again' };
  if (code.startsWith('SQLITE_READONLY'))
    return { code: 'write-failed', message: `The run database is open for reading only: ${message}`, values: {} };
  if (code.startsWith('SQLITE_CORRUPT') || code === 'SQLITE_NOTADB')
    return {
      code: 'corrupt-database',
      message: `The run database is damaged (${code}: ${message}). Start the app, or any command that runs something: it is put aside and made anew from the run folders.`,
      values: {},
      retry: 'again',
    };
  if (code.startsWith('SQLITE_IOERR'))
    return { code: 'read-failed', message: `The run database cannot be read (${code}): ${message}`, values: {} };
  return faultOf(error);
}

function send(message: StoreMessage, sent?: () => void): void {
  // A failed send means that the parent is gone; `disconnect` ends this process.
  process.send?.(message, undefined, undefined, () => sent?.());
}

main();
