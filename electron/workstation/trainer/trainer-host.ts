/** Who holds the device: one training or one measuring job at a time. Everything else waits or is refused. */
import { FaultError } from '../../../trainer/durable/fault-error.ts';
import type { Fault } from '../../../trainer/protocol/fault.ts';
import type { Progress } from '../../api/runs.ts';
import { openSession, type Session, type SessionEnd, type SessionOptions, type TrainJob } from './trainer-session.ts';

export interface TrainerHost {
  /** Run or job on the device; null when it is free. */
  readonly holder: () => string | null;
  /** Starts a run's trainer; a fault says why it could not. `ended` of the options tells how it went. */
  readonly start: (job: TrainJob, fromStep: number) => Promise<void>;
  /** Keeps the device for something that is no run. */
  readonly hold: <T>(name: string, work: () => Promise<T>) => Promise<T>;
  readonly session: (run: string) => Session;
  readonly sessionOrNull: (run: string) => Session | null;
  /** The same, waiting for a start that is under way. */
  readonly sessionWhenOpen: (run: string) => Promise<Session | null>;
  readonly progress: () => readonly Progress[];
  readonly memoryBytes: () => number | null;
  readonly close: (how: 'safely' | 'now') => Promise<void>;
}

export function createTrainerHost(
  options: SessionOptions & {
    /** A run's trainer is gone and its rows are written; the device is free again. */
    readonly ended: (end: SessionEnd) => void;
    /** The device is free after something that was no run. */
    readonly freed: () => void;
  },
): TrainerHost {
  let holder: string | null = null;
  let session: Session | null = null;
  /** A start under way: its run has the device and no session yet. */
  let opening: Promise<Session> | null = null;
  let closing = false;

  function take(name: string): void {
    if (closing) throw new FaultError('busy', 'The workstation is being closed.');
    if (holder !== null)
      throw new FaultError('busy', `The device is used by "${holder}". Wait for it, or stop it first.`, { holder });
    holder = name;
  }

  async function start(job: TrainJob, fromStep: number): Promise<void> {
    // Before the first await: a second start in the same moment finds the device taken.
    take(job.run);
    opening = openSession(options, job, fromStep);
    try {
      session = await opening;
    } catch (error) {
      holder = null;
      throw error;
    } finally {
      opening = null;
    }
    const { ended } = session;
    const free = (): void => {
      session = null;
      holder = null;
    };
    ended.then(
      (end) => {
        free();
        options.ended(end);
      },
      (error: unknown) => {
        free();
        const fault: Fault = {
          code: 'store-died',
          message: `The end of run ${job.run} could not be recorded: ${error instanceof Error ? error.message : String(error)}`,
          values: { run: job.run },
        };
        options.complain(fault.message);
        options.ended({ run: job.run, ended: 'lost', fault });
      },
    );
  }

  /** A start that fails is told by whoever asked for it. */
  async function settled(): Promise<void> {
    await opening?.catch(() => undefined);
    // One turn more: `start` itself takes the session up after this promise.
    await Promise.resolve();
  }

  async function hold<T>(name: string, work: () => Promise<T>): Promise<T> {
    take(name);
    try {
      return await work();
    } finally {
      holder = null;
      options.freed();
    }
  }

  return {
    holder: () => holder,
    start,
    hold,
    session: (run) => {
      if (session?.run === run) return session;
      throw new FaultError('not-available', `Run "${run}" is not running.`, { run });
    },
    sessionOrNull: (run) => (session?.run === run ? session : null),
    sessionWhenOpen: async (run) => {
      if (holder === run && session === null) await settled();
      return session?.run === run ? session : null;
    },
    progress: () => (session === null ? [] : [session.progress()]),
    memoryBytes: () => session?.memoryBytes() ?? null,
    close: async (how) => {
      closing = true;
      await settled();
      await session?.stop(how);
    },
  };
}
