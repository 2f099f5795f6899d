/**
 * The order of the queue in the database: changes are serialised, each reading the order written by the previous one.
 */
import { FaultError } from '../../../trainer/durable/fault-error.ts';
import type { Push } from '../request-types.ts';
import type { Store } from '../store/store.ts';

/** `order` with runs put back, each behind the nearest of those it stood behind that is still there. */
export function withPutBack(
  order: readonly string[],
  runs: readonly string[],
  former: readonly string[],
): readonly string[] {
  const result = order.filter((run) => !runs.includes(run));
  for (const run of former.filter((one) => runs.includes(one))) {
    const before = former.slice(0, former.indexOf(run)).findLast((one) => result.includes(one));
    result.splice(before === undefined ? 0 : result.indexOf(before) + 1, 0, run);
  }
  return result;
}

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

  /** Gives the order before. */
  async remove(runs: readonly string[]): Promise<readonly string[]> {
    let found: readonly string[] = [];
    await this.change((before) => {
      found = before;
      return before.filter((queued) => !runs.includes(queued));
    });
    return found;
  }

  /** Puts runs, in the order they are given in, where the first of them is at `position`, from 1. */
  move(runs: readonly string[], position: number): Promise<void> {
    return this.change((before) => {
      const lacking = runs.find((run) => !before.includes(run));
      if (lacking !== undefined)
        throw new FaultError('not-available', `Run "${lacking}" is not queued.`, { run: lacking });
      return before.filter((queued) => !runs.includes(queued)).toSpliced(position - 1, 0, ...new Set(runs));
    });
  }

  /** Removes a run within a turn in progress. */
  async takeOut(run: string): Promise<void> {
    await this.#store.setQueue((await this.#store.queue()).filter((queued) => queued !== run));
  }

  /** Resolves when all turns requested so far are over. */
  async settled(): Promise<void> {
    await this.#turn;
  }
}
