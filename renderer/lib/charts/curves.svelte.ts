/** The curves of one run, refreshed as it progresses. */
import { SvelteMap } from 'svelte/reactivity';
import type { Series } from '../../../electron/api/curves.ts';
import type { Fault } from '../../../trainer/protocol/fault.ts';
import { maximumPoints } from './chart-data.ts';
import { ask, faultOf } from '../client.ts';

/** Minimum interval between reads of a running run's curves. */
const refreshMs = 2000;

export class RunCurves {
  readonly series = new SvelteMap<string, Series>();
  fault = $state.raw<Fault | null>(null);
  readonly run: string;
  #names: readonly string[] = [];
  #reading = false;
  #wanted = false;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #closed = false;

  constructor(run: string) {
    this.run = run;
  }

  /** Reads the named curves, now or when the last read is old enough. Calls in between are merged into one. */
  read(names: readonly string[]): void {
    this.#names = names;
    this.#wanted = true;
    if (!this.#reading && this.#timer === null) void this.#readAll();
  }

  async #readAll(): Promise<void> {
    if (this.#closed) return;
    this.#wanted = false;
    this.#reading = true;
    try {
      const all = await Promise.all(
        this.#names.map(async (name) => [name, await ask('metric', this.run, name, maximumPoints)] as const),
      );
      for (const [name, series] of all) this.series.set(name, series);
      this.fault = null;
    } catch (error) {
      this.fault = faultOf(error);
    }
    this.#reading = false;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      if (this.#wanted) void this.#readAll();
    }, refreshMs);
  }

  close(): void {
    this.#closed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
  }
}
