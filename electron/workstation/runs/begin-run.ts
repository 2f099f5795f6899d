/** Starts a trainer for a queued run, and decides whether a lost run is worth another attempt. */
import type { Fault } from '../../../trainer/protocol/fault.ts';
import type { AttemptRow } from '../../api/runs.ts';
import { resolveSubject } from '../drafts/evaluated-encoder.ts';
import type { Store, StoredRun } from '../store/store.ts';
import type { TrainerHost } from '../trainer/trainer-host.ts';
import type { Workspace } from '../workspace/workspace.ts';

interface BeginContext {
  readonly store: Store;
  readonly host: TrainerHost;
  readonly workspace: Pick<Workspace, 'cache' | 'datasets' | 'weights'>;
}

/** True if the run stopped to ask: resuming it accepts other arithmetic, or more damaged images than the limit. */
export function isQuestion(fault: Fault | null): boolean {
  return fault?.code === 'other-arithmetic' || fault?.code === 'too-many-damaged';
}

/** Starts the next attempt of a run from its last checkpoint. */
export async function beginRun(
  { store, host, workspace }: BeginContext,
  run: StoredRun,
  all: ReadonlyMap<string, StoredRun>,
): Promise<void> {
  const attempts = await store.attempts(run.id);
  const attempt = Math.max(0, ...attempts.map((row) => row.attempt)) + 1;
  const subject =
    run.config.kind === 'evaluate' ? await resolveSubject(store, run.config.subject, all, workspace.weights) : null;
  const job = {
    kind: 'train' as const,
    run: run.id,
    attempt,
    runFolder: run.folder,
    cacheFolder: workspace.cache,
    datasetsFolder: workspace.datasets,
    config: run.config,
    from: run.safeStep,
    anyArithmetic: run.fault?.code === 'other-arithmetic',
    moreDamaged: run.fault?.code === 'too-many-damaged',
    subject,
  };
  await host.start(job, run.safeStep ?? 0);
}

/** Consecutive lost attempts after which a run is no longer restarted automatically. */
const automaticResumes = 3;

/** True if the last attempt made progress and the run was not lost too often. */
export function isWorthResuming(attempts: readonly AttemptRow[]): boolean {
  const last = attempts.at(-1);
  const progressed = last !== undefined && (last.lastStep ?? 0) > last.fromStep;
  const lost = attempts.length - 1 - attempts.findLastIndex((row) => row.ended !== 'lost');
  return progressed && lost <= automaticResumes;
}
