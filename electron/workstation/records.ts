/** The workspace with its settings, database and log, and the resources that ship with the program. */
import { appendFile, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import type { Settings, Upgrade } from '../api/settings.ts';
import { childEnvironment } from './child-environment.ts';
import { readSettings } from './machine/settings.ts';
import { withoutWriter } from './runs/without-writer.ts';
import { openStore } from './store/client.ts';
import type { Store } from './store/store.ts';
import { rememberProgram } from './workspace/marker.ts';
import { isLocked } from './workspace/lock.ts';
import { readResources, type Resources } from './workspace/resources.ts';
import { openWorkspace, type Workspace } from './workspace/workspace.ts';
import type { WorkstationOptions } from './workstation-options.ts';

export interface Records {
  readonly resources: Resources;
  readonly workspace: Workspace;
  readonly settings: { current: Settings };
  readonly store: Store;
  /** What was found damaged when the workspace was opened, a sentence each. */
  readonly damage: readonly string[];
  /** Made when the workspace was opened, if it was of an older version. */
  readonly upgrade: Upgrade | null;
  /** Adds to it, and reports it like an error. */
  readonly reportDamage: (note: string) => void;
  /** For child processes. */
  readonly environment: NodeJS.ProcessEnv;
  /** Reports errors outside of answers, here and in the workspace's log. */
  readonly complain: (line: string) => void;
}

type RecordsOptions = Pick<
  WorkstationOptions,
  'appRoot' | 'home' | 'write' | 'runtime' | 'node' | 'version' | 'complain'
>;

export async function openRecords(options: RecordsOptions): Promise<Records> {
  const { appRoot, write } = options;
  const resources = await readResources(appRoot);
  const migrations = join(appRoot, 'migrations');
  const own = { program: options.version, database: await newestMigration(migrations) };
  const workspace = await openWorkspace(options.home, { write, own });
  const log = write ? logInto(join(workspace.logs, 'workstation.log')) : () => undefined;
  const complain = (line: string): void => {
    log(line);
    if (options.complain === undefined) console.error(line);
    else options.complain(line);
  };
  const environment = { ...childEnvironment(process.env), REPRISE_RUNTIME: options.runtime };
  try {
    const { settings, notes } = await readSettings(workspace.home);
    const damage: string[] = [];
    const reportDamage = (note: string): void => {
      complain(note);
      damage.push(note);
    };
    for (const note of [...workspace.notes, ...notes]) reportDamage(note);
    let backup: string | null = null;
    const store = await openStore({
      node: options.node,
      script: join(appRoot, 'out', 'node', 'store.js'),
      database: workspace.database,
      migrations,
      env: environment,
      readonly: !write,
      log,
      damaged: ({ kept, reason }) =>
        reportDamage(
          `The run database was damaged (${reason}). It is kept as ${kept}, and made anew from the run folders.`,
        ),
      migrated: (copy) => (backup = copy),
    });
    if (write) await rememberProgram(workspace.home, own);
    const upgrade = await upgradeOf(backup, workspace.program);
    if (upgrade !== null) log(`The database was brought up to date; as it was it is kept in ${upgrade.backup}`);
    return {
      resources,
      workspace,
      settings: { current: settings },
      store: write || (await isLocked(workspace.home)) ? store : withoutWriter(store),
      damage,
      upgrade,
      reportDamage,
      environment,
      complain,
    };
  } catch (error) {
    await workspace.close();
    throw error;
  }
}

const upgradeOf = async (backup: string | null, from: string | null): Promise<Upgrade | null> =>
  backup === null ? null : { backup, bytes: (await stat(backup)).size, from };

/** The number of a migration is the version of the database after it. */
async function newestMigration(folder: string): Promise<number> {
  const numbers = (await readdir(folder)).map((name) => Number.parseInt(name, 10));
  return Math.max(...numbers.filter((number) => !Number.isNaN(number)));
}

/** The log is not a record: if it cannot be written, the message is still reported. */
function logInto(file: string): (line: string) => void {
  return (line) => {
    const text = `${new Date().toISOString()} ${line}\n`;
    void appendFile(file, text).catch(() => undefined);
  };
}
