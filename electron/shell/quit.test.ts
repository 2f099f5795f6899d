/** Quitting, also before there is a workspace to close. */
import { EventEmitter } from 'node:events';
import { afterEach, expect, test, vi } from 'vitest';
import type { Workstation } from '../workstation/workstation.ts';
import type { DesktopPresence } from './presence.ts';
import type { Words } from './words.ts';

const events: string[] = [];
const app = Object.assign(new EventEmitter(), { exit: (code: number) => void events.push(`exit ${code}`) });
vi.mock('electron', () => ({
  app,
  BrowserWindow: { getAllWindows: () => [{ hide: () => void events.push('hide') }] },
  dialog: {},
  powerMonitor: new EventEmitter(),
}));
const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
afterEach(() => {
  for (const signal of signals) process.removeAllListeners(signal);
});

test('a window that is closed while its workspace is being opened is hidden, and the workspace closed before the end', async () => {
  const { isQuitting, quitSafely } = await import('./quit.ts');
  let open: (workstation: Workstation) => void = () => undefined;
  const opening = new Promise<Workstation | null>((done) => (open = done));
  const presence = { dispose: () => void events.push('dispose') } as unknown as DesktopPresence;
  quitSafely(
    opening,
    presence,
    () => null,
    () => ({}) as Words,
  );
  let isHeldBack = false;
  app.emit('before-quit', { preventDefault: () => (isHeldBack = true) });
  expect(isHeldBack).toBe(true);
  await vi.waitFor(() => expect(events).toEqual(['hide']));
  // The windows may close, and a second wish changes nothing.
  expect(isQuitting()).toBe(true);
  app.emit('before-quit', { preventDefault: () => undefined });
  open({
    close: (how: string) => Promise.resolve(void events.push(`close ${how}`)),
    sleep: () => undefined,
    wake: () => undefined,
  } as unknown as Workstation);
  await vi.waitFor(() => expect(events).toEqual(['hide', 'close safely', 'dispose', 'exit 0']));
});
