/** The workspace with its settings, database and log, and the resources that ship with the program. */
import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import type { Settings } from '../api/settings.ts';
import { childEnvironment } from './child-environment.ts';
import { readSettings } from './machine/settings.ts';
import { withoutWriter } from './runs/without-writer.ts';
import { openStore } from './store/client.ts';
import type { Store } from './store/store.ts';
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
  /** Adds to it, and reports it like an error. */
  readonly reportDamage: (note: string) => void;
  /** For child processes. */
  readonly environment: NodeJS.ProcessEnv;
  /** Reports errors outside of answers, here and in the workspace's log. */
  readonly complain: (line: string) => void;
}

type RecordsOptions = Pick<WorkstationOptions, 'appRoot' | 'home' | 'write' | 'runtime' | 'node' | 'complain'>;

export async function openRecords(options: RecordsOptions): Promise<Records> {
  const { appRoot, write } = options;
  const resources = await readResources(appRoot);
  const workspace = await openWorkspace(options.home, { write });
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
    const store = await openStore({
      node: options.node,
      script: join(appRoot, 'out', 'node', 'store.js'),
      database: workspace.database,
      migrations: join(appRoot, 'migrations'),
      env: environment,
      readonly: !write,
      log,
      damaged: ({ kept, reason }) =>
        reportDamage(
          `The run database was damaged (${reason}). It is kept as ${kept}, and made anew from the run folders.`,
        ),
    });
    return {
      resources,
      workspace,
      settings: { current: settings },
      store: write || (await isLocked(workspace.home)) ? store : withoutWriter(store),
      damage,
      reportDamage,
      environment,
      complain,
    };
  } catch (error) {
    await workspace.close();
    throw error;
  }
}

/** The log is not a record: if it cannot be written, the message is still reported. */
function logInto(file: string): (line: string) => void {
  return (line) => {
    const text = `${new Date().toISOString()} ${line}\n`;
    void appendFile(file, text).catch(() => undefined);
  };
}
