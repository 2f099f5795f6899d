/** Jobs beside training: an inspection, pictures, a calibration. One process each; returns their results. */
import { FaultError } from '../../../trainer/durable/fault-error.ts';
import type { Job } from '../../../trainer/protocol/commands.ts';
import type { Outcome, TrainerEvent, TrainerEventOf } from '../../../trainer/protocol/events.ts';
import type { Fault } from '../../../trainer/protocol/fault.ts';
import type { Pushes } from '../../api/pushes.ts';
import type { Push } from '../request-types.ts';
import { throttle } from './throttle.ts';
import { exitFault } from './trainer-exit.ts';
import { launchTrainer, type TrainerProcess, type TrainerProgram } from './trainer-process.ts';

export type SideJob = Exclude<Job, { kind: 'train' | 'browse' }>;
type OutcomeOf<K extends Outcome['kind']> = Extract<Outcome, { kind: K }>;

export interface SideJobOptions {
  /** Tells nobody of it. */
  readonly quiet?: boolean;
  /** What its progress is told as; default: its kind. */
  readonly shownAs?: string;
  /** Added to that of its process. */
  readonly environment?: NodeJS.ProcessEnv;
  /** Ends it, and nothing else but the end of the program does. */
  readonly signal?: AbortSignal;
}

export interface SideJobs {
  /** Runs a job and returns its result. @param wanted the kind of result of this job */
  readonly run: <K extends Outcome['kind']>(job: SideJob, wanted: K, options?: SideJobOptions) => Promise<OutcomeOf<K>>;
  /** Ends every running job but those with a signal of their own; its caller gets 'cancelled'. */
  readonly cancel: () => void;
  readonly close: () => Promise<void>;
}

const cancelGraceMs = 5_000;

type Reach = Omit<Parameters<Pushes['job']>[0], 'kind' | 'phase' | 'ended'>;

function reachOf({ fraction, secondsLeft, bytesPerSecond }: TrainerEventOf<'beat'>): Reach {
  return bytesPerSecond === undefined ? { fraction, secondsLeft } : { fraction, secondsLeft, bytesPerSecond };
}

interface RunningJob {
  cancelled: boolean;
  /** Ended by its own signal. */
  readonly isOwn: boolean;
  trainer: TrainerProcess | null;
  readonly ended: Promise<void>;
}

function endJob(state: RunningJob): void {
  state.cancelled = true;
  void state.trainer?.stop(cancelGraceMs);
}

function expectKind<K extends Outcome['kind']>(job: SideJob, found: Outcome | null, wanted: K): OutcomeOf<K> {
  if (found?.kind === wanted) return found as OutcomeOf<K>;
  const given = found === null ? 'no result' : `"${found.kind}"`;
  throw new FaultError('internal', `The ${job.kind} job gave ${given} instead of "${wanted}".`);
}

export function createSideJobs(program: TrainerProgram, folder: string, push: Push): SideJobs {
  /** Registered from the call on: a job can be cancelled while its program is still loading. */
  const running = new Set<RunningJob>();

  async function run<K extends Outcome['kind']>(
    job: SideJob,
    wanted: K,
    options: SideJobOptions = {},
  ): Promise<OutcomeOf<K>> {
    const { quiet = false, shownAs: kind = job.kind, environment, signal } = options;
    let phase = 'loading';
    let outcome: Outcome | null = null;
    let failed: Fault | null = null;
    const report = throttle<Reach>(100, (reach) => {
      if (!quiet) push('job', { kind, phase, ...reach, ended: false });
    });
    const heard = (event: TrainerEvent): void => {
      if (event.type === 'phase') phase = event.phase;
      if (event.type === 'beat') report(reachOf(event));
      else if (event.type === 'phase') report({ fraction: null, secondsLeft: null });
      else if (event.type === 'result') outcome = event.outcome;
      else if (event.type === 'stopped') failed = event.fault ?? null;
    };
    report({ fraction: null, secondsLeft: null });
    let end: () => void = () => undefined;
    const state: RunningJob = {
      cancelled: false,
      isOwn: signal !== undefined,
      trainer: null,
      ended: new Promise<void>((resolve) => (end = resolve)),
    };
    running.add(state);
    const abort = (): void => endJob(state);
    signal?.addEventListener('abort', abort);
    if (signal?.aborted === true) abort();
    try {
      const trainer = await launchTrainer(
        { ...program, env: { ...program.env, ...environment } },
        folder,
        heard,
        (reason) => {
          failed ??= {
            code: 'protocol-mismatch',
            message: `The ${job.kind} job sent something that is not an event (${reason}).`,
            values: { reason },
          };
        },
      );
      state.trainer = trainer;
      if (state.cancelled) void trainer.stop(cancelGraceMs);
      else trainer.send({ type: 'start', job });
      const exit = await trainer.exited;
      if (state.cancelled) throw new FaultError('cancelled', `The ${job.kind} job was cancelled.`);
      const fault = (failed as Fault | null) ?? (outcome === null ? exitFault(exit) : null);
      if (fault !== null) throw new FaultError(fault.code, fault.message, fault.values, fault);
    } finally {
      signal?.removeEventListener('abort', abort);
      running.delete(state);
      end();
      report.flush();
      if (!quiet) push('job', { kind, phase, fraction: null, secondsLeft: null, ended: true });
    }
    return expectKind(job, outcome, wanted);
  }

  return {
    run,
    cancel: () => {
      for (const state of running) if (!state.isOwn) endJob(state);
    },
    close: async () => {
      for (const state of running) endJob(state);
      await Promise.all([...running].map((state) => state.ended));
    },
  };
}
