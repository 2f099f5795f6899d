/**
 * THE loop. Everything that is trained goes through it: a pretraining, a head on frozen features. A step is numbered by
 * the steps taken when it ends, so the first is 1; a checkpoint of step n holds the state after n steps, and a point of
 * step n was recorded before it. The same steps, points and probes come about whether a run was interrupted or not.
 */
import process from 'node:process';
import { setImmediate as macrotask } from 'node:timers/promises';
import { FaultError } from '../durable/fault-error.ts';
import { diskFault } from '../durable/fault-of.ts';
import type { StateEntry, Stepper } from '../engine/engine.ts';
import type { HostBatch } from '../host-batch.ts';
import type { CheckpointPolicy } from '../protocol/run.ts';
import type { MetricPoint } from '../protocol/events.ts';
import type { Fault } from '../protocol/fault.ts';
import { badStepsInARow, createAlarms, mostRollbacks } from './alarms.ts';
import {
  newestValid,
  prune,
  reached,
  restoreState,
  saveCheckpoint,
  type Header,
  type Loaded,
} from '../checkpoints/checkpoint.ts';
import { createPace } from './pace.ts';
import type { MessageOf, Port } from '../channel/port.ts';

export interface BatchSource {
  next(): Promise<{ readonly batch: HostBatch }>;
  close(): Promise<void>;
}

/** A look at the model between two steps: a probe, the accuracy of a head. Its points count as recorded at that step. */
export interface PeriodicCheck {
  due(done: number): boolean;
  /** `best`: the best so far, worth a checkpoint that is kept. */
  run(done: number): Promise<{ readonly points: Readonly<Record<string, number>>; readonly best: boolean }>;
}

/** What is trained, on what, for how long. */
export interface TrainingTask {
  readonly steps: number;
  readonly stepsPerEpoch: number;
  readonly run: Stepper['run'];
  /** All that a checkpoint holds besides the counters. */
  readonly state: readonly StateEntry[];
  readonly counters: Map<string, number>;
  rate(step: number): number;
  /** The highest rate, for what stays at it; left out where nothing does. */
  readonly peak?: number;
  /** Runs before the first step of an epoch, also when a run goes on there. */
  readonly beforeEpoch?: (epoch: number) => Promise<void>;
  /** Batches from the step on at which the run begins or goes on; the loop closes it. */
  readonly source: BatchSource;
  readonly look?: PeriodicCheck;
}

export interface LoopContext {
  readonly port: Port;
  readonly runFolder: string;
  readonly header: Omit<Header, 'step' | 'epoch' | 'trainedSeconds' | 'counters'>;
  readonly policy: CheckpointPolicy;
  readonly logEvery: number;
  readonly tensors: () => number;
  /** Milliseconds, monotonic. */
  readonly clock: () => number;
}

export interface Ending {
  readonly why: 'done' | 'asked';
  readonly step: number;
  readonly safeStep: number | null;
}

type SaveReason = MessageOf<'checkpoint'>['reason'];

/** The first step selects kernels; later ones are announced as twenty times their median. */
const firstStepQuietMs = 300_000;
const leastQuietMs = 30_000;
const saveQuietMs = 300_000;
const beatEveryMs = 250;
const pausedBeatMs = 10_000;

export async function train(course: TrainingTask, desk: LoopContext, from: Loaded | null): Promise<Ending> {
  const { port, clock, runFolder } = desk;
  const { steps, counters } = course;
  const pace = createPace();
  const alarms = createAlarms(counters);
  const good = new Set<string>();
  const saved = new Map<number, string>();

  let done = 0;
  let trainedMs = 0;
  let safeStep: number | null = null;
  let savedAt = clock();
  let beatAt = -Infinity;
  let badSteps = 0;
  let announced = false;
  /** Asked to pause once the epoch is over. */
  let pausesAtEpochEnd = false;
  /** The checkpoint a rollback went to, until a new one is saved: a second failure goes further back. */
  let rolledBackTo = Infinity;

  function restore(loaded: Loaded): void {
    restoreState(course.state, loaded);
    counters.clear();
    for (const [name, value] of Object.entries(loaded.manifest.counters)) counters.set(name, value);
  }

  function announce(): void {
    const typical = pace.median();
    const quietForMs = typical === null ? firstStepQuietMs : Math.max(leastQuietMs, Math.round(20_000 * typical));
    port.send({ type: 'phase', phase: 'training', quietForMs });
  }

  function beat(): void {
    beatAt = clock();
    port.send({
      type: 'beat',
      step: done,
      steps,
      epoch: done / course.stepsPerEpoch,
      fraction: null,
      ...pace.report(steps - done, Math.ceil(steps / course.stepsPerEpoch) - Math.ceil(done / course.stepsPerEpoch)),
      memoryBytes: process.memoryUsage.rss(),
      tensors: desk.tensors(),
      safeStep,
    });
  }

  function record(values: Readonly<Record<string, number>>): void {
    const points: MetricPoint[] = Object.entries(values).map(([name, value]) => {
      return { step: done, name, value: Number.isFinite(value) ? value : null };
    });
    port.send({ type: 'metrics', points });
  }

  /** Waits for room on the disk. Nothing is lost meanwhile: the weights are in memory, the old checkpoints are whole. */
  async function waitForDisk(fault: Fault): Promise<'go' | 'stop'> {
    if (port.alone) throw new FaultError(fault.code, fault.message, fault.values, { retry: fault.retry });
    port.log('error', fault.code, fault.message, { ...fault.values, step: done });
    return paused(fault.message);
  }

  async function save(reason: SaveReason): Promise<'go' | 'stop'> {
    if (saved.has(done) && reason !== 'end') return 'go';
    port.send({ type: 'phase', phase: 'saving', quietForMs: saveQuietMs });
    try {
      const epoch = done / course.stepsPerEpoch;
      const header = { ...desk.header, step: done, epoch, trainedSeconds: trainedMs / 1000 };
      const result = await saveCheckpoint(
        runFolder,
        { ...header, counters: Object.fromEntries(counters) },
        course.state,
      );
      saved.set(done, result.folder);
      savedAt = clock();
      safeStep = done;
      rolledBackTo = Infinity;
      port.send({ type: 'checkpoint', step: done, epoch, reason, ...result });
      reached('posted');
    } catch (error) {
      if (error instanceof FaultError && error.fault.code === 'diverged') {
        await rollBack(error.fault.message);
        return reason === 'end' ? save(reason) : 'go';
      }
      const fault = diskFault(error, runFolder);
      if (!fault) throw error;
      return (await waitForDisk(fault)) === 'stop' || reason === 'disconnect' ? 'stop' : save(reason);
    }
    if (reason === 'time' || reason === 'steps' || reason === 'asked') announce();
    return 'go';
  }

  /** The parent has the row: older folders may go. */
  async function recorded(step: number): Promise<void> {
    const folder = saved.get(step);
    if (folder === undefined) return;
    good.add(folder.slice('checkpoints/'.length));
    const best = counters.get('bestStep') ?? null;
    const gone = await prune(runFolder, step, { keepLast: desk.policy.keepLast, best, final: steps }, good);
    for (const one of gone) saved.delete(one);
  }

  /** State of the last checkpoint, position of the data unchanged: the batches in between are skipped. */
  async function rollBack(why: string): Promise<void> {
    const rollbacks = (counters.get('rollbacks') ?? 0) + 1;
    const advice = 'Lower the learning rate or lengthen the warm-up.';
    const target = await newestValid(runFolder, Math.min(done, rolledBackTo - 1), (code, text, values) =>
      port.log('attention', code, text, values),
    );
    if (!target || rollbacks > mostRollbacks) {
      const tried = target ? `${mostRollbacks} rollbacks did not help` : 'there is no checkpoint to go back to';
      throw new FaultError('diverged', `Training diverged at step ${done} (${why}); ${tried}. ${advice}`, {
        step: done,
      });
    }
    const to = target.manifest.step;
    restore(target);
    counters.set('rollbacks', rollbacks);
    rolledBackTo = to;
    badSteps = 0;
    port.log(
      'attention',
      'rolled-back',
      `Went back to the state of step ${to}; batches ${to + 1} to ${done} are skipped.`,
      {
        step: done,
        to,
        rollbacks,
      },
    );
  }

  /** A loss that is not finite left all state as it was: the batch is passed over, and said to be. */
  async function badStep(loss: number): Promise<void> {
    badSteps += 1;
    record({ loss });
    port.log('attention', 'diverged', `The loss of step ${done} is ${loss}: the step was not taken.`, { step: done });
    if (badSteps >= badStepsInARow) await rollBack(`${badSteps} losses in a row are not finite`);
  }

  /** Stays until told to go on. */
  async function paused(detail?: string): Promise<'go' | 'stop'> {
    const began = clock();
    port.send({ type: 'phase', phase: 'paused', quietForMs: 6 * pausedBeatMs, ...(detail ? { detail } : {}) });
    for (;;) {
      await port.wait(pausedBeatMs);
      const ask = port.take();
      if (ask === null) beat();
      else if (ask.type === 'recorded') await recorded(ask.step);
      else if (ask.type === 'stop' || ask.type === 'disconnect') return 'stop';
      else if (ask.type === 'resume') break;
    }
    port.retry();
    savedAt += clock() - began;
    announce();
    return 'go';
  }

  async function savedAndPaused(): Promise<'go' | 'stop'> {
    pausesAtEpochEnd = false;
    return (await save('asked')) === 'stop' ? 'stop' : paused();
  }

  /** Commands that came since the last step, in their order. */
  async function obey(): Promise<'go' | 'stop'> {
    for (let ask = port.take(); ask; ask = port.take()) {
      if (ask.type === 'recorded') await recorded(ask.step);
      else if (ask.type === 'checkpointNow' && (await save('asked')) === 'stop') return 'stop';
      else if (ask.type === 'resume') pausesAtEpochEnd = false;
      else if (ask.type === 'pause' && ask.when === 'epoch-end') pausesAtEpochEnd = true;
      else if (ask.type === 'pause' && (await savedAndPaused()) === 'stop') return 'stop';
      else if (ask.type === 'stop' || ask.type === 'disconnect') {
        port.send({ type: 'phase', phase: 'stopping', quietForMs: saveQuietMs });
        await save(ask.type);
        return 'stop';
      }
    }
    return 'go';
  }

  function dueToSave(best: boolean): SaveReason | null {
    if (done === steps) return 'end';
    if (best || (desk.policy.everySteps > 0 && done % desk.policy.everySteps === 0)) return 'steps';
    return clock() - savedAt >= desk.policy.everySeconds * 1000 ? 'time' : null;
  }

  if (from) {
    restore(from);
    done = from.manifest.step;
    safeStep = done;
    trainedMs = from.manifest.trainedSeconds * 1000;
    saved.set(done, from.folder.replaceAll('\\', '/').split('/').slice(-2).join('/'));
  }
  try {
    if (done < steps) announce();
    while (done < steps) {
      if (course.beforeEpoch && done % course.stepsPerEpoch === 0) {
        const began = clock();
        await course.beforeEpoch(done / course.stepsPerEpoch);
        const betweenMs = clock() - began;
        trainedMs += betweenMs;
        pace.between(betweenMs / 1000);
        announce();
      }
      const began = clock();
      const { batch } = await course.source.next();
      const waitedMs = clock() - began;
      const isRecorded = done === 0 || (done + 1) % desk.logEvery === 0 || done + 1 === steps;
      const lr = course.rate(done);
      const { loss, metrics } = await course.run(
        batch,
        { step: done, lr, ...(course.peak === undefined ? {} : { peak: course.peak }) },
        { metrics: isRecorded },
      );
      // Commands and the loader's batches arrive between steps only: nothing else runs while one computes.
      await macrotask();
      done += 1;
      const stepMs = clock() - began;
      trainedMs += stepMs;
      pace.step(stepMs / 1000, waitedMs / 1000, batch.index.length);

      if (!Number.isFinite(loss)) await badStep(loss);
      else {
        badSteps = 0;
        if (isRecorded) record({ loss, lr, ...metrics });
        for (const { code, metric, text } of alarms.troubled(metrics)) {
          port.log('attention', code, text, { step: done, [metric]: metrics[metric]! });
        }
      }
      const growth = alarms.leaked(desk.tensors());
      if (growth !== null) {
        port.log('attention', 'tensors-growing', `${growth} more tensors than 100 steps ago.`, { step: done, growth });
      }

      let best = false;
      if (course.look?.due(done)) {
        const look = await course.look.run(done);
        record(look.points);
        best = look.best;
        if (best) counters.set('bestStep', done);
        announce();
      }
      const reason = dueToSave(best);
      if (reason && (await save(reason)) === 'stop') return { why: 'asked', step: done, safeStep };
      const trouble = port.trouble();
      if (trouble && port.retry() && (await waitForDisk(trouble)) === 'stop')
        return { why: 'asked', step: done, safeStep };
      if (clock() - beatAt >= beatEveryMs) beat();
      if (!announced && pace.median() !== null) {
        announced = true;
        announce();
      }
      if (done === steps) break;
      const isEpochOver = pausesAtEpochEnd && done % course.stepsPerEpoch === 0;
      if (isEpochOver && (await savedAndPaused()) === 'stop') return { why: 'asked', step: done, safeStep };
      if ((await obey()) === 'stop') return { why: 'asked', step: done, safeStep };
    }
  } finally {
    await course.source.close();
  }
  return { why: 'done', step: done, safeStep };
}
