/** The checkpoints this attempt saved or started from, and the deletion of superseded ones. */
import { checkpointsOf } from '../checkpoints/checkpoint-folders.ts';
import { prune } from '../checkpoints/prune-checkpoints.ts';
import { diskFault } from '../durable/disk-fault.ts';
import type { LoopScope } from './loop-scope.ts';

export class SavedCheckpoints {
  readonly #scope: LoopScope;
  /** Step → folder, relative to the run's. */
  readonly #folders = new Map<number, string>();
  /** Names of folders known to be complete. */
  readonly #good = new Set<string>();
  /** True if the last deletion failed, which is told once. */
  #isRefused = false;

  constructor(scope: LoopScope) {
    this.#scope = scope;
  }

  has(step: number): boolean {
    return this.#folders.has(step);
  }

  /** Notes a checkpoint. `folder` is relative to the run's folder and has forward slashes. */
  add(step: number, folder: string): void {
    this.#folders.set(step, folder);
  }

  /** Called once the parent has recorded a checkpoint: older folders may be deleted. */
  async recorded(step: number): Promise<void> {
    const { task, context } = this.#scope;
    const folder = this.#folders.get(step);
    if (folder === undefined) return;
    this.#good.add(folder.slice('checkpoints/'.length));
    const best = task.counters.get('bestStep') ?? null;
    const policy = { keepLast: context.policy.keepLast, best, final: task.steps };
    try {
      const gone = await prune(context.runFolder, step, policy, this.#good);
      for (const one of gone) this.#folders.delete(one);
      this.#isRefused = false;
    } catch (error) {
      // What could not be deleted is kept, and tried again after the next save.
      const system = diskFault(error, checkpointsOf(context.runFolder))?.values['system'];
      if (system === undefined) throw error;
      if (!this.#isRefused)
        context.port.log(
          'attention',
          'checkpoints-not-deleted',
          `Older checkpoints could not be deleted (${system}). They are kept; it is tried again after the next save.`,
          { path: checkpointsOf(context.runFolder), system },
        );
      this.#isRefused = true;
    }
  }
}
