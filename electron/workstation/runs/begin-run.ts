/** Handing a queued run to a trainer, and judging whether a lost one is worth another attempt. */
import type { Fault } from '../../../trainer/protocol/fault.ts';
import type { AttemptRow } from '../../api/runs.ts';
import { resolveSubject } from '../drafts/evaluated-encoder.ts';
import type { Store, StoredRun } from '../store/store.ts';
import type { TrainerHost } from '../trainer/trainer-host.ts';
import type { Workspace } from '../workspace/workspace.ts';

interface BeginContext {
  readonly store: Store;
  readonly host: TrainerHost;
  readonly workspace: Pick<Workspace, 'cache' | 'weights'>;
}

/** Tells whether the run stopped because this machine computes other last bits than its checkpoint's, and waits to be resumed once more. */
export function asksAboutArithmetic(fault: Fault | null): boolean {
  return fault?.code === 'other-arithmetic';
}

/** Starts the next attempt of a run where its last checkpoint left it. */
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
    config: run.config,
    from: run.safeStep,
    anyArithmetic: asksAboutArithmetic(run.fault),
    subject,
  };
  await host.start(job, run.safeStep ?? 0);
}

/** Lost attempts in a row after which a run is no longer started by itself. */
const automaticResumes = 3;

/** Tells whether the last attempt came further and the run was not lost over and over. */
export function isWorthResuming(attempts: readonly AttemptRow[]): boolean {
  const last = attempts.at(-1);
  const progressed = last !== undefined && (last.lastStep ?? 0) > last.fromStep;
  const lost = attempts.length - 1 - attempts.findLastIndex((row) => row.ended !== 'lost');
  return progressed && lost <= automaticResumes;
}
