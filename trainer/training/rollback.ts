/** Rolls back to a checkpoint when losses or gradients stop being finite. */
import { newestValid } from '../checkpoints/newest-checkpoint.ts';
import type { Loaded } from '../checkpoints/read-checkpoint.ts';
import { restoreState } from '../checkpoints/restore-state.ts';
import { FaultError } from '../durable/fault-error.ts';
import { chosenCodes, rolledBackCodes, type WhenNotFinite } from '../protocol/when-not-finite.ts';
import { badStepsInARow, mostRollbacks } from './alarms.ts';
import type { LoopReports } from './loop-reports.ts';
import type { LoopScope } from './loop-scope.ts';
import { keepingMeasures, rateFactor, rollbacks as rollbackCounter, takeChoices, takeMeasure } from './measures.ts';
import type { TrainingTask } from './training-task.ts';

/** Restores a checkpoint's tensors and counters. */
export function restore({ state, counters }: TrainingTask, loaded: Loaded): void {
  restoreState(state, loaded);
  counters.clear();
  for (const [name, value] of Object.entries(loaded.manifest.counters)) counters.set(name, value);
}

/** What is not finite, for people. */
interface NotFinite {
  /** Names of terms or tensors. */
  readonly terms: string;
  /** Names of images; empty where they are not known. */
  readonly images: string;
}

/** What a run does differently from here on. */
function measureText(chosen: WhenNotFinite, factor: number): string {
  switch (chosen.policy) {
    case 'skip':
      return '';
    case 'lower-rate':
      return ` From here on the learning rate is ${factor} times that of the schedule.`;
    case 'clip':
      return ` From here on gradients are clipped to a norm of ${chosen.norm}, all of them together.`;
  }
}

/** A step whose loss, or whose weights after it, are not finite. */
export interface BadStep {
  readonly loss: number;
  /** Weights that would not be finite after it though the loss is; otherwise undefined. */
  readonly weightsNotFinite: readonly string[] | undefined;
  /** Figures of the step, as far as they are known: those that are not finite are the cause. */
  readonly metrics: Readonly<Record<string, number>>;
  /** Names of its images, as far as they are known. */
  readonly images: readonly string[];
}

const mostImagesNamed = 16;
const mostWeightsNamed = 4;
/** Counter of consecutive steps that were not finite. */
const badSteps = 'badSteps';

export class Rollback {
  readonly #scope: LoopScope;
  readonly #reports: LoopReports;
  /** Step of the last rollback until a new checkpoint is saved: a second failure goes further back. */
  #wentTo = Infinity;

  constructor(scope: LoopScope, reports: LoopReports) {
    this.#scope = scope;
    this.#reports = reports;
  }

  /** Called after a step that was taken. */
  stepWasGood(): void {
    this.#scope.task.counters.delete(badSteps);
  }

  /** Called after a save: rollbacks now go to the newest checkpoint. */
  checkpointSaved(): void {
    this.#wentTo = Infinity;
  }

  /** Reports a step that is not finite. All state is unchanged; the batch is skipped. */
  async stepWasBad({ loss, metrics, weightsNotFinite, images }: BadStep): Promise<void> {
    const { task, state } = this.#scope;
    const { done } = state;
    const inARow = (task.counters.get(badSteps) ?? 0) + 1;
    task.counters.set(badSteps, inARow);
    this.#reports.record({ loss });
    const terms = Object.keys(metrics).filter((name) => !Number.isFinite(metrics[name]));
    const isLoss = weightsNotFinite === undefined;
    const values = {
      step: done,
      terms: isLoss ? terms.join(', ') || 'loss' : listed(weightsNotFinite, mostWeightsNamed) || 'weights',
      images: listed(images, mostImagesNamed),
    };
    const what = isLoss
      ? `The loss of step ${done} is ${loss} (${values.terms})`
      : `The loss of step ${done} is ${loss}, but its gradient or the update is not finite (${values.terms})`;
    const code = isLoss ? 'diverged' : 'update-not-finite';
    this.#scope.context.port.log(
      'attention',
      values.images === '' ? code : `${code}-on-images`,
      `${what}: the step was not taken.${imagesText(values)}`,
      values,
    );
    if (inARow >= badStepsInARow) await this.rollBack(`${inARow} steps in a row are not finite`, values);
  }

  /** Takes what the user chose at a pause, and says so. */
  takeChoices(): void {
    const { task, context, state } = this.#scope;
    for (const chosen of takeChoices(task.counters, context.choices)) {
      const text = `Goes on after the pause as was chosen: past such steps.${measureText(chosen, rateFactor(task.counters))}`;
      context.port.log('attention', chosenCodes[chosen.policy], text, this.#values(chosen, { step: state.done }));
    }
  }

  /**
   * Restores the last checkpoint but keeps the position in the data, so the batches in between are skipped, and takes the
   * measure that the run or the user has chosen.
   *
   * @throws FaultError `diverged`, which a resume accepts, if there is no checkpoint to go back to, or earlier rollbacks
   * did not help
   */
  async rollBack(why: string, found: NotFinite): Promise<void> {
    const { task, context, state } = this.#scope;
    const { port, runFolder, choices } = context;
    const { done } = state;
    const rollbacks = (task.counters.get(rollbackCounter) ?? 0) + 1;
    const target = await newestValid(runFolder, Math.min(done, this.#wentTo - 1), (code, text, values) =>
      port.log('attention', code, text, values),
    );
    if (!target) throw pausedBy(done, why, 'there is no checkpoint to go back to', found);
    if (rollbacks > mostRollbacks) throw pausedBy(done, why, `${mostRollbacks} rollbacks did not help`, found);
    const to = target.manifest.step;
    keepingMeasures(task.counters, () => restore(task, target));
    task.counters.set(rollbackCounter, rollbacks);
    task.counters.delete(badSteps);
    this.#wentTo = to;
    const chosen = choices.at(-1) ?? context.whenNotFinite;
    takeMeasure(task.counters, chosen);
    const text = `Went back to the state of step ${to}; batches ${to + 1} to ${done} are skipped.`;
    const measure = measureText(chosen, rateFactor(task.counters));
    port.log(
      'attention',
      rolledBackCodes[chosen.policy],
      text + measure,
      this.#values(chosen, { step: done, to, rollbacks }),
    );
  }

  /** Values of a notice, with the size of the measure. */
  #values(chosen: WhenNotFinite, values: Readonly<Record<string, number>>): Readonly<Record<string, number>> {
    switch (chosen.policy) {
      case 'skip':
        return values;
      case 'lower-rate':
        return { ...values, factor: rateFactor(this.#scope.task.counters) };
      case 'clip':
        return { ...values, norm: chosen.norm };
    }
  }
}

const listed = (names: readonly string[], most: number): string =>
  names.slice(0, most).join(', ') + (names.length > most ? ', …' : '');
const imagesText = ({ images }: NotFinite): string => (images === '' ? '' : ` Its images: ${images}.`);

/** The run stops to ask: a resume goes on by what the user then chooses. */
function pausedBy(step: number, why: string, tried: string, found: NotFinite): FaultError {
  return new FaultError(
    'diverged',
    `Training diverged at step ${step} (${why}: ${found.terms}); ${tried}.${imagesText(found)} Resume it in another way ` +
      '(skip such batches, lower the learning rate, clip gradients), or start a new run with a lower learning rate, a ' +
      'longer warm-up or without these images.',
    { step, terms: found.terms, ...(found.images !== '' && { images: found.images }) },
    { retry: 'resume' },
  );
}
