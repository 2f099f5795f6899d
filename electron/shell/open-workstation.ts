/** Opens the window's workstation, configured for this installation by the environment. */
import { app, dialog } from 'electron';
import { join } from 'node:path';
import { FaultError } from '../../trainer/durable/fault-error.ts';
import type { Desktop } from '../workstation/machine/desktop.ts';
import type { Push } from '../workstation/request-types.ts';
import { openWorkstation, type Workstation } from '../workstation/workstation.ts';
import { rememberedHome } from './home.ts';

/** @returns null if the workspace cannot be opened; the user has been told why, and the program is quitting */
export async function openOrExplain(appRoot: string, desktop: Desktop, push: Push): Promise<Workstation | null> {
  try {
    return await openWorkstation({
      home: rememberedHome(),
      appRoot,
      runtime: process.env['REPRISE_RUNTIME'] ?? join(appRoot, '.runtime'),
      node: process.env['REPRISE_NODE'] ?? join(appRoot, 'node_modules/node/bin/node'),
      version: app.getVersion(),
      edition: process.env['REPRISE_FALLBACK_ELECTRON'] === '1' ? '-dev' : '',
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
