/** The order of the queue, kept in the database: one change after the other, each reading the order that the one before wrote. */
import type { Push } from '../request-types.ts';
import type { Store } from '../store/store.ts';

export class QueueOrder {
  readonly #store: Store;
  readonly #push: Push;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(store: Store, push: Push) {
    this.#store = store;
    this.#push = push;
  }

  inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(work);
    this.#turn = result.catch(() => undefined);
    return result;
  }

  async change(change: (order: readonly string[]) => readonly string[]): Promise<void> {
    await this.inTurn(async () => {
      const before = await this.#store.queue();
      const after = change(before);
      await this.#store.setQueue(after);
      const touched = [...new Set([...before, ...after])];
      if (touched.length > 0) this.#push('runsChanged', touched);
    });
  }

  /** Takes a run out within a turn that is under way. */
  async takeOut(run: string): Promise<void> {
    await this.#store.setQueue((await this.#store.queue()).filter((queued) => queued !== run));
  }

  /** Resolves when the turns asked for so far are over. */
  async settled(): Promise<void> {
    await this.#turn;
  }
}
