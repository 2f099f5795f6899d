/** The device that computes, held by one run or one measuring job at a time. */
import { FaultError } from '../../../trainer/durable/fault-error.ts';

export class Device {
  #holder: string | null = null;
  #isClosing = false;

  /** Run or job on the device; null when it is free. */
  get holder(): string | null {
    return this.#holder;
  }

  take(name: string): void {
    if (this.#isClosing) throw new FaultError('busy', 'The workstation is being closed.');
    if (this.#holder !== null) {
      const text = `The device is used by "${this.#holder}". Wait for it, or stop it first.`;
      throw new FaultError('busy', text, { holder: this.#holder });
    }
    this.#holder = name;
  }

  free(): void {
    this.#holder = null;
  }

  /** Rejects every request from now on. */
  close(): void {
    this.#isClosing = true;
  }
}
