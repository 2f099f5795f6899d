/** Deleting checkpoints that a run no longer needs. */
import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { writeError } from '../durable/disk-fault.ts';
import { FaultError } from '../durable/fault-error.ts';
import { candidates, checkpointsOf, type Candidate } from './checkpoint-folders.ts';
import { verifyCheckpoint } from './read-checkpoint.ts';
import { reached } from './save-points.ts';

export interface Kept {
  readonly step: number;
  readonly edition: number;
  /** Known to be whole: written and recorded by this process, or verified. */
  readonly good: boolean;
}

/**
 * What may go, given what there is: all but the newest `keepLast` good ones, the best and the final one, and everything
 * newer than the oldest of those kept. Where fewer than `keepLast` are good nothing goes.
 */
export function expendable<T extends Kept>(
  kept: readonly T[],
  policy: { readonly keepLast: number; readonly best: number | null; readonly final: number | null },
): readonly T[] {
  const newestFirst = [...kept].sort((a, b) => b.step - a.step || b.edition - a.edition);
  const good = newestFirst.filter((one) => one.good);
  const oldestKept = good[Math.max(policy.keepLast, 1) - 1];
  if (!oldestKept) return [];
  return newestFirst
    .slice(newestFirst.indexOf(oldestKept) + 1)
    .filter((one) => one.step !== policy.best && one.step !== policy.final);
}

/**
 * Deletes what the policy allows among the checkpoints up to a step: later ones are of a life that was given up, and do
 * not count for what is kept of this one. `good` remembers folders already verified, so that each is read once only.
 *
 * @throws FaultError the disk's fault where it refuses; what is not deleted then is kept
 */
export async function prune(
  runFolder: string,
  upTo: number,
  policy: { readonly keepLast: number; readonly best: number | null; readonly final: number | null },
  good: Set<string>,
): Promise<readonly number[]> {
  const parent = checkpointsOf(runFolder);
  const found = (await candidates(runFolder)).filter((one) => one.step <= upTo);
  const kept: (Candidate & Kept)[] = [];
  for (const one of found) {
    if (!good.has(one.name) && kept.filter((other) => other.good).length < policy.keepLast) {
      await verifyCheckpoint(join(parent, one.name)).then(
        () => good.add(one.name),
        (error: unknown) => {
          if (!(error instanceof FaultError)) throw error;
        },
      );
    }
    kept.push({ ...one, good: good.has(one.name) });
  }
  const gone = expendable(kept, policy);
  for (const { name } of gone) {
    reached('pruning');
    // Renamed first: a death in the middle of the deletion leaves something to sweep, not half a checkpoint.
    const away = join(parent, `.tmp-gone-${name}`);
    try {
      await rename(join(parent, name), away);
      good.delete(name);
      await rm(away, { recursive: true, force: true });
    } catch (error) {
      throw writeError(error, join(parent, name));
    }
  }
  return gone.map((one) => one.step);
}
