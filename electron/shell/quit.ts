/** Quitting: asks what to do with a run in training, stops it safely, closes the workspace, then exits. */
import { app, type BrowserWindow, dialog } from 'electron';
import type { Workstation } from '../workstation/workstation.ts';
import { fail } from './crash.ts';
import { isTraining } from './open-workstation.ts';
import type { DesktopPresence } from './presence.ts';
import type { Words } from './words.ts';

let quitting = false;

/** True once the decision to quit is made: windows may close. */
export function isQuitting(): boolean {
  return quitting;
}

async function quit(workstation: Workstation, presence: DesktopPresence): Promise<void> {
  quitting = true;
  await workstation.close('safely');
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
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(signal, () => void quit(workstation, presence).catch(fail));
}
