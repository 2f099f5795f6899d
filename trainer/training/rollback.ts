/** Rolls back to a checkpoint when losses stop being finite. */
import { newestValid } from '../checkpoints/newest-checkpoint.ts';
import type { Loaded } from '../checkpoints/read-checkpoint.ts';
import { restoreState } from '../checkpoints/restore-state.ts';
import { FaultError } from '../durable/fault-error.ts';
import { badStepsInARow, mostRollbacks } from './alarms.ts';
import type { LoopReports } from './loop-reports.ts';
import type { LoopScope } from './loop-scope.ts';
import type { TrainingTask } from './training-task.ts';

/** Restores a checkpoint's tensors and counters. */
export function restore({ state, counters }: TrainingTask, loaded: Loaded): void {
  restoreState(state, loaded);
  counters.clear();
  for (const [name, value] of Object.entries(loaded.manifest.counters)) counters.set(name, value);
}

/** A step whose loss is not finite. */
export interface BadStep {
  readonly loss: number;
  /** Figures of the step, as far as they are known: those that are not finite are the cause. */
  readonly metrics: Readonly<Record<string, number>>;
  /** Names of its images, as far as they are known. */
  readonly images: readonly string[];
}

const mostImagesNamed = 16;

export class Rollback {
  readonly #scope: LoopScope;
  readonly #reports: LoopReports;
  /** Consecutive non-finite losses. */
  #badSteps = 0;
  /** Step of the last rollback until a new checkpoint is saved: a second failure goes further back. */
  #wentTo = Infinity;

  constructor(scope: LoopScope, reports: LoopReports) {
    this.#scope = scope;
    this.#reports = reports;
  }

  /** Called after a step whose loss is finite. */
  stepWasGood(): void {
    this.#badSteps = 0;
  }

  /** Called after a save: rollbacks now go to the newest checkpoint. */
  checkpointSaved(): void {
    this.#wentTo = Infinity;
  }

  /** Reports a non-finite loss. All state is unchanged; the batch is skipped. */
  async stepWasBad({ loss, metrics, images }: BadStep): Promise<void> {
    const { done } = this.#scope.state;
    this.#badSteps += 1;
    this.#reports.record({ loss });
    const terms = Object.keys(metrics).filter((name) => !Number.isFinite(metrics[name]));
    const values = {
      step: done,
      terms: terms.join(', ') || 'loss',
      images: images.slice(0, mostImagesNamed).join(', ') + (images.length > mostImagesNamed ? ', …' : ''),
    };
    const shown = values.images === '' ? '' : ` Its images: ${values.images}.`;
    this.#scope.context.port.log(
      'attention',
      values.images === '' ? 'diverged' : 'diverged-on-images',
      `The loss of step ${done} is ${loss} (${values.terms}): the step was not taken.${shown}`,
      values,
    );
    if (this.#badSteps >= badStepsInARow) await this.rollBack(`${this.#badSteps} losses in a row are not finite`);
  }

  /**
   * Restores the last checkpoint but keeps the position in the data, so the batches in between are skipped.
   *
   * @throws FaultError `diverged` if there is no checkpoint to go back to, or earlier rollbacks did not help
   */
  async rollBack(why: string): Promise<void> {
    const { task, context, state } = this.#scope;
    const { port, runFolder } = context;
    const { done } = state;
    const rollbacks = (task.counters.get('rollbacks') ?? 0) + 1;
    const advice = 'Lower the learning rate or lengthen the warm-up.';
    const target = await newestValid(runFolder, Math.min(done, this.#wentTo - 1), (code, text, values) =>
      port.log('attention', code, text, values),
    );
    if (!target || rollbacks > mostRollbacks) {
      const tried = target ? `${mostRollbacks} rollbacks did not help` : 'there is no checkpoint to go back to';
      throw new FaultError('diverged', `Training diverged at step ${done} (${why}); ${tried}. ${advice}`, {
        step: done,
      });
    }
    const to = target.manifest.step;
    restore(task, target);
    task.counters.set('rollbacks', rollbacks);
    this.#wentTo = to;
    this.#badSteps = 0;
    const text = `Went back to the state of step ${to}; batches ${to + 1} to ${done} are skipped.`;
    port.log('attention', 'rolled-back', text, { step: done, to, rollbacks });
  }
}
