/** Opens the window's workstation, as this installation has it. */
import { app, type BrowserWindow, dialog } from 'electron';
import { once } from 'node:events';
import process from 'node:process';
import { FaultError } from '../../trainer/durable/fault-error.ts';
import { installationIn } from '../workstation/installation.ts';
import type { Desktop } from '../workstation/machine/desktop.ts';
import type { Push } from '../workstation/request-types.ts';
import { openWorkstation, type Workstation } from '../workstation/workstation.ts';
import { toldFault } from '../words/told-fault.ts';
import { pickPath } from './desktop.ts';
import { rememberedHome, rememberHome } from './home.ts';
import type { PresenceState } from './presence.ts';
import type { Words } from './words.ts';

/** @returns null if the workspace cannot be opened; the user has been told why, and the program is quitting */
export async function openOrExplain(
  appRoot: string,
  { language, text }: Pick<PresenceState, 'language' | 'text'>,
  window: () => BrowserWindow | null,
  desktop: Desktop,
  push: Push,
): Promise<Workstation | null> {
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
    await explain(toldFault(language, error.fault), text, window());
    app.exit(1);
    return null;
  }
}

/** The next start would end here again, so another workspace can be chosen, unless the environment names this one. */
async function explain(message: string, text: Words, window: BrowserWindow | null): Promise<void> {
  const canChoose = !process.env['REPRISE_HOME'];
  const buttons = canChoose ? [text.quit, text.chooseOther] : [text.quit];
  // Before it is shown, the window would come to lie over what is said.
  if (window?.isVisible() === false) await once(window, 'show');
  const options = { type: 'error' as const, message: app.getName(), detail: message, buttons };
  const { response } = await (window === null
    ? dialog.showMessageBox(options)
    : dialog.showMessageBox(window, options));
  if (response !== 1) return;
  const folder = await pickPath(window, { properties: ['openDirectory', 'createDirectory'] });
  if (folder === null) return;
  rememberHome(folder);
  app.relaunch();
}

export async function isTraining({ handlers }: Workstation): Promise<boolean> {
  return (await handlers.runs.answer()).some((row) => row.status === 'running');
}
