import type { Fault } from '../../trainer/protocol/fault.ts';
import { faultOf } from './client.ts';

/** One thing the window asked for: its last value, whether it is under way, what went wrong. The newest question wins. */
export class Task<T> {
  value = $state.raw<T | null>(null);
  fault = $state.raw<Fault | null>(null);
  busy = $state(false);
  #turn = 0;

  /** The answer, or null when it failed or a newer question overtook it. The old value stays until the new one is here. */
  async run(work: () => Promise<T>): Promise<T | null> {
    const turn = ++this.#turn;
    this.busy = true;
    try {
      const value = await work();
      if (turn !== this.#turn) return null;
      this.value = value;
      this.fault = null;
      return value;
    } catch (error) {
      const fault = faultOf(error);
      // Whoever cancels knows it.
      if (turn === this.#turn) this.fault = fault.code === 'cancelled' ? null : fault;
      return null;
    } finally {
      if (turn === this.#turn) this.busy = false;
    }
  }

  /** Forgets the answer, and ignores one that is still on its way. */
  clear(): void {
    this.#turn += 1;
    this.value = null;
    this.fault = null;
    this.busy = false;
  }
}
