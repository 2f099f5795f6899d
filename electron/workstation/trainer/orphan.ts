/** A trainer that has outlived its workstation: it saves and exits by itself, or is ended where it is hung. */
import process from 'node:process';
import { setTimeout as after } from 'node:timers/promises';
import { endsWhileActive, isAlive, type ProcessName } from '../workspace/processes.ts';

/** How long a trainer that does nothing may go on existing. */
const hungAfterMs = 8_000;
/** The longest save to be waited for, as a trainer announces it. */
const longestSaveMs = 300_000;
const terminateMs = 3_000;
const tellAfterMs = 1_000;

/**
 * Resolves when it is gone.
 *
 * @param tell called with what it is waited for: 'waiting' that it saves; 'foreign': it is not certain that it is a
 * trainer of this workspace, so that the user must end it; 'ended': it was hung and has been ended
 */
export async function awaitOrphan(
  orphan: ProcessName,
  tell: (state: 'waiting' | 'foreign' | 'ended') => void,
): Promise<void> {
  if (await endsWhileActive(orphan, tellAfterMs, tellAfterMs)) return;
  // Without its start time the number may be that of any other program.
  const isOurs = orphan.startedAt !== 0;
  // Stopped by a signal it goes on, finds that nobody is there, saves and exits.
  if (isOurs && signal(orphan.pid, 'SIGCONT')) {
    tell('waiting');
    if (await endsWhileActive(orphan, hungAfterMs, longestSaveMs)) return;
    signal(orphan.pid, 'SIGTERM');
    if (!(await endsWhileActive(orphan, terminateMs, terminateMs))) signal(orphan.pid, 'SIGKILL');
    while (await isAlive(orphan)) await after(100, undefined, { ref: false });
    tell('ended');
    return;
  }
  tell('foreign');
  while (await isAlive(orphan)) await after(500, undefined, { ref: false });
}

/** False if it may not be signalled, or is gone. */
function signal(pid: number, name: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, name);
  } catch {
    return false;
  }
}
