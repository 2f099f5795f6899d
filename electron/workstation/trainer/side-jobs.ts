/** Jobs beside training: an inspection, pictures, a calibration. One process each; returns their results. */
import { FaultError } from '../../../trainer/durable/fault-error.ts';
import type { Job } from '../../../trainer/protocol/commands.ts';
import type { Outcome, TrainerEvent } from '../../../trainer/protocol/events.ts';
import type { Fault } from '../../../trainer/protocol/fault.ts';
import type { Push } from '../request-types.ts';
import { throttle } from './throttle.ts';
import { exitFault } from './trainer-exit.ts';
import { launchTrainer, type TrainerProcess, type TrainerProgram } from './trainer-process.ts';

export type SideJob = Exclude<Job, { kind: 'train' | 'browse' }>;
type OutcomeOf<K extends Outcome['kind']> = Extract<Outcome, { kind: K }>;

export interface SideJobs {
  /** Runs a job and returns its result. @param wanted the kind of result of this job */
  readonly run: <K extends Outcome['kind']>(
    job: SideJob,
    wanted: K,
    options?: { readonly quiet?: boolean },
  ) => Promise<OutcomeOf<K>>;
  /** Ends every running job; its caller gets 'cancelled'. */
  readonly cancel: () => void;
  readonly close: () => Promise<void>;
}

const cancelGraceMs = 5_000;

export function createSideJobs(program: TrainerProgram, folder: string, push: Push): SideJobs {
  /** Registered from the call on: a job can be cancelled while its program is still loading. */
  const running = new Set<{ cancelled: boolean; trainer: TrainerProcess | null; ended: Promise<void> }>();

  async function run<K extends Outcome['kind']>(
    job: SideJob,
    wanted: K,
    options: { readonly quiet?: boolean } = {},
  ): Promise<OutcomeOf<K>> {
    let phase = 'loading';
    let outcome: Outcome | null = null;
    let failed: Fault | null = null;
    const report = throttle<{ readonly fraction: number | null; readonly secondsLeft: number | null }>(
      100,
      ({ fraction, secondsLeft }) => {
        if (options.quiet !== true) push('job', { kind: job.kind, phase, fraction, secondsLeft, ended: false });
      },
    );
    const heard = (event: TrainerEvent): void => {
      if (event.type === 'phase') phase = event.phase;
      if (event.type === 'beat') report({ fraction: event.fraction, secondsLeft: event.secondsLeft });
      else if (event.type === 'phase') report({ fraction: null, secondsLeft: null });
      else if (event.type === 'result') outcome = event.outcome;
      else if (event.type === 'stopped') failed = event.fault ?? null;
    };
    report({ fraction: null, secondsLeft: null });
    let end: () => void = () => undefined;
    const state = {
      cancelled: false,
      trainer: null as TrainerProcess | null,
      ended: new Promise<void>((resolve) => (end = resolve)),
    };
    running.add(state);
    try {
      const trainer = await launchTrainer(program, folder, heard, (reason) => {
        failed ??= {
          code: 'protocol-mismatch',
          message: `The ${job.kind} job sent something that is not an event (${reason}).`,
          values: { reason },
        };
      });
      state.trainer = trainer;
      if (state.cancelled) void trainer.stop(cancelGraceMs);
      else trainer.send({ type: 'start', job });
      const exit = await trainer.exited;
      if (state.cancelled) throw new FaultError('cancelled', `The ${job.kind} job was cancelled.`);
      const fault = (failed as Fault | null) ?? (outcome === null ? exitFault(exit) : null);
      if (fault !== null) throw new FaultError(fault.code, fault.message, fault.values, { retry: fault.retry });
    } finally {
      running.delete(state);
      end();
      report.flush();
      if (options.quiet !== true)
        push('job', { kind: job.kind, phase, fraction: null, secondsLeft: null, ended: true });
    }
    const found = outcome as Outcome | null;
    if (found?.kind !== wanted)
      throw new FaultError(
        'internal',
        `The ${job.kind} job gave ${found === null ? 'no result' : `"${found.kind}"`} instead of "${wanted}".`,
      );
    return found as OutcomeOf<K>;
  }

  function cancel(): void {
    for (const state of running) {
      state.cancelled = true;
      void state.trainer?.stop(cancelGraceMs);
    }
  }
  return {
    run,
    cancel,
    close: async () => {
      cancel();
      await Promise.all([...running].map((state) => state.ended));
    },
  };
}
