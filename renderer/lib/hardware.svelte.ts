/** The machine's readings, taken while in use, with the last minutes of each. */
import { createSubscriber } from 'svelte/reactivity';
import type { HardwareReading } from '../../trainer/protocol/hardware.ts';
import type { Fault } from '../../trainer/protocol/fault.ts';
import { ask, faultOf } from './client.ts';

const everyMs = 2000;
const kept = 90;

class HardwareWatch {
  #readings: readonly HardwareReading[] = [];
  #fault: Fault | null = null;
  #subscribe = createSubscriber((update) => {
    let closed = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const read = async (): Promise<void> => {
      if (!document.hidden) {
        try {
          this.#readings = [...this.#readings.slice(1 - kept), await ask('hardware')];
          this.#fault = null;
        } catch (error) {
          this.#fault = faultOf(error);
        }
        update();
      }
      if (!closed) timer = setTimeout(() => void read(), everyMs);
    };
    void read();
    return () => {
      closed = true;
      clearTimeout(timer);
    };
  });

  get readings(): readonly HardwareReading[] {
    this.#subscribe();
    return this.#readings;
  }
  get fault(): Fault | null {
    this.#subscribe();
    return this.#fault;
  }
}
export const hardware = new HardwareWatch();
