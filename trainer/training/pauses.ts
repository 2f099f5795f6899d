/** Pauses, requested or forced by a full disk. */
import { hold } from '../channel/hold.ts';
import { FaultError } from '../durable/fault-error.ts';
import type { Fault } from '../protocol/fault.ts';
import type { LoopReports } from './loop-reports.ts';
import type { LoopScope, Verdict } from './loop-scope.ts';
import type { SavedCheckpoints } from './saved-checkpoints.ts';

export class Pauses {
  readonly #scope: LoopScope;
  readonly #reports: LoopReports;
  readonly #saved: SavedCheckpoints;

  constructor(scope: LoopScope, reports: LoopReports, saved: SavedCheckpoints) {
    this.#scope = scope;
    this.#reports = reports;
    this.#saved = saved;
  }

  /** Waits until told to continue. `reason`: absent if the pause was requested. */
  async pause(reason?: Fault): Promise<Verdict> {
    const { context, state } = this.#scope;
    const { port, clock } = context;
    const began = clock();
    const verdict = await hold(port, {
      ...(reason && { reason }),
      beat: () => this.#reports.beat(),
      other: async (ask) => {
        if (ask.type === 'recorded') await this.#saved.recorded(ask.step);
      },
    });
    if (verdict !== 'go') return 'stop';
    port.retry();
    state.savedAt += clock() - began;
    this.#reports.announce();
    return 'go';
  }

  /**
   * Waits for disk space. Nothing is lost meanwhile: the weights are in memory and the old checkpoints intact.
   *
   * @throws FaultError the fault itself, if there is no parent to say when there is space again
   */
  async waitForDisk(fault: Fault): Promise<Verdict> {
    const { port } = this.#scope.context;
    if (port.alone) throw new FaultError(fault.code, fault.message, fault.values, { retry: fault.retry });
    port.log('error', fault.code, fault.message, { ...fault.values, step: this.#scope.state.done });
    return this.pause(fault);
  }
}
