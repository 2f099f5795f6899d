/** Tells of runs while the window is not in front: a notification, and an error in the taskbar. */
import { type BrowserWindow, Notification } from 'electron';

export interface Announcement {
  readonly title: string;
  readonly body: string;
  /** The run cannot go on by itself. */
  readonly isFault: boolean;
}

export interface Announcer {
  /** @param isWanted false if the settings leave out the notification */
  announce(announcement: Announcement, run: string, isWanted: boolean): void;
  /** True until the window is looked at: the taskbar shows a fault. */
  showsFault(): boolean;
}

export function createAnnouncer(
  window: () => BrowserWindow | null,
  openRun: (run: string) => void,
  rest: () => void,
): Announcer {
  let hasFault = false;

  function showFault(shown: BrowserWindow): void {
    shown.setProgressBar(1, { mode: 'error' });
    if (hasFault) return;
    hasFault = true;
    shown.once('focus', () => {
      hasFault = false;
      rest();
    });
  }

  return {
    announce({ title, body, isFault }, run, isWanted) {
      const shown = window();
      if (shown?.isFocused() === true) return;
      if (isFault && shown !== null && !shown.isDestroyed()) showFault(shown);
      if (!isWanted || !Notification.isSupported()) return;
      const notification = new Notification({ title, body });
      notification.on('click', () => {
        window()?.show();
        openRun(run);
      });
      notification.show();
    },
    showsFault: () => hasFault,
  };
}
