/**
 * One attempt of a run: records and relays the trainer's events, acknowledges its checkpoints, and reports its end
 * once.
 */
import { performance } from 'node:perf_hooks';
import { faultOf } from '../../../trainer/durable/fault-of.ts';
import type { Command, Job } from '../../../trainer/protocol/commands.ts';
import { protocolVersion, type TrainerEvent } from '../../../trainer/protocol/events.ts';
import type { Fault } from '../../../trainer/protocol/fault.ts';
import type { Progress } from '../../api/runs.ts';
import type { Push } from '../request-types.ts';
import type { Store } from '../store/store.ts';
import type { HeldWrites } from '../workspace/held-writes.ts';
import { saveRunCard } from '../workspace/workspace.ts';
import { EventRecorder } from './event-recorder.ts';
import { RunProgress } from './run-progress.ts';
import { recordEnd, type EndReasons, type SessionEnd, type StopReason } from './session-end.ts';
import { throttle, type Throttle } from './throttle.ts';
import type { TrainerExit } from './trainer-exit.ts';
import { launchTrainer, type TrainerProcess, type TrainerProgram } from './trainer-process.ts';

export type TrainJob = Extract<Job, { kind: 'train' }>;

export interface Session {
  readonly run: string;
  readonly progress: () => Progress;
  readonly tell: (command: Command) => void;
  /** @param why 'session-end': nobody wants the run to stop, so that it is offered again */
  readonly stop: (how: 'safely' | 'now', why?: StopReason) => Promise<void>;
  readonly memoryBytes: () => number | null;
  readonly ended: Promise<SessionEnd>;
}

export interface SessionOptions {
  readonly program: TrainerProgram;
  readonly store: Store;
  readonly held: HeldWrites;
  readonly push: Push;
  readonly now: () => number;
  /** When a process with this id was started, as the lock and the sweep count it. */
  readonly startOf: (pid: number) => Promise<number>;
  readonly complain: (line: string) => void;
}

const everyMs = 100;
const graceMs = 30_000;
/** A timer that fires this late means that the machine slept, so silence is not meaningful. */
const sleptMs = 10_000;

export async function openSession(options: SessionOptions, job: TrainJob, fromStep: number): Promise<Session> {
  const { store, held, push, now } = options;
  const { run, attempt } = job;
  const progress = new RunProgress(run, job.config.execution.device, fromStep);
  const reasons: EndReasons = { stopped: null, broken: null, asked: null, why: 'asked' };
  let trainer: TrainerProcess | null = null;

  const pushProgress: Throttle<void> = throttle(everyMs, () => push('progress', progress.shown()));
  const pushRun: Throttle<void> = throttle(everyMs, () => push('runsChanged', [run]));

  /** Stops a trainer with invalid messages or whose rows cannot be written; its files keep its work. */
  const breakOff = (fault: Fault): void => {
    if (reasons.broken !== null) return;
    reasons.broken = fault;
    options.complain(`${run}: ${fault.message}`);
    void trainer?.stop(graceMs);
  };
  const recorder = new EventRecorder({
    store,
    keep: held.keep,
    full: (isFull) => trainer?.send(isFull ? { type: 'pause', when: 'now' } : { type: 'resume' }),
    recorded: (step) => trainer?.send({ type: 'recorded', step }),
    changed: pushRun,
    failed: (error) => {
      // While it ends in any case, its rows are made of its events at the next start.
      if (reasons.asked === null) breakOff(faultOf(error));
      else options.complain(`${run}: ${faultOf(error).message}`);
    },
  });
  const heard = (event: TrainerEvent): void => {
    progress.hear(event);
    if (event.type === 'hello' && event.protocol !== protocolVersion) breakOff(otherProtocol(run, event.protocol));
    if (event.type === 'beat') trainer?.noteMemory(event.memoryBytes);
    if (event.type === 'stopped') reasons.stopped = event;
    pushProgress();
    recorder.add(event);
  };

  const started = await launchTrainer(options.program, job.runFolder, heard, (reason) =>
    breakOff(noEvent(run, reason)),
  );
  trainer = started;
  await beginAttempt(options, started, job, fromStep);
  started.send({ type: 'start', job });
  push('runsChanged', [run]);
  const watch = watchSilence(progress, pushProgress);

  const end = async (exit: TrainerExit): Promise<SessionEnd> => {
    clearInterval(watch);
    await recorder.settled();
    return recordEnd({ store, held, run, attempt, now }, reasons, exit);
  };
  const ended = started.exited.then(end).finally(() => {
    pushProgress.flush();
    pushRun.flush();
    push('runsChanged', [run]);
  });

  return {
    run,
    progress: () => progress.shown(),
    tell: started.send,
    stop: async (how, why = 'asked') => {
      reasons.why = why;
      reasons.asked = how === 'now' || reasons.asked === 'now' ? 'now' : 'safely';
      if (how === 'now') started.kill();
      else {
        const askedAt = performance.now();
        const isHung = (): boolean => Math.min(progress.silentMs, performance.now() - askedAt) > progress.hungAfterMs;
        await started.stop(graceMs + 2_000 * progress.saveSeconds, isHung);
      }
      // An end that cannot be recorded is reported once, by the host.
      await ended.catch(() => undefined);
    },
    memoryBytes: () => progress.memoryBytes,
    ended,
  };
}

/** Writes the row of the attempt, then the run card; a trainer that cannot be recorded must not train. */
async function beginAttempt(
  { store, startOf, now }: SessionOptions,
  { pid, kill }: TrainerProcess,
  { run, attempt }: TrainJob,
  fromStep: number,
): Promise<void> {
  try {
    const pidStartedAt = await startOf(pid);
    await store.beginAttempt(run, { attempt, fromStep, startedAt: now(), pid, pidStartedAt });
    await saveRunCard(store, run);
  } catch (error) {
    kill();
    throw error;
  }
}

/** Reports silence, for which there is no event. */
function watchSilence(progress: RunProgress, pushProgress: () => void): NodeJS.Timeout {
  let lastTick = performance.now();
  const watch = setInterval(() => {
    const tick = performance.now();
    if (tick - lastTick > sleptMs) progress.forgetSilence();
    lastTick = tick;
    if (progress.shown().liveness !== 'alive') pushProgress();
  }, 1_000);
  watch.unref();
  return watch;
}

function otherProtocol(run: string, theirs: number): Fault {
  return {
    code: 'protocol-mismatch',
    message: `The trainer of run ${run} speaks protocol ${theirs}, this program speaks ${protocolVersion}.`,
    values: { theirs, ours: protocolVersion },
  };
}

function noEvent(run: string, reason: string): Fault {
  return {
    code: 'protocol-mismatch',
    message: `The trainer of run ${run} sent something that is not an event of protocol ${protocolVersion} (${reason}).`,
    values: { reason, ours: protocolVersion },
  };
}
