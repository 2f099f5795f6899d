import type { Estimate } from '../../api/drafts.ts';
import type { StoredRun } from '../store/store.ts';
import type { TrainerHost } from '../trainer/trainer-host.ts';

/**
 * Seconds that a run still takes: as its trainer reports them, else the share of the estimate after its newest checkpoint.
 * @param isRough takes a first idea where there is no estimate
 */
export function secondsLeftOf(
  host: Pick<TrainerHost, 'sessionOrNull'>,
  run: StoredRun | undefined,
  estimate: Estimate | undefined,
  isRough = false,
): number | null {
  const live = run === undefined ? null : (host.sessionOrNull(run.id)?.progress() ?? null);
  if (live !== null && live.secondsLeft !== null) return live.secondsLeft;
  const seconds = estimate?.seconds ?? (isRough ? (estimate?.roughSeconds ?? null) : null);
  if (seconds === null || run?.safeStep == null || estimate?.steps == null) return seconds;
  return seconds * Math.max(0, 1 - run.safeStep / estimate.steps);
}
