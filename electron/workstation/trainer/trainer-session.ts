/** One life of a trainer inside a run: its events become rows and news, its checkpoints are acknowledged, its end is told once. */
import { performance } from 'node:perf_hooks';
import { faultOf } from '../../../trainer/durable/fault-of.ts';
import type { Command, Job } from '../../../trainer/protocol/commands.ts';
import { protocolVersion, type TrainerEvent } from '../../../trainer/protocol/events.ts';
import type { Fault } from '../../../trainer/protocol/fault.ts';
import type { Progress } from '../../api/runs.ts';
import { livenessOf } from './liveness.ts';
import type { Push } from '../request-types.ts';
import type { Store } from '../store/store.ts';
import { throttle, type Throttle } from './throttle.ts';
import { exitFault, type TrainerExit } from './trainer-exit.ts';
import { saveRunCard } from '../workspace/workspace.ts';
import { launchTrainer, type TrainerProcess, type TrainerProgram } from './trainer-process.ts';

export type TrainJob = Extract<Job, { kind: 'train' }>;

export interface SessionEnd {
  readonly run: string;
  readonly ended: 'done' | 'asked' | 'failed' | 'lost';
  readonly fault: Fault | null;
}

export interface Session {
  readonly run: string;
  readonly progress: () => Progress;
  readonly tell: (command: Command) => void;
  readonly stop: (how: 'safely' | 'now') => Promise<void>;
  readonly memoryBytes: () => number | null;
  readonly ended: Promise<SessionEnd>;
}

export interface SessionOptions {
  readonly program: TrainerProgram;
  readonly store: Store;
  readonly push: Push;
  readonly now: () => number;
  /** When a process with this id was started, as the lock and the sweep count it. */
  readonly startOf: (pid: number) => Promise<number>;
  readonly complain: (line: string) => void;
}

const everyMs = 100;
const graceMs = 30_000;
/** Rows for beats: the newest is enough. */
const beatRowEveryMs = 1_000;
/** A timer that fires this much too late means that the machine slept: silence then proves nothing. */
const sleptMs = 10_000;

export async function openSession(options: SessionOptions, job: TrainJob, fromStep: number): Promise<Session> {
  const { store, push, now } = options;
  const { run, attempt } = job;
  const live = {
    phase: null as Progress['phase'],
    quietForMs: 120_000,
    heardAt: performance.now(),
    step: fromStep,
    steps: 0,
    epoch: 0,
    fraction: null as number | null,
    samplesPerSecond: null as number | null,
    waitShare: null as number | null,
    secondsLeft: null as number | null,
    secondsLeftSpread: null as number | null,
    memoryBytes: null as number | null,
    safeStep: fromStep > 0 ? fromStep : null,
    safeAt: null as number | null,
    device: job.config.execution.device,
    saveSeconds: 0,
  };
  let stopped: Extract<TrainerEvent, { type: 'stopped' }> | null = null;
  let broken: Fault | null = null;
  let asked: 'safely' | 'now' | null = null;
  let trainer: TrainerProcess | null = null;

  const progress = (): Progress => {
    const silentMs = performance.now() - live.heardAt;
    const { heardAt: _heardAt, saveSeconds: _saveSeconds, ...shown } = live;
    return { run, ...shown, silentMs, liveness: livenessOf(live.phase, silentMs, live.quietForMs) };
  };
  const pushProgress: Throttle<void> = throttle(everyMs, () => push('progress', progress()));
  const pushRun: Throttle<void> = throttle(everyMs, () => push('runsChanged', [run]));

  /** Stops a trainer that cannot be understood or whose rows cannot be written; its files keep what it did. */
  const breakOff = (fault: Fault): void => {
    if (broken !== null) return;
    broken = fault;
    options.complain(`${run}: ${fault.message}`);
    void trainer?.stop(graceMs);
  };

  const waiting: TrainerEvent[] = [];
  let pumping: Promise<void> = Promise.resolve();
  let lastBeatRow = -Infinity;
  const record = async (): Promise<void> => {
    if (waiting.length === 0) return;
    const events = waiting.splice(0);
    await store.apply(events);
    for (const event of events) {
      if (event.type === 'checkpoint') trainer?.send({ type: 'recorded', step: event.step });
    }
    if (events.some((event) => event.type !== 'beat')) pushRun();
  };
  const pump = (): void => {
    pumping = pumping.then(record).catch((error: unknown) => breakOff(faultOf(error)));
  };

  const heard = (event: TrainerEvent): void => {
    live.heardAt = performance.now();
    notice(event);
    pushProgress();
    if (event.type === 'beat') {
      if (live.heardAt - lastBeatRow < beatRowEveryMs) return;
      lastBeatRow = live.heardAt;
    }
    waiting.push(event);
    pump();
  };
  function notice(event: TrainerEvent): void {
    switch (event.type) {
      case 'hello':
        live.device = event.device;
        live.step = event.fromStep;
        if (event.protocol !== protocolVersion)
          breakOff({
            code: 'protocol-mismatch',
            message: `The trainer of run ${run} speaks protocol ${event.protocol}, this program speaks ${protocolVersion}.`,
            values: { theirs: event.protocol, ours: protocolVersion },
          });
        return;
      case 'phase':
        live.phase = event.phase;
        live.quietForMs = event.quietForMs;
        live.fraction = null;
        return;
      case 'beat':
        live.step = event.step;
        live.steps = event.steps;
        live.epoch = event.epoch;
        live.fraction = event.fraction;
        live.samplesPerSecond = event.samplesPerSecond;
        live.waitShare = event.waitShare;
        live.secondsLeft = event.secondsLeft;
        live.secondsLeftSpread = event.secondsLeftSpread;
        live.memoryBytes = event.memoryBytes;
        live.safeStep = event.safeStep;
        trainer?.noteMemory(event.memoryBytes);
        return;
      case 'checkpoint':
        live.safeStep = event.step;
        live.safeAt = event.at;
        live.saveSeconds = event.seconds;
        return;
      case 'stopped':
        live.step = event.step;
        stopped = event;
        return;
      case 'metrics':
      case 'result':
      case 'log':
        return;
    }
  }

  trainer = await launchTrainer(options.program, job.runFolder, heard, (reason) =>
    breakOff({
      code: 'protocol-mismatch',
      message: `The trainer of run ${run} sent something that is no event of protocol ${protocolVersion} (${reason}).`,
      values: { reason, ours: protocolVersion },
    }),
  );
  const started = trainer;
  try {
    const pidStartedAt = await options.startOf(started.pid);
    await store.beginAttempt(run, { attempt, fromStep, startedAt: now(), pid: started.pid, pidStartedAt });
    await saveRunCard(store, run);
  } catch (error) {
    started.kill();
    throw error;
  }
  started.send({ type: 'start', job });
  push('runsChanged', [run]);

  let lastTick = performance.now();
  const watch = setInterval(() => {
    const tick = performance.now();
    if (tick - lastTick > sleptMs) live.heardAt = tick;
    lastTick = tick;
    if (progress().liveness !== 'alive') pushProgress();
  }, 1_000);
  watch.unref();

  const end = async (exit: TrainerExit): Promise<SessionEnd> => {
    clearInterval(watch);
    await pumping;
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
  };
  const ended = started.exited.then(end).finally(() => {
    pushProgress.flush();
    pushRun.flush();
    push('runsChanged', [run]);
  });

  return {
    run,
    progress,
    tell: started.send,
    stop: async (how) => {
      asked = how === 'now' || asked === 'now' ? 'now' : 'safely';
      if (how === 'now') started.kill();
      else await started.stop(graceMs + 2_000 * live.saveSeconds);
      await ended;
    },
    memoryBytes: () => live.memoryBytes,
    ended,
  };
}
