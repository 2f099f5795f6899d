/** Commands of the parent that the job has not yet taken. */
import type { Command } from '../protocol/commands.ts';

/** What the parent asks, or the news that there is no parent any more. */
export type Ask = Command | { readonly type: 'disconnect' };

export class AskQueue {
  readonly #asks: Ask[] = [];
  readonly #wakers = new Set<() => void>();

  /** Adds a command and wakes who waits. */
  add(ask: Ask): void {
    this.#asks.push(ask);
    for (const waker of [...this.#wakers]) waker();
  }

  /** Takes the oldest command, or null. */
  take(): Ask | null {
    return this.#asks.shift() ?? null;
  }

  /** Resolves when there is something to take, or after the time. */
  async wait(milliseconds: number): Promise<void> {
    if (this.#asks.length > 0) return;
    await new Promise<void>((resolve) => {
      const finish = (): void => {
        clearTimeout(timer);
        this.#wakers.delete(finish);
        resolve();
      };
      const timer = setTimeout(finish, milliseconds);
      this.#wakers.add(finish);
    });
  }
}
