/** Pauses, requested or forced by a full disk. */
import { hold, type HoldOptions } from '../channel/hold.ts';
import { canBeWritten, withFreeBytes } from '../durable/disk-fault.ts';
import { FaultError } from '../durable/fault-error.ts';
import type { Fault } from '../protocol/fault.ts';
import type { LoopReports } from './loop-reports.ts';
import type { LoopScope, Verdict } from './loop-scope.ts';
import type { SavedCheckpoints } from './saved-checkpoints.ts';

const lookEveryMs = 5_000;

export class Pauses {
  readonly #scope: LoopScope;
  readonly #reports: LoopReports;
  readonly #saved: SavedCheckpoints;
  #told: { readonly step: number; readonly path: unknown } | null = null;

  constructor(scope: LoopScope, reports: LoopReports, saved: SavedCheckpoints) {
    this.#scope = scope;
    this.#reports = reports;
    this.#saved = saved;
  }

  /** Waits until told to continue. */
  pause(): Promise<Verdict> {
    return this.#hold({});
  }

  async #hold(options: Pick<HoldOptions, 'reason' | 'everyMs' | 'look'>): Promise<Verdict> {
    const { context, state } = this.#scope;
    const { port, clock } = context;
    const began = clock();
    const verdict = await hold(port, {
      ...options,
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
   * Waits until the disk can be written again. Nothing is lost meanwhile: the weights are in memory and the old
   * checkpoints intact.
   *
   * @param tryAgain makes the refused write again; true if it succeeds
   * @throws FaultError the fault itself, if there is no parent to be told
   */
  async waitForDisk(fault: Fault, tryAgain: () => Promise<boolean>): Promise<Verdict> {
    const { port } = this.#scope.context;
    if (port.alone) throw new FaultError(fault.code, fault.message, fault.values, { retry: fault.retry });
    const told = await withFreeBytes(fault);
    // A disk that refuses every try is told of once a step.
    const { step, path } = this.#told ?? {};
    if (step !== this.#scope.state.done || path !== fault.values['path'])
      port.log('error', told.code, told.message, { ...told.values, step: this.#scope.state.done });
    this.#told = { step: this.#scope.state.done, path: fault.values['path'] };
    const look = async (): Promise<boolean> => (await canBeWritten(told)) && (await tryAgain());
    return this.#hold({ reason: told, everyMs: lookEveryMs, look });
  }
}
