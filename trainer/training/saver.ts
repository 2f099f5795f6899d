/** Saves checkpoints when they are due, and handles failed writes. */
import type { MessageOf } from '../channel/port.ts';
import { reached } from '../checkpoints/save-points.ts';
import { saveCheckpoint } from '../checkpoints/write-checkpoint.ts';
import { FaultError } from '../durable/fault-error.ts';
import { diskFault } from '../durable/disk-fault.ts';
import type { Fault } from '../protocol/fault.ts';
import type { LoopReports } from './loop-reports.ts';
import type { LoopScope, Verdict } from './loop-scope.ts';
import type { Pauses } from './pauses.ts';
import type { Rollback } from './rollback.ts';
import type { SavedCheckpoints } from './saved-checkpoints.ts';

export type SaveReason = MessageOf<'checkpoint'>['reason'];

/** The longest silence to expect during a save. */
export const saveQuietMs = 300_000;

/** The parts of the loop that a save uses. */
export interface SaverParts {
  readonly reports: LoopReports;
  readonly saved: SavedCheckpoints;
  readonly pauses: Pauses;
  readonly rollback: Rollback;
}

export class Saver {
  readonly #scope: LoopScope;
  readonly #parts: SaverParts;

  constructor(scope: LoopScope, parts: SaverParts) {
    this.#scope = scope;
    this.#parts = parts;
  }

  /** Reason why a checkpoint is due after the step just taken, or null. `best`: a check found the best model so far. */
  due(best: boolean): SaveReason | null {
    const { task, context, state } = this.#scope;
    const { everySteps, everySeconds } = context.policy;
    if (state.done === task.steps) return 'end';
    if (best || (everySteps > 0 && state.done % everySteps === 0)) return 'steps';
    return context.clock() - state.savedAt >= everySeconds * 1000 ? 'time' : null;
  }

  /** Saves, retrying after a rollback or a wait for disk space. Each step is saved once. */
  async save(reason: SaveReason): Promise<Verdict> {
    const { context, state } = this.#scope;
    const { reports, saved, rollback } = this.#parts;
    if (saved.has(state.done) && reason !== 'end') return 'go';
    context.port.send({ type: 'phase', phase: 'saving', quietForMs: saveQuietMs });
    try {
      if ((await this.#whenWritable(reason)) === 'stop') return 'stop';
    } catch (error) {
      if (error instanceof FaultError && error.fault.code === 'diverged') {
        const terms = String(error.fault.values['tensor']);
        await rollback.rollBack('a value to be saved is not finite', { terms, images: '' });
        return reason === 'end' ? this.save(reason) : 'go';
      }
      throw error;
    }
    if (reason === 'time' || reason === 'steps' || reason === 'asked') reports.announce();
    return 'go';
  }

  /** Writes the checkpoint, as often as it takes. */
  async #whenWritable(reason: SaveReason): Promise<Verdict> {
    for (;;) {
      const fault = await this.#refusal(reason);
      if (fault === null) return 'go';
      if (reason === 'disconnect') return 'stop';
      // Tried again during the pause, so that a disk that refuses every try does not end and begin it anew.
      let isWritten = false;
      const tryAgain = async (): Promise<boolean> => (isWritten = (await this.#refusal(reason)) === null);
      if ((await this.#parts.pauses.waitForDisk(fault, tryAgain)) === 'stop') return 'stop';
      if (isWritten) return 'go';
    }
  }

  /** Writes the checkpoint; returns the disk's fault if it is refused. */
  async #refusal(reason: SaveReason): Promise<Fault | null> {
    try {
      await this.#write(reason);
      return null;
    } catch (error) {
      const fault = diskFault(error, this.#scope.context.runFolder);
      if (fault === null) throw error;
      return fault;
    }
  }

  async #write(reason: SaveReason): Promise<void> {
    const { task, context, state } = this.#scope;
    const { done } = state;
    const epoch = done / task.stepsPerEpoch;
    const header = { ...context.header, step: done, epoch, trainedSeconds: state.trainedMs / 1000 };
    const counters = Object.fromEntries(task.counters);
    const result = await saveCheckpoint(context.runFolder, { ...header, counters }, task.state);
    this.#parts.saved.add(done, result.folder);
    state.savedAt = context.clock();
    state.safeStep = done;
    this.#parts.rollback.checkpointSaved();
    context.port.send({ type: 'checkpoint', step: done, epoch, reason, ...result });
    reached('posted');
  }
}
