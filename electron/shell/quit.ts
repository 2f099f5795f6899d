/** Quitting: asks what to do with a run in training, stops it safely, closes the workspace, then exits. */
import { app, BrowserWindow, dialog, powerMonitor } from 'electron';
import type { StopReason } from '../workstation/trainer/session-end.ts';
import type { Workstation } from '../workstation/workstation.ts';
import { fail } from './crash.ts';
import { isTraining } from './open-workstation.ts';
import { followPower } from './power.ts';
import type { DesktopPresence } from './presence.ts';
import type { Words } from './words.ts';

/** null: the workspace cannot be opened, and the program is ending. */
type Opening = Promise<Workstation | null>;

let quitting = false;

/** True once the decision to quit is made: windows may close. */
export function isQuitting(): boolean {
  return quitting;
}

function hideWindows(): void {
  for (const shown of BrowserWindow.getAllWindows()) shown.hide();
}

async function quit(opening: Opening, presence: DesktopPresence, why?: StopReason): Promise<void> {
  quitting = true;
  // Saving may take a while; nobody has to look at it.
  hideWindows();
  await (await opening)?.close('safely', why);
  presence.dispose();
  app.exit(0);
}

async function askAboutTraining(window: BrowserWindow, text: Words): Promise<'quit' | 'background' | 'stay'> {
  const { response } = await dialog.showMessageBox(window, {
    type: 'question',
    message: text.quitQuestion,
    detail: text.quitDetail,
    buttons: [text.stopSafely, text.keepInBackground, text.cancel],
    defaultId: 0,
    cancelId: 2,
  });
  return (['quit', 'background', 'stay'] as const)[response] ?? 'stay';
}

/** From the first moment on: a window that is closed while its workspace is being opened is gone, and the program ends after that. */
export function quitSafely(
  opening: Opening,
  presence: DesktopPresence,
  window: () => BrowserWindow | null,
  text: () => Words,
): void {
  let opened: Workstation | null = null;
  let asking = false;
  const askAndQuit = async (): Promise<void> => {
    const shown = window();
    if (opened !== null && shown !== null && process.env['REPRISE_TEST'] !== '1' && (await isTraining(opened))) {
      const wish = await askAboutTraining(shown, text());
      if (wish === 'background') presence.keepInTray();
      if (wish !== 'quit') return;
    }
    await quit(opening, presence);
  };
  app.on('before-quit', (event) => {
    if (quitting) return;
    event.preventDefault();
    if (asking) return;
    asking = true;
    askAndQuit()
      .catch(fail)
      .finally(() => (asking = false));
  });
  const endSession = (): void => void quit(opening, presence, 'session-end').catch(fail);
  void opening.then((workstation) => {
    opened = workstation;
    if (workstation !== null) followPower(powerMonitor, workstation, endSession);
  });
  // Windows tells its windows, not the monitor.
  app.on('browser-window-created', (_event, created) => void created.on('session-end', endSession));
  process.on('SIGINT', () => void quit(opening, presence).catch(fail));
  // A logout ends programs by these.
  for (const signal of ['SIGTERM', 'SIGHUP'] as const) process.on(signal, endSession);
}
