/** Reports of the loop: its phase, its beats and its figures. */
import process from 'node:process';
import type { MetricPoint } from '../protocol/events.ts';
import type { LoopScope } from './loop-scope.ts';

/** The first step selects kernels; later ones are announced as twenty times their median. */
const firstStepQuietMs = 300_000;
const leastQuietMs = 30_000;
const beatEveryMs = 250;

export class LoopReports {
  readonly #scope: LoopScope;
  #beatAt = -Infinity;
  #typicalKnown = false;

  constructor(scope: LoopScope) {
    this.#scope = scope;
  }

  /** Announces the phase of training, with the longest silence to expect from it. */
  announce(): void {
    const { context, pace } = this.#scope;
    const typical = pace.median();
    const quietForMs = typical === null ? firstStepQuietMs : Math.max(leastQuietMs, Math.round(20_000 * typical));
    context.port.send({ type: 'phase', phase: 'training', quietForMs });
  }

  /** Announces the phase again, once, when the time of a step is first known. */
  announceTypicalStep(): void {
    if (this.#typicalKnown || this.#scope.pace.median() === null) return;
    this.#typicalKnown = true;
    this.announce();
  }

  /** Sends how far the training is, how fast it goes and how long the rest will take. */
  beat(): void {
    const { task, context, pace, state } = this.#scope;
    const { steps, stepsPerEpoch } = task;
    const { done, safeStep } = state;
    this.#beatAt = context.clock();
    context.port.send({
      type: 'beat',
      step: done,
      steps,
      epoch: done / stepsPerEpoch,
      fraction: null,
      ...pace.report(steps - done, Math.ceil(steps / stepsPerEpoch) - Math.ceil(done / stepsPerEpoch)),
      memoryBytes: process.memoryUsage.rss(),
      tensors: context.tensors(),
      safeStep,
    });
  }

  /** Sends a beat where the last one was a quarter of a second ago. */
  beatWhereDue(): void {
    if (this.#scope.context.clock() - this.#beatAt >= beatEveryMs) this.beat();
  }

  /** Sends figures as points of the step just taken; those that are not finite as null. */
  record(values: Readonly<Record<string, number>>): void {
    const { context, state } = this.#scope;
    const points: MetricPoint[] = Object.entries(values).map(([name, value]) => {
      return { step: state.done, name, value: Number.isFinite(value) ? value : null };
    });
    context.port.send({ type: 'metrics', points });
  }
}
