/** End of a session: the reasons collected while it runs, and the rows written when the process has exited. */
import type { TrainerEvent } from '../../../trainer/protocol/events.ts';
import type { Fault } from '../../../trainer/protocol/fault.ts';
import type { Store } from '../store/store.ts';
import type { HeldWrites } from '../workspace/held-writes.ts';
import { saveRunCard } from '../workspace/workspace.ts';
import { exitFault, type TrainerExit } from './trainer-exit.ts';

export interface SessionEnd {
  readonly run: string;
  readonly ended: 'done' | 'asked' | 'failed' | 'lost';
  readonly fault: Fault | null;
}

/** 'session-end': the program is closed because the user's session or the machine is. */
export type StopReason = 'asked' | 'session-end';

/** Filled in while the session runs. */
export interface EndReasons {
  /** The trainer's own report of its end. */
  stopped: Extract<TrainerEvent, { type: 'stopped' }> | null;
  /** Fault for which this program aborted the session. */
  broken: Fault | null;
  /** Stop requested by this program. */
  asked: 'safely' | 'now' | null;
  why: StopReason;
}

export interface EndedAttempt {
  readonly store: Store;
  readonly held: Pick<HeldWrites, 'keep'>;
  readonly run: string;
  readonly attempt: number;
  readonly now: () => number;
}

export async function recordEnd(
  { store, held: { keep }, run, attempt, now }: EndedAttempt,
  { stopped, broken, asked, why }: EndReasons,
  exit: TrainerExit,
): Promise<SessionEnd> {
  // Its own report has already been written.
  if (stopped !== null && broken === null) {
    if (stopped.why === 'asked' && why === 'session-end')
      await keep(() => store.setStatus(run, 'interrupted', sessionEnded(stopped.step)));
    await keep(() => saveRunCard(store, run));
    return { run, ended: stopped.why, fault: stopped.fault ?? null };
  }
  // A signal sent by this program, or a clean exit at its request, is a requested end; anything else is a loss.
  const byUs = exit.sent !== null || (asked !== null && exit.code === 0);
  const fault = broken ?? exitFault(exit);
  const ended = broken !== null ? 'failed' : byUs ? 'asked' : 'lost';
  await keep(() => store.endAttempt(run, attempt, ended, fault, now()));
  // A lost run can be resumed; one stopped on request stays where it was saved.
  const isCut = ended === 'lost' || (ended === 'asked' && why === 'session-end');
  const status = isCut ? 'interrupted' : ended === 'asked' ? 'stopped' : 'failed';
  await keep(() => store.setStatus(run, status, ended === 'asked' && isCut ? sessionEnded(null) : fault));
  await keep(() => saveRunCard(store, run));
  return { run, ended, fault };
}

/** A run that nobody stopped: it is offered again, or goes on by itself, at the next start. */
function sessionEnded(step: number | null): Fault {
  const where = step === null ? '' : ` It was stopped at step ${step}.`;
  return {
    code: 'trainer-died',
    message: `The session or the machine was shut down while the run was training.${where}`,
    values: { cause: 'machine' },
    retry: 'resume',
  };
}
