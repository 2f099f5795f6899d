/**
 * The only training loop: pretrainings and heads on frozen features all use it. A step's number is the number of steps
 * taken when it ends, so the first is 1; a checkpoint of step n holds the state after n steps, and a point of step n is
 * recorded before it. An interrupted run has the same steps, points and probes as an uninterrupted one.
 */
import { setImmediate as macrotask } from 'node:timers/promises';
import { StopAsked } from '../channel/stop-asked.ts';
import type { Loaded } from '../checkpoints/read-checkpoint.ts';
import { createAlarms, type Alarms } from './alarms.ts';
import { LoopCommands } from './loop-commands.ts';
import { LoopReports } from './loop-reports.ts';
import type { LoopScope, Verdict } from './loop-scope.ts';
import { createPace } from './pace.ts';
import { Pauses } from './pauses.ts';
import { positionOf } from './measures.ts';
import { restore, Rollback } from './rollback.ts';
import { SavedCheckpoints } from './saved-checkpoints.ts';
import { Saver } from './saver.ts';
import type { Ending, LoopContext, TrainingTask } from './training-task.ts';

/** Parts of the loop that share one scope. */
interface LoopParts {
  readonly scope: LoopScope;
  readonly alarms: Alarms;
  readonly reports: LoopReports;
  readonly saved: SavedCheckpoints;
  readonly pauses: Pauses;
  readonly rollback: Rollback;
  readonly saver: Saver;
  readonly commands: LoopCommands;
}

function openParts(task: TrainingTask, context: LoopContext): LoopParts {
  const state = { done: 0, trainedMs: 0, safeStep: null, savedAt: context.clock() };
  const scope: LoopScope = { task, context, pace: createPace(), state };
  const alarms = createAlarms(task.counters);
  const reports = new LoopReports(scope);
  const saved = new SavedCheckpoints(scope);
  const pauses = new Pauses(scope, reports, saved);
  const rollback = new Rollback(scope, reports);
  const saver = new Saver(scope, { reports, saved, pauses, rollback });
  const commands = new LoopCommands(scope, saver, pauses, saved);
  return { scope, alarms, reports, saved, pauses, rollback, saver, commands };
}

/** Resumes from a checkpoint. */
function resume({ scope, saved }: LoopParts, from: Loaded): void {
  const { task, state } = scope;
  restore(task, from);
  state.done = from.manifest.step;
  state.safeStep = state.done;
  state.trainedMs = from.manifest.trainedSeconds * 1000;
  saved.add(state.done, from.folder.replaceAll('\\', '/').split('/').slice(-2).join('/'));
}

/** Does the task's work between epochs, if one begins here. */
async function beginEpoch({ scope, reports }: LoopParts): Promise<void> {
  const { task, context, pace, state } = scope;
  if (!task.beforeEpoch || state.done % task.stepsPerEpoch !== 0) return;
  const began = context.clock();
  await task.beforeEpoch(state.done / task.stepsPerEpoch);
  const betweenMs = context.clock() - began;
  state.trainedMs += betweenMs;
  pace.between(betweenMs / 1000);
  reports.announce();
}

/** Takes a step on the next batch, records its figures and checks them for problems; or stops while it waits for data. */
async function takeStep({ scope, alarms, reports, rollback, commands }: LoopParts): Promise<Verdict> {
  const { task, context, pace, state } = scope;
  const { port, clock, logEvery } = context;
  const began = clock();
  const next = await task.source.next().catch((error: unknown) => {
    if (error instanceof StopAsked) return null;
    throw error;
  });
  // Its data went away. Nothing has begun: the command is obeyed as between two steps.
  if (next === null) return commands.obeyQueued();
  const { batch } = next;
  const waitedMs = clock() - began;
  const step = state.done;
  const isRecorded = step === 0 || (step + 1) % logEvery === 0 || step + 1 === task.steps;
  const at = positionOf(task, step);
  const { loss, metrics, weightsNotFinite } = await task.run(batch, at, { metrics: isRecorded });
  task.source.release?.(batch);
  // Commands and the loader's batches arrive between steps only: nothing else runs while one computes.
  await macrotask();
  const done = step + 1;
  state.done = done;
  const stepMs = clock() - began;
  state.trainedMs += stepMs;
  pace.step(stepMs / 1000, waitedMs / 1000, batch.index.length);

  if (!Number.isFinite(loss) || weightsNotFinite !== undefined)
    await rollback.stepWasBad({ loss, metrics, weightsNotFinite, images: task.imagesOf?.(batch) ?? [] });
  else {
    rollback.stepWasGood();
    if (isRecorded) reports.record({ loss, lr: at.lr, ...metrics });
    for (const { code, metric, text } of alarms.troubled(metrics)) {
      port.log('attention', code, text, { step: done, [metric]: metrics[metric]! });
    }
  }
  const growth = alarms.leaked(context.tensors());
  if (growth !== null) {
    port.log('attention', 'tensors-growing', `${growth} more tensors than 100 steps ago.`, { step: done, growth });
  }
  return 'go';
}

/** Runs the task's check if it is due; true if it found the best model so far. */
async function check({ scope, reports }: LoopParts): Promise<boolean> {
  const { task, state } = scope;
  if (!task.look?.due(state.done)) return false;
  const { points, best } = await task.look.run(state.done);
  reports.record(points);
  if (best) task.counters.set('bestStep', state.done);
  reports.announce();
  return best;
}

/** Does the work due between two steps: check, save, beat, commands. */
async function betweenSteps(parts: LoopParts): Promise<Verdict> {
  const { scope, reports, pauses, saver, commands } = parts;
  const { port } = scope.context;
  const reason = saver.due(await check(parts));
  if (reason && (await saver.save(reason)) === 'stop') return 'stop';
  const trouble = port.trouble();
  const isWritten = (): Promise<boolean> => Promise.resolve(port.retry() === null);
  if (trouble && port.retry() && (await pauses.waitForDisk(trouble, isWritten)) === 'stop') return 'stop';
  reports.beatWhereDue();
  reports.announceTypicalStep();
  return scope.state.done === scope.task.steps ? 'go' : commands.obey();
}

async function turn(parts: LoopParts): Promise<Verdict> {
  await beginEpoch(parts);
  return (await takeStep(parts)) === 'stop' ? 'stop' : betweenSteps(parts);
}

/**
 * Trains to the task's last step, or until asked to stop.
 *
 * @param from the checkpoint to resume from; null starts from the current state
 * @throws FaultError `diverged`, which a resume accepts, if rollbacks do not help; the disk's fault if there is no parent to make room
 */
export async function train(task: TrainingTask, context: LoopContext, from: Loaded | null): Promise<Ending> {
  const parts = openParts(task, context);
  const { state } = parts.scope;
  if (from) resume(parts, from);
  parts.rollback.takeChoices();
  try {
    if (state.done < task.steps) parts.reports.announce();
    while (state.done < task.steps) {
      if ((await turn(parts)) === 'stop') return { why: 'asked', step: state.done, safeStep: state.safeStep };
    }
  } catch (error) {
    // A check or the work between epochs waited for data. It is made again from the newest checkpoint: one saved here
    // would go on without it.
    if (!(error instanceof StopAsked)) throw error;
    return { why: 'asked', step: state.done, safeStep: state.safeStep };
  } finally {
    await task.source.close();
  }
  return { why: 'done', step: state.done, safeStep: state.safeStep };
}
