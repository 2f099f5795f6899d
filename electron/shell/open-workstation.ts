/** Opens the window's workstation, as this installation has it. */
import { app, dialog } from 'electron';
import process from 'node:process';
import { FaultError } from '../../trainer/durable/fault-error.ts';
import { installationIn } from '../workstation/installation.ts';
import type { Desktop } from '../workstation/machine/desktop.ts';
import type { Push } from '../workstation/request-types.ts';
import { openWorkstation, type Workstation } from '../workstation/workstation.ts';
import { rememberedHome } from './home.ts';

/** @returns null if the workspace cannot be opened; the user has been told why, and the program is quitting */
export async function openOrExplain(appRoot: string, desktop: Desktop, push: Push): Promise<Workstation | null> {
  try {
    return await openWorkstation({
      home: rememberedHome(),
      ...(await installationIn(appRoot, process.env)),
      write: true,
      push,
      desktop,
    });
  } catch (error) {
    if (!(error instanceof FaultError)) throw error;
    // Another program holds the workspace, or a newer version created it: report it and change nothing.
    dialog.showErrorBox(app.getName(), error.message);
    app.exit(1);
    return null;
  }
}

export async function isTraining({ handlers }: Workstation): Promise<boolean> {
  return (await handlers.runs.answer()).some((row) => row.status === 'running');
}
