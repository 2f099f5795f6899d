/** What the desktop shows of the trainer outside the window: title, taskbar, notification, wakefulness, tray. */
import { app, Menu, nativeImage, Notification, powerSaveBlocker, Tray, type BrowserWindow } from 'electron';
import type { Progress, RunRow } from '../api/runs.ts';
import type { Words } from './words.ts';

export interface DesktopState {
  readonly keepAwake: boolean;
  readonly text: Words;
}

export interface DesktopPresence {
  /** The window's title says what the trainer does; the taskbar shows how far it is. */
  progress(progress: Progress): void;
  /** Compares with what was running before: finished and failed runs are announced when nobody looks. */
  runs(rows: readonly RunRow[]): void;
  change(state: DesktopState): void;
  keepInTray(): void;
  dispose(): void;
}

export function createPresence(
  window: () => BrowserWindow | null,
  icon: string,
  initial: DesktopState,
  openRun: (run: string) => void,
): DesktopPresence {
  let state = initial;
  let blocker: number | null = null;
  let tray: Tray | null = null;
  let running = new Map<string, string>();
  let titles = new Map<string, string>();

  function setAwake(wanted: boolean): void {
    if (wanted && blocker === null) blocker = powerSaveBlocker.start('prevent-app-suspension');
    else if (!wanted && blocker !== null) {
      powerSaveBlocker.stop(blocker);
      blocker = null;
    }
  }

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
      const share = progress.fraction ?? (progress.steps > 0 ? progress.step / progress.steps : 0);
      shown.setTitle(
        `${String(Math.floor(share * 100))} % ${titles.get(progress.run) ?? progress.run} – ${app.getName()}`,
      );
      shown.setProgressBar(share, { mode: progress.phase === 'paused' ? 'paused' : 'normal' });
    },
    runs(rows) {
      titles = new Map(rows.map((row) => [row.id, row.title]));
      for (const row of rows) {
        if (!running.has(row.id)) continue;
        if (row.status === 'done') announce(state.text.done, row.title, row.id);
        else if (row.status === 'failed')
          announce(state.text.failed, row.fault === null ? row.title : `${row.title}: ${row.fault.message}`, row.id);
        else if (row.status === 'interrupted') announce(state.text.interrupted, row.title, row.id);
      }
      running = new Map(rows.filter((row) => row.status === 'running').map((row) => [row.id, row.title]));
      if (running.size === 0) rest();
      else setAwake(state.keepAwake);
    },
    change(next) {
      state = next;
      setAwake(state.keepAwake && running.size > 0);
      if (tray !== null) fillTray(tray);
    },
    keepInTray() {
      tray ??= new Tray(nativeImage.createFromPath(icon).resize({ width: 22, height: 22 }));
      tray.setToolTip(app.getName());
      tray.on('click', () => window()?.show());
      fillTray(tray);
      window()?.hide();
    },
    dispose() {
      setAwake(false);
      tray?.destroy();
      tray = null;
    },
  };

  function fillTray(shown: Tray): void {
    shown.setContextMenu(
      Menu.buildFromTemplate([
        { label: state.text.show, click: () => window()?.show() },
        { type: 'separator' },
        { label: state.text.quit, click: () => app.quit() },
      ]),
    );
  }
}
