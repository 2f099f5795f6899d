/** Enter, or SIGCONT where nobody types, tries at once what waits for a disk or for data. */
import { readFileSync } from 'node:fs';
import process from 'node:process';
import type { Workstation } from '../workstation/workstation.ts';

/** The part of a terminal's input that is used. */
export interface Input {
  readonly isTTY?: boolean;
  readonly on: (event: 'data' | 'error', listener: () => void) => unknown;
  readonly resume: () => unknown;
  readonly pause: () => unknown;
  readonly unref?: () => unknown;
}

export function listenForTry({ handlers }: Pick<Workstation, 'handlers'>, input: Input | undefined) {
  const tryAgain = async (): Promise<void> => {
    await handlers.tryRecordsAgain.answer();
    for (const { run, pausedBy } of await handlers.progress.answer())
      if (pausedBy !== null) await handlers.continueRun.answer(run);
  };
  // What it cannot do now, it is told of by whoever waits.
  const onTry = (): void => void tryAgain().catch(() => undefined);
  process.on('SIGCONT', onTry);
  let isListening = false;
  return {
    /** Listens for Enter from now on: not before, for a job in the background that reads is stopped by its terminal. */
    listen: (): void => {
      if (isListening || input?.isTTY !== true || !isInForeground()) return;
      isListening = true;
      input.on('data', onTry);
      // A terminal that is closed says so by a signal as well.
      input.on('error', () => undefined);
      input.resume();
      input.unref?.();
    },
    release: (): void => {
      process.off('SIGCONT', onTry);
      if (isListening) input?.pause();
    },
  };
}

/** True where it cannot be determined. */
function isInForeground(): boolean {
  if (process.platform !== 'linux') return true;
  const stat = readFileSync('/proc/self/stat', 'utf8');
  // After the name: state, parent, process group, session, terminal, group in its foreground.
  const [, , group, , , foreground] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return group === foreground;
}
