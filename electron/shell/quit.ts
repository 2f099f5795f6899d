/** Quitting: asks what to do with a run in training, stops it safely, closes the workspace, then exits. */
import { app, BrowserWindow, dialog, powerMonitor } from 'electron';
import type { StopReason } from '../workstation/trainer/session-end.ts';
import type { Workstation } from '../workstation/workstation.ts';
import { fail } from './crash.ts';
import { isTraining } from './open-workstation.ts';
import { followPower } from './power.ts';
import type { DesktopPresence } from './presence.ts';
import type { Words } from './words.ts';

let quitting = false;

/** True once the decision to quit is made: windows may close. */
export function isQuitting(): boolean {
  return quitting;
}

async function quit(workstation: Workstation, presence: DesktopPresence, why?: StopReason): Promise<void> {
  quitting = true;
  // Saving may take a while; nobody has to look at it.
  for (const shown of BrowserWindow.getAllWindows()) shown.hide();
  await workstation.close('safely', why);
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

export function quitSafely(
  workstation: Workstation,
  presence: DesktopPresence,
  window: () => BrowserWindow | null,
  text: () => Words,
): void {
  let asking = false;
  const askAndQuit = async (): Promise<void> => {
    const training = await isTraining(workstation);
    const shown = window();
    if (training && shown !== null && process.env['REPRISE_TEST'] !== '1') {
      const wish = await askAboutTraining(shown, text());
      if (wish === 'background') presence.keepInTray();
      if (wish !== 'quit') return;
    }
    await quit(workstation, presence);
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
  const endSession = (): void => void quit(workstation, presence, 'session-end').catch(fail);
  followPower(powerMonitor, workstation, endSession);
  // Windows tells its windows, not the monitor.
  app.on('browser-window-created', (_event, created) => void created.on('session-end', endSession));
  process.on('SIGINT', () => void quit(workstation, presence).catch(fail));
  // A logout ends programs by these.
  for (const signal of ['SIGTERM', 'SIGHUP'] as const) process.on(signal, endSession);
}
