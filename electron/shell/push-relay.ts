/** Relays the workstation's pushes to the window, and those about runs to the desktop as well. */
import type { BrowserWindow } from 'electron';
import type { Pushes } from '../api/pushes.ts';
import type { Push } from '../workstation/request-types.ts';
import type { Workstation } from '../workstation/workstation.ts';
import { fail } from './crash.ts';
import { pushTo } from './ipc.ts';
import type { DesktopPresence } from './presence.ts';

export interface PushRelay {
  readonly push: Push;
  /** From now on `presence` follows the runs; before, pushes reach only the window. */
  readonly connect: (presence: DesktopPresence, workstation: Workstation) => void;
  /** Updates the desktop with the current runs. */
  readonly refreshPresence: () => Promise<void>;
}

export function createPushRelay(window: () => BrowserWindow | null): PushRelay {
  let presence: DesktopPresence | null = null;
  let refreshPresence = async (): Promise<void> => undefined;

  const push: Push = (name, ...values) => {
    const shown = window();
    if (shown !== null && !shown.isDestroyed()) pushTo(shown.webContents, name, values);
    if (name === 'progress') presence?.progress(values[0] as Parameters<Pushes['progress']>[0]);
    if (name === 'runsChanged') void refreshPresence().catch(fail);
  };

  return {
    push,
    connect: (connected, { handlers }) => {
      presence = connected;
      refreshPresence = async () => connected.runs(await handlers.runs.answer());
    },
    refreshPresence: () => refreshPresence(),
  };
}
