/** Shows the trainer's state outside the page: title, taskbar, notification, wake lock, tray. */
import { app, type BrowserWindow, powerMonitor, powerSaveBlocker } from 'electron';
import type { Progress, RunRow } from '../api/runs.ts';
import type { Settings } from '../api/settings.ts';
import { faultInWords } from '../words/faults.ts';
import { type Announcement, createAnnouncer } from './announcer.ts';
import { createTrayIcon } from './tray.ts';
import { type AwakeWish, createWakefulness } from './wakefulness.ts';
import type { Words } from './words.ts';

export interface PresenceState {
  readonly settings: Pick<Settings, 'keepAwake' | 'awakeOnBattery' | 'notify'>;
  readonly language: 'en' | 'zh';
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
function announcementOf(row: RunRow, state: PresenceState): Announcement | null {
  const { text } = state;
  const { title, fault } = row;
  const body = fault === null ? title : `${title}\n${faultInWords(state.language, fault)}`;
  switch (row.status) {
    case 'done':
      return { title: text.done, body: title, isFault: false };
    case 'failed':
      return { title: text.failed, body, isFault: true };
    case 'interrupted':
      return { title: text.interrupted, body, isFault: true };
    default:
      return null;
  }
}

function wishOf({ keepAwake, awakeOnBattery }: PresenceState['settings'], isTraining: boolean): AwakeWish {
  if (!keepAwake || !isTraining) return 'never';
  return awakeOnBattery ? 'always' : 'plugged-in';
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
  const setAwake = createWakefulness(powerSaveBlocker, powerMonitor);
  const announcer = createAnnouncer(window, openRun, () => {
    if (running.size === 0) rest();
  });
  /** Runs whose pause has been told. */
  const toldPaused = new Set<string>();

  function rest(): void {
    const shown = window();
    shown?.setTitle(app.getName());
    if (!announcer.showsFault()) shown?.setProgressBar(-1);
    setAwake('never');
  }

  return {
    progress(progress) {
      const shown = window();
      if (shown === null || shown.isDestroyed()) return;
      const share = progress.fraction ?? (progress.steps === null ? 0 : progress.step / progress.steps);
      shown.setTitle(
        `${String(Math.floor(share * 100))} % ${titles.get(progress.run) ?? progress.run} – ${app.getName()}`,
      );
      const mode = progress.pausedBy !== null ? 'error' : progress.phase === 'paused' ? 'paused' : 'normal';
      shown.setProgressBar(share, { mode });
      if (progress.pausedBy === null) toldPaused.delete(progress.run);
      else if (!toldPaused.has(progress.run)) {
        toldPaused.add(progress.run);
        const why = faultInWords(state.language, progress.pausedBy);
        const title = titles.get(progress.run) ?? progress.run;
        const told = { title: state.text.paused, body: `${title}\n${why}`, isFault: false };
        announcer.announce(told, progress.run, state.settings.notify);
      }
    },
    runs(rows) {
      titles = new Map(rows.map((row) => [row.id, row.title]));
      for (const row of rows) {
        const announcement = running.has(row.id) ? announcementOf(row, state) : null;
        if (announcement !== null) announcer.announce(announcement, row.id, state.settings.notify);
      }
      running = new Set(rows.filter((row) => row.status === 'running').map((row) => row.id));
      if (running.size === 0) rest();
      else setAwake(wishOf(state.settings, true));
    },
    change(next) {
      state = next;
      setAwake(wishOf(state.settings, running.size > 0));
      tray.translate(state.text);
    },
    keepInTray() {
      tray.hideWindow(state.text);
    },
    dispose() {
      setAwake('never');
      tray.dispose();
    },
  };
}
