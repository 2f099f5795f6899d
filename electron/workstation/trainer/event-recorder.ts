/** Writes events to the database in order; those that arrive during a write form the next batch. */
import { performance } from 'node:perf_hooks';
import type { TrainerEvent } from '../../../trainer/protocol/events.ts';
import type { Store } from '../store/store.ts';
import type { HeldWrites } from '../workspace/held-writes.ts';

export interface EventRecorderOptions {
  readonly store: Pick<Store, 'apply'>;
  readonly keep: HeldWrites['keep'];
  /** Called with the step of a checkpoint once its row is written. */
  readonly recorded: (step: number) => void;
  /** Called when rows worth reading again have changed. */
  readonly changed: () => void;
  readonly failed: (error: unknown) => void;
  /** Called when more events wait than memory should hold, and again when all of them are written. */
  readonly full: (isFull: boolean) => void;
}

/** About 20 MB. */
const mostWaiting = 50_000;

/** Interval for writing beats; only the newest is written. */
const beatRowEveryMs = 1_000;

export class EventRecorder {
  readonly #options: EventRecorderOptions;
  #waiting: TrainerEvent[] = [];
  #writing: Promise<void> = Promise.resolve();
  #lastBeatAt = -Infinity;
  #isFull = false;

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
    if (this.#waiting.length > mostWaiting) this.#tellFull(true);
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

  #tellFull(isFull: boolean): void {
    if (isFull === this.#isFull) return;
    this.#isFull = isFull;
    this.#options.full(isFull);
  }

  async #write(): Promise<void> {
    if (this.#waiting.length === 0) return;
    const events = this.#waiting;
    this.#waiting = [];
    await this.#options.keep(() => this.#options.store.apply(events));
    this.#tellFull(this.#waiting.length > mostWaiting);
    for (const event of events) {
      if (event.type === 'checkpoint') this.#options.recorded(event.step);
    }
    if (events.some((event) => event.type !== 'beat')) this.#options.changed();
  }
}
