/** Writes events to the database in order; those that arrive during a write form the next batch. */
import { performance } from 'node:perf_hooks';
import type { TrainerEvent } from '../../../trainer/protocol/events.ts';
import type { Store } from '../store/store.ts';

export interface EventRecorderOptions {
  readonly store: Pick<Store, 'apply'>;
  /** Called with the step of a checkpoint once its row is written. */
  readonly recorded: (step: number) => void;
  /** Called when rows worth reading again have changed. */
  readonly changed: () => void;
  readonly failed: (error: unknown) => void;
}

/** Interval for writing beats; only the newest is written. */
const beatRowEveryMs = 1_000;

export class EventRecorder {
  readonly #options: EventRecorderOptions;
  #waiting: TrainerEvent[] = [];
  #writing: Promise<void> = Promise.resolve();
  #lastBeatAt = -Infinity;

  constructor(options: EventRecorderOptions) {
    this.#options = options;
  }

  add(event: TrainerEvent): void {
    if (event.type === 'beat') {
      const at = performance.now();
      if (at - this.#lastBeatAt < beatRowEveryMs) return;
      this.#lastBeatAt = at;
    }
    this.#waiting.push(event);
    this.#writing = this.#writing
      .then(() => this.#write())
      .catch((error: unknown) => {
        this.#options.failed(error);
      });
  }

  /** Resolves when everything added is written or has failed. */
  settled(): Promise<void> {
    return this.#writing;
  }

  async #write(): Promise<void> {
    if (this.#waiting.length === 0) return;
    const events = this.#waiting;
    this.#waiting = [];
    await this.#options.store.apply(events);
    for (const event of events) {
      if (event.type === 'checkpoint') this.#options.recorded(event.step);
    }
    if (events.some((event) => event.type !== 'beat')) this.#options.changed();
  }
}
