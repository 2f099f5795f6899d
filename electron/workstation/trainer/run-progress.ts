/** Progress of a run as reported by its trainer: shown, never stored. */
import { performance } from 'node:perf_hooks';
import type { TrainerEvent } from '../../../trainer/protocol/events.ts';
import type { Progress } from '../../api/runs.ts';
import { livenessOf } from './liveness.ts';

/** Progress from events; silence is measured on reading. */
type Told = Omit<Progress, 'run' | 'silentMs' | 'liveness'>;

const saveMs = 30_000;
const leastHungMs = 6_000;

export class RunProgress {
  readonly #run: string;
  #told: Told;
  #heardAt = performance.now();
  #saveSeconds = 0;

  constructor(run: string, device: string, fromStep: number) {
    this.#run = run;
    this.#told = beforeFirstEvent(device, fromStep);
  }

  hear(event: TrainerEvent): void {
    this.#heardAt = performance.now();
    this.#told = toldAfter(this.#told, event);
    if (event.type === 'checkpoint') this.#saveSeconds = event.seconds;
  }

  /** Restarts the measure of silence after the machine has slept. */
  forgetSilence(): void {
    this.#heardAt = performance.now();
  }

  shown(): Progress {
    const { silentMs } = this;
    const liveness = livenessOf(this.#told.phase, silentMs, this.#told.quietForMs);
    return { run: this.#run, ...this.#told, silentMs, liveness };
  }

  get memoryBytes(): number | null {
    return this.#told.memoryBytes;
  }

  /**
   * How long one that is to stop may say nothing before it counts as hung: while it saves as long as that may take, else
   * about two steps, of which it announced twenty.
   */
  get hungAfterMs(): number {
    const { phase, quietForMs } = this.#told;
    const isSaving = phase === 'saving' || phase === 'stopping';
    return isSaving ? saveMs + 2_000 * this.#saveSeconds : Math.max(leastHungMs, quietForMs / 10);
  }

  get silentMs(): number {
    return performance.now() - this.#heardAt;
  }

  /** Duration of the last save. */
  get saveSeconds(): number {
    return this.#saveSeconds;
  }
}

function beforeFirstEvent(device: string, fromStep: number): Told {
  return {
    phase: null,
    pausedBy: null,
    quietForMs: 120_000,
    step: fromStep,
    steps: null,
    epoch: 0,
    fraction: null,
    samplesPerSecond: null,
    waitShare: null,
    secondsLeft: null,
    secondsLeftSpread: null,
    memoryBytes: null,
    safeStep: fromStep > 0 ? fromStep : null,
    safeAt: null,
    device,
  };
}

function toldAfter(told: Told, event: TrainerEvent): Told {
  switch (event.type) {
    case 'hello':
      return { ...told, device: event.device, step: event.fromStep };
    case 'phase':
      return {
        ...told,
        phase: event.phase,
        pausedBy: event.reason ?? null,
        quietForMs: event.quietForMs,
        fraction: null,
      };
    case 'beat':
      return {
        ...told,
        // Until the loop begins, and where nothing is trained, a beat counts no steps.
        ...(event.steps > 0 ? { step: event.step, steps: event.steps, epoch: event.epoch } : {}),
        fraction: event.fraction,
        samplesPerSecond: event.samplesPerSecond,
        waitShare: event.waitShare,
        secondsLeft: event.secondsLeft,
        secondsLeftSpread: event.secondsLeftSpread,
        memoryBytes: event.memoryBytes,
        safeStep: event.safeStep ?? told.safeStep,
      };
    case 'checkpoint':
      return { ...told, safeStep: event.step, safeAt: event.at };
    case 'stopped':
      return { ...told, step: event.step };
    case 'metrics':
    case 'result':
    case 'log':
      return told;
  }
}
