/** End of a session: the reasons collected while it lives, and the rows written when the process has gone. */
import type { TrainerEvent } from '../../../trainer/protocol/events.ts';
import type { Fault } from '../../../trainer/protocol/fault.ts';
import type { Store } from '../store/store.ts';
import { saveRunCard } from '../workspace/workspace.ts';
import { exitFault, type TrainerExit } from './trainer-exit.ts';

export interface SessionEnd {
  readonly run: string;
  readonly ended: 'done' | 'asked' | 'failed' | 'lost';
  readonly fault: Fault | null;
}

/** Filled in while the session lives. */
export interface EndReasons {
  /** The trainer's own last word. */
  stopped: Extract<TrainerEvent, { type: 'stopped' }> | null;
  /** Fault for which this program broke it off. */
  broken: Fault | null;
  /** Stop that this program asked for. */
  asked: 'safely' | 'now' | null;
}

export interface EndedAttempt {
  readonly store: Store;
  readonly run: string;
  readonly attempt: number;
  readonly now: () => number;
}

export async function recordEnd(
  { store, run, attempt, now }: EndedAttempt,
  { stopped, broken, asked }: EndReasons,
  exit: TrainerExit,
): Promise<SessionEnd> {
  // Its own word became rows already.
  if (stopped !== null && broken === null) {
    await saveRunCard(store, run);
    return { run, ended: stopped.why, fault: stopped.fault ?? null };
  }
  // A signal that this program sent, or an orderly exit after it asked for one, is an end as asked; all else is a loss.
  const byUs = exit.sent !== null || (asked !== null && exit.code === 0);
  const fault = broken ?? exitFault(exit);
  const ended = broken !== null ? 'failed' : byUs ? 'asked' : 'lost';
  await store.endAttempt(run, attempt, ended, fault, now());
  // A process that went away can be resumed; one that was stopped as asked stands where it was saved.
  await store.setStatus(run, ended === 'lost' ? 'interrupted' : ended === 'asked' ? 'stopped' : 'failed', fault);
  await saveRunCard(store, run);
  return { run, ended, fault };
}
