/** Shows the trainer's state outside the page: title, taskbar, notification, wake lock, tray. */
import { app, type BrowserWindow, Notification } from 'electron';
import type { Progress, RunRow } from '../api/runs.ts';
import { createTrayIcon } from './tray.ts';
import { createWakefulness } from './wakefulness.ts';
import type { Words } from './words.ts';

export interface PresenceState {
  readonly keepAwake: boolean;
  readonly text: Words;
}

export interface DesktopPresence {
  /** Shows the progress in the window's title and on the taskbar. */
  progress(progress: Progress): void;
  /** Compares with the runs before: announces finished and failed ones if the window is not focused. */
  runs(rows: readonly RunRow[]): void;
  change(state: PresenceState): void;
  keepInTray(): void;
  dispose(): void;
}

/** Text of the notification for a run that is no longer running; null if none is due. */
function announcementOf(row: RunRow, text: Words): { readonly title: string; readonly body: string } | null {
  switch (row.status) {
    case 'done':
      return { title: text.done, body: row.title };
    case 'failed':
      return { title: text.failed, body: row.fault === null ? row.title : `${row.title}: ${row.fault.message}` };
    case 'interrupted':
      return { title: text.interrupted, body: row.title };
    default:
      return null;
  }
}

export function createPresence(
  window: () => BrowserWindow | null,
  icon: string,
  initial: PresenceState,
  openRun: (run: string) => void,
): DesktopPresence {
  let state = initial;
  let running: ReadonlySet<string> = new Set();
  let titles: ReadonlyMap<string, string> = new Map();
  const tray = createTrayIcon(window, icon);
  const setAwake = createWakefulness();

  function announce(title: string, body: string, run: string): void {
    if (!Notification.isSupported() || window()?.isFocused() === true) return;
    const notification = new Notification({ title, body });
    notification.on('click', () => {
      window()?.show();
      openRun(run);
    });
    notification.show();
  }

  function rest(): void {
    const shown = window();
    shown?.setTitle(app.getName());
    shown?.setProgressBar(-1);
    setAwake(false);
  }

  return {
    progress(progress) {
      const shown = window();
      if (shown === null || shown.isDestroyed()) return;
      const share = progress.fraction ?? (progress.steps === null ? 0 : progress.step / progress.steps);
      shown.setTitle(
        `${String(Math.floor(share * 100))} % ${titles.get(progress.run) ?? progress.run} – ${app.getName()}`,
      );
      shown.setProgressBar(share, { mode: progress.phase === 'paused' ? 'paused' : 'normal' });
    },
    runs(rows) {
      titles = new Map(rows.map((row) => [row.id, row.title]));
      for (const row of rows) {
        const announcement = running.has(row.id) ? announcementOf(row, state.text) : null;
        if (announcement !== null) announce(announcement.title, announcement.body, row.id);
      }
      running = new Set(rows.filter((row) => row.status === 'running').map((row) => row.id));
      if (running.size === 0) rest();
      else setAwake(state.keepAwake);
    },
    change(next) {
      state = next;
      setAwake(state.keepAwake && running.size > 0);
      tray.translate(state.text);
    },
    keepInTray() {
      tray.hideWindow(state.text);
    },
    dispose() {
      setAwake(false);
      tray.dispose();
    },
  };
}
