import type { Fault } from '../../trainer/protocol/fault.ts';
import { faultOf } from './client.ts';

/** A request of the window: its last value, whether it is pending, and its fault. The newest request wins. */
export class Task<T> {
  value = $state.raw<T | null>(null);
  fault = $state.raw<Fault | null>(null);
  busy = $state(false);
  #turn = 0;

  /** Returns the answer, or null if it failed or was superseded. The old value stays until the new one arrives. */
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
      // A cancellation needs no message.
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
