/** Opens the run database: pragmas, integrity check, migrations. */
import Database from 'better-sqlite3';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, renameSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { FaultError } from '../../../trainer/durable/fault-error.ts';
import { expectAsClosed, forgetSum } from './file-sum.ts';

/** Reading and writing are different types at no cost at run time: a query that takes a ReadableDatabase cannot write. */
export type ReadableDatabase = Database.Database & { readonly readableDatabase: never };
export type WritableDatabase = ReadableDatabase & { readonly writableDatabase: never };

export interface Migration {
  /** The file's name, `0010-runs.sql`: its number is the version. */
  readonly name: string;
  readonly version: number;
  readonly sql: string;
  readonly sha256: string;
}

export interface Opened {
  readonly database: WritableDatabase;
  /** The copy made before an existing file was migrated, or null. */
  readonly backup: string | null;
  readonly version: number;
}

const busyTimeoutMs = 5000;

export function readMigrations(folder: string): readonly Migration[] {
  const names = readdirSync(folder)
    .filter((name) => name.endsWith('.sql'))
    .sort();
  let last = 0;
  return names.map((name) => {
    const version = Number(/^(\d{4})-[a-z0-9-]+\.sql$/.exec(name)?.[1] ?? Number.NaN);
    if (!(version > last))
      throw new FaultError('internal', `Migration "${name}" must be named NNNN-name.sql with a number above ${last}.`);
    last = version;
    const sql = readFileSync(join(folder, name), 'utf8');
    return { name, version, sql, sha256: createHash('sha256').update(sql).digest('hex') };
  });
}

/** @param file a path, or ':memory:' */
export function openDatabase(file: string, migrations: readonly Migration[], now: () => Date): Opened {
  const existed = file !== ':memory:' && existsSync(file);
  if (existed) expectAsClosed(file);
  const database = new Database(file) as WritableDatabase;
  try {
    database.pragma(`busy_timeout = ${busyTimeoutMs}`);
    if (existed) checkWhole(database, file);
    const pending = pendingMigrations(database, migrations, file);
    // Until here nothing was changed: not in one of a newer version, nor in one of another program.
    if (file !== ':memory:') forgetSum(file);
    setPragmas(database);
    const backup =
      existed && pending.length > 0 && tableExists(database, 'applied') ? backUp(database, file, now()) : null;
    migrate(database, pending, now());
    return { database, backup, version: versionOf(migrations) };
  } catch (error) {
    database.close();
    throw error;
  }
}

/** Opens the database; one that is damaged is put aside and made anew, for every row is in a file of the workspace, too. */
export function openOrRemake(
  file: string,
  migrations: readonly Migration[],
  now: () => Date,
): Opened & { readonly damaged: Damaged | null } {
  try {
    return { ...openDatabase(file, migrations, now), damaged: null };
  } catch (error) {
    if (!isDamage(error)) throw error;
    const kept = putAside(file, now());
    return {
      ...openDatabase(file, migrations, now),
      damaged: { kept, reason: (error as Error).message.replace(/\.$/, '') },
    };
  }
}

/** A database that could not be used. */
export interface Damaged {
  /** Where it is now. */
  readonly kept: string;
  readonly reason: string;
}

/** What SQLite says of a file that is damaged, and not of a disk that cannot be used at the moment. */
const damageCodes = /^SQLITE_(?:CORRUPT|NOTADB|ERROR$|SCHEMA$|FORMAT$)/;

function isDamage(error: unknown): boolean {
  if (error instanceof FaultError) return error.fault.code === 'corrupt-database';
  return error instanceof Error && 'code' in error && typeof error.code === 'string' && damageCodes.test(error.code);
}

function putAside(file: string, now: Date): string {
  const kept = join(dirname(file), `${basename(file, '.db')}-damaged-${stampOf(now)}.db`);
  // Its journal first: beside a new database it would be applied to that one.
  for (const ending of ['-wal', '-shm', '']) {
    if (existsSync(file + ending)) renameSync(file + ending, kept + ending);
  }
  return kept;
}

const stampOf = (now: Date): string => now.toISOString().slice(0, 19).replaceAll(':', '-');

/** Opens a database that another process may be writing, read-only: takes no lock, changes nothing. */
export function openReadOnly(file: string, migrations: readonly Migration[], now: () => Date): Opened {
  // A workspace without a database reads as empty.
  if (!existsSync(file)) return openDatabase(':memory:', migrations, now);
  expectAsClosed(file);
  const database = new Database(file, { readonly: true }) as WritableDatabase;
  try {
    database.pragma(`busy_timeout = ${busyTimeoutMs}`);
    database.pragma('query_only = ON');
    const pending = pendingMigrations(database, migrations, file);
    if (pending.length > 0)
      throw new FaultError(
        'not-available',
        `The run database ${file} was made by an older version and has not been brought up to date. Open the workspace for writing once (start the app, or any command that runs something).`,
        { file },
      );
    return { database, backup: null, version: versionOf(migrations) };
  } catch (error) {
    database.close();
    throw error;
  }
}

function setPragmas(database: Database.Database): void {
  database.pragma('journal_mode = WAL');
  // better-sqlite3 is compiled with NORMAL for a reopened WAL file: a committed row could vanish on power loss.
  database.pragma('synchronous = FULL');
  // By default SQLite does not check foreign keys; enable them for each connection.
  database.pragma('foreign_keys = ON');
  // 16 MiB instead of 2: a curve of a long run is read in one go.
  database.pragma('cache_size = -16384');
}

function checkWhole(database: Database.Database, file: string): void {
  const answer = database.pragma('quick_check', { simple: true });
  if (answer === 'ok') return;
  throw damagedBy(file, String(answer));
}

function damagedBy(file: string, what: string): FaultError {
  return new FaultError('corrupt-database', `The run database ${file} is damaged (${what}).`, { file });
}

interface AppliedRow {
  readonly name: string;
  readonly sha256: string;
}

function pendingMigrations(
  database: Database.Database,
  migrations: readonly Migration[],
  file: string,
): readonly Migration[] {
  if (!tableExists(database, 'applied')) {
    if (tableExists(database, 'runs') && tableExists(database, 'attempts'))
      throw damagedBy(file, 'its list of migrations is gone');
    if (database.prepare('SELECT count(*) FROM sqlite_schema').pluck().get() !== 0)
      throw new FaultError('wrong-folder', `${file} is a SQLite file of another program. Choose another workspace.`, {
        file,
      });
    return migrations;
  }
  const applied = new Map(
    database
      .prepare<[], AppliedRow>('SELECT name, sha256 FROM applied')
      .all()
      .map((row) => [row.name, row.sha256]),
  );
  const newest = versionOf(migrations);
  for (const [name, sha256] of applied) {
    const known = migrations.find((migration) => migration.name === name);
    // A newer version has all of ours, too.
    if (known === undefined && Number.parseInt(name, 10) > newest && migrations.every((one) => applied.has(one.name)))
      throw new FaultError(
        'newer-version',
        `The run database ${file} was made by a newer version of Reprise (it has migration ${name}, this version ends at ${newest}). Update Reprise, or choose another workspace. Nothing was changed.`,
        { file, theirs: name, ours: newest },
      );
    if (known === undefined) throw damagedBy(file, `it has migration ${name}, which this version does not have`);
    if (known.sha256 !== sha256)
      throw damagedBy(file, `migration ${name} was edited after it was applied to it; migrations are frozen`);
  }
  const pending = migrations.filter((migration) => !applied.has(migration.name));
  const highest = Math.max(0, ...[...applied.keys()].map((name) => Number.parseInt(name, 10)));
  const late = pending.find((migration) => migration.version < highest);
  if (late !== undefined)
    throw new FaultError(
      'internal',
      `Migration ${late.name} comes before ${highest}, which ${file} already has. Give it a higher number.`,
    );
  return pending;
}

function migrate(database: Database.Database, pending: readonly Migration[], now: Date): void {
  if (pending.length === 0) return;
  database
    .transaction(() => {
      database.exec(
        'CREATE TABLE IF NOT EXISTS applied (name TEXT NOT NULL PRIMARY KEY, sha256 TEXT NOT NULL, at INTEGER NOT NULL) STRICT',
      );
      const note = database.prepare('INSERT INTO applied (name, sha256, at) VALUES (?, ?, ?)');
      for (const migration of pending) {
        database.exec(migration.sql);
        note.run(migration.name, migration.sha256, now.getTime());
      }
    })
    .exclusive();
}

/** A copied WAL database may miss its last commits; VACUUM INTO writes a complete one. */
function backUp(database: Database.Database, file: string, now: Date): string {
  const copy = join(dirname(file), `${basename(file, '.db')}-backup-${stampOf(now)}.db`);
  database.prepare('VACUUM INTO ?').run(copy);
  return copy;
}

function versionOf(migrations: readonly Migration[]): number {
  return migrations.at(-1)?.version ?? 0;
}

function tableExists(database: Database.Database, name: string): boolean {
  return database.prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?").get(name) !== undefined;
}
