/** Reports of the loop: its phase, its progress beats and its figures. */
import process from 'node:process';
import type { MetricPoint } from '../protocol/events.ts';
import type { LoopScope } from './loop-scope.ts';

/** The first step selects kernels; later ones announce twenty times their median. */
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

  /** Announces the phase once more, when the duration of a step is first known. */
  announceTypicalStep(): void {
    if (this.#typicalKnown || this.#scope.pace.median() === null) return;
    this.#typicalKnown = true;
    this.announce();
  }

  /** Sends the progress, speed and remaining time of the training. */
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

  /** Sends a beat if the last one was at least a quarter of a second ago. */
  beatWhereDue(): void {
    if (this.#scope.context.clock() - this.#beatAt >= beatEveryMs) this.beat();
  }

  /** Sends figures as points of the step just taken; non-finite ones as null. */
  record(values: Readonly<Record<string, number>>): void {
    const { context, state } = this.#scope;
    const points: MetricPoint[] = Object.entries(values).map(([name, value]) => {
      return { step: state.done, name, value: Number.isFinite(value) ? value : null };
    });
    context.port.send({ type: 'metrics', points });
  }
}
