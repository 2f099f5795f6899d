/** The device's host: one training or one measuring job at a time. Everything else waits or is refused. */
import { FaultError } from '../../../trainer/durable/fault-error.ts';
import type { Fault } from '../../../trainer/protocol/fault.ts';
import type { Progress } from '../../api/runs.ts';
import { Device } from './device.ts';
import type { SessionEnd } from './session-end.ts';
import { openSession, type Session, type SessionOptions, type TrainJob } from './trainer-session.ts';

export interface TrainerHost {
  /** Run or job on the device; null when it is free. */
  readonly holder: () => string | null;
  /** Starts a run's trainer; a fault says why it could not. `ended` of the options tells how it went. */
  readonly start: (job: TrainJob, fromStep: number) => Promise<void>;
  /** Keeps the device for something that is not a run. */
  readonly hold: <T>(name: string, work: () => Promise<T>) => Promise<T>;
  readonly session: (run: string) => Session;
  readonly sessionOrNull: (run: string) => Session | null;
  /** The same, waiting for a start that is under way. */
  readonly sessionWhenOpen: (run: string) => Promise<Session | null>;
  readonly progress: () => readonly Progress[];
  readonly memoryBytes: () => number | null;
  readonly close: (how: 'safely' | 'now') => Promise<void>;
}

export interface TrainerHostOptions extends SessionOptions {
  /** A run's trainer is gone and its rows are written; the device is free again. */
  readonly ended: (end: SessionEnd) => void;
  /** The device is free after something that was not a run. */
  readonly freed: () => void;
}

export function createTrainerHost(options: TrainerHostOptions): TrainerHost {
  const device = new Device();
  let session: Session | null = null;
  /** A start under way: its run has the device and no session yet. */
  let opening: Promise<Session> | null = null;

  async function start(job: TrainJob, fromStep: number): Promise<void> {
    // Before the first await: a second start in the same moment finds the device taken.
    device.take(job.run);
    opening = openSession(options, job, fromStep);
    try {
      session = await opening;
    } catch (error) {
      device.free();
      throw error;
    } finally {
      opening = null;
    }
    const finish = (end: SessionEnd): void => {
      session = null;
      device.free();
      options.ended(end);
    };
    session.ended.then(finish, (error: unknown) => {
      const end = unrecordedEnd(job.run, error);
      options.complain(end.fault.message);
      finish(end);
    });
  }

  /** A start that fails is told by whoever asked for it. */
  async function settled(): Promise<void> {
    await opening?.catch(() => undefined);
    // One turn more: `start` itself takes the session up after this promise.
    await Promise.resolve();
  }

  async function hold<T>(name: string, work: () => Promise<T>): Promise<T> {
    device.take(name);
    try {
      return await work();
    } finally {
      device.free();
      options.freed();
    }
  }

  return {
    holder: () => device.holder,
    start,
    hold,
    session: (run) => {
      if (session?.run === run) return session;
      throw new FaultError('not-available', `Run "${run}" is not running.`, { run });
    },
    sessionOrNull: (run) => (session?.run === run ? session : null),
    sessionWhenOpen: async (run) => {
      if (device.holder === run && session === null) await settled();
      return session?.run === run ? session : null;
    },
    progress: () => (session === null ? [] : [session.progress()]),
    memoryBytes: () => session?.memoryBytes() ?? null,
    close: async (how) => {
      device.close();
      await settled();
      await session?.stop(how);
    },
  };
}

/** Counts an end that could not be recorded as a loss. */
function unrecordedEnd(run: string, error: unknown): SessionEnd & { readonly fault: Fault } {
  const reason = error instanceof Error ? error.message : String(error);
  const message = `The end of run ${run} could not be recorded: ${reason}`;
  return { run, ended: 'lost', fault: { code: 'store-died', message, values: { run } } };
}
