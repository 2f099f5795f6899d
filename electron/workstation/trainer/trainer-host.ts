/** The device's host: one training or one measuring job at a time. Anything else waits or is rejected. */
import { FaultError } from '../../../trainer/durable/fault-error.ts';
import type { Fault } from '../../../trainer/protocol/fault.ts';
import type { Progress } from '../../api/runs.ts';
import { Device } from './device.ts';
import type { SessionEnd, StopReason } from './session-end.ts';
import { openSession, type Session, type SessionOptions, type TrainJob } from './trainer-session.ts';

export interface TrainerHost {
  /** Run or job on the device; null when it is free. */
  readonly holder: () => string | null;
  /** Starts a run's trainer, or throws a fault. The option `ended` is called at its end. */
  readonly start: (job: TrainJob, fromStep: number) => Promise<void>;
  /** Resolves when nothing but a run holds the device. */
  readonly whenNotHeld: () => Promise<void>;
  /** Holds the device for something other than a run. */
  readonly hold: <T>(name: string, work: () => Promise<T>) => Promise<T>;
  readonly session: (run: string) => Session;
  readonly sessionOrNull: (run: string) => Session | null;
  /** The same, waiting for a start in progress. */
  readonly sessionWhenOpen: (run: string) => Promise<Session | null>;
  readonly progress: () => readonly Progress[];
  readonly memoryBytes: () => number | null;
  /** Saves and pauses the run that trains, because the machine goes to sleep; `wake` lets it go on. */
  readonly sleep: () => void;
  readonly wake: () => void;
  readonly close: (how: 'safely' | 'now', why?: StopReason) => Promise<void>;
}

export interface TrainerHostOptions extends SessionOptions {
  /** Called when a run's trainer has exited and its rows are written; the device is free again. */
  readonly ended: (end: SessionEnd) => void;
  /** Called when the device is free after something other than a run. */
  readonly freed: () => void;
}

export function createTrainerHost(options: TrainerHostOptions): TrainerHost {
  const device = new Device();
  let session: Session | null = null;
  /** A start in progress: its run has the device but no session yet. */
  let opening: Promise<Session> | null = null;
  let held: Promise<void> = Promise.resolve();

  async function start(job: TrainJob, fromStep: number): Promise<void> {
    // Before the first await, so that a concurrent start finds the device taken.
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

  /** The caller of a failed start reports it. */
  async function settled(): Promise<void> {
    await opening?.catch(() => undefined);
    // One more turn: `start` itself continues after this promise.
    await Promise.resolve();
  }

  async function hold<T>(name: string, work: () => Promise<T>): Promise<T> {
    device.take(name);
    const working = work();
    held = working.then(
      () => undefined,
      () => undefined,
    );
    try {
      return await working;
    } finally {
      device.free();
      options.freed();
    }
  }

  return {
    holder: () => device.holder,
    start,
    whenNotHeld: () => held,
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
    ...sleepOf(() => session),
    close: async (how, why) => {
      device.close();
      await settled();
      await session?.stop(how, why);
    },
  };
}

function sleepOf(current: () => Session | null): Pick<TrainerHost, 'sleep' | 'wake'> {
  /** The run that was paused for the machine's sleep. */
  let asleep: string | null = null;
  return {
    sleep: () => {
      const session = current();
      if (session === null || session.progress().phase === 'paused') return;
      asleep = session.run;
      session.tell({ type: 'pause', when: 'now' });
    },
    wake: () => {
      const session = current();
      if (session !== null && session.run === asleep) session.tell({ type: 'resume' });
      asleep = null;
    },
  };
}

/** Counts an end that could not be recorded as a loss. */
function unrecordedEnd(run: string, error: unknown): SessionEnd & { readonly fault: Fault } {
  const reason = error instanceof Error ? error.message : String(error);
  const message = `The end of run ${run} could not be recorded: ${reason} Its record is completed from its folder when the workspace is opened next.`;
  return { run, ended: 'lost', fault: { code: 'store-died', message, values: { run } } };
}
