/** Events on their way to the parent: one in flight, metric points gather, a beat gives way to a newer one. */
import type { TrainerEvent } from '../protocol/events.ts';

/** The way to the parent. `done` is called once the pipe has taken the message. */
export interface Channel {
  send(event: TrainerEvent, done: (error: Error | null) => void): void;
}

export class EventQueue {
  readonly #channel: Channel | null;
  readonly #queue: TrainerEvent[] = [];
  #inFlight = false;
  #gone: boolean;
  #drained: (() => void) | null = null;

  /** `channel` is null where there is no parent: then every event is let go. */
  constructor(channel: Channel | null) {
    this.#channel = channel;
    this.#gone = channel === null;
  }

  add(event: TrainerEvent): void {
    const queue = this.#queue;
    const last = queue.at(-1);
    if (event.type === 'metrics' && last?.type === 'metrics') {
      queue[queue.length - 1] = { ...event, points: [...last.points, ...event.points] };
    } else {
      if (event.type === 'beat') {
        const older = queue.findIndex((queued) => queued.type === 'beat');
        if (older !== -1) queue.splice(older, 1);
      }
      queue.push(event);
    }
    this.#pump();
  }

  /** Lets go of everything: there is no parent any more. */
  disconnect(): void {
    this.#gone = true;
    this.#letGo();
  }

  /** Resolves when the pipe has taken everything. */
  async drain(): Promise<void> {
    if (this.#gone || (!this.#inFlight && this.#queue.length === 0)) return;
    await new Promise<void>((resolve) => {
      this.#drained = resolve;
    });
  }

  #letGo(): void {
    this.#queue.length = 0;
    this.#drained?.();
  }

  #pump(): void {
    if (this.#gone) {
      this.#letGo();
      return;
    }
    if (this.#inFlight) return;
    const next = this.#queue.shift();
    if (!next) {
      this.#drained?.();
      return;
    }
    this.#inFlight = true;
    this.#channel?.send(next, (error) => {
      this.#inFlight = false;
      // The parent is gone: 'disconnect' follows and saves; the file has every event.
      if (error) this.#gone = true;
      this.#pump();
    });
  }
}
