/** The checkpoints this attempt saved or started from, and the deletion of superseded ones. */
import { prune } from '../checkpoints/prune-checkpoints.ts';
import type { LoopScope } from './loop-scope.ts';

export class SavedCheckpoints {
  readonly #scope: LoopScope;
  /** Step → folder, relative to the run's. */
  readonly #folders = new Map<number, string>();
  /** Names of folders known to be complete. */
  readonly #good = new Set<string>();

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
    const gone = await prune(context.runFolder, step, policy, this.#good);
    for (const one of gone) this.#folders.delete(one);
  }
}
