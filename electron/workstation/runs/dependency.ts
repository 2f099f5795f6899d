/** Reasons for a queued run to wait: its plan, the run it evaluates, or the device. */
import type { RunConfig } from '../../../trainer/protocol/run.ts';
import type { RunRow } from '../../api/runs.ts';
import type { Store, StoredRun } from '../store/store.ts';

type Dependency =
  | { readonly kind: 'none' }
  | { readonly kind: 'ready' }
  | { readonly kind: 'wait'; readonly run: string }
  | { readonly kind: 'missing'; readonly what: string };

/** Such runs may still come to a later step: an interrupted one is resumed or discarded. */
const open = new Set<StoredRun['status']>(['queued', 'running', 'paused', 'interrupted']);

/** Finds the run to evaluate: the last checkpoint requires a finished run, a numbered one only has to exist. */
export function dependencyOf(config: RunConfig, all: ReadonlyMap<string, StoredRun>): Dependency {
  if (config.kind !== 'evaluate' || config.subject.kind !== 'run') return { kind: 'none' };
  const { run: id, checkpoint } = config.subject;
  const subject = all.get(id);
  if (subject === undefined || subject.deleted) return { kind: 'missing', what: `run "${id}"` };
  if (checkpoint === 'last') return subject.status === 'done' ? { kind: 'ready' } : { kind: 'wait', run: id };
  if (subject.safeStep !== null && subject.safeStep >= checkpoint) return { kind: 'ready' };
  return open.has(subject.status)
    ? { kind: 'wait', run: id }
    : { kind: 'missing', what: `step ${checkpoint} of run "${id}"` };
}

/** Plans whose queued runs are passed over until they are continued. */
export async function pausedPlans(store: Store): Promise<ReadonlySet<string>> {
  return new Set((await store.plans()).filter((plan) => plan.paused).map((plan) => plan.id));
}

/** Reason for each queued run to wait; null for the next one. @param holder run or job on the device */
export function waitsOf(
  runs: readonly StoredRun[],
  holder: string | null,
  paused: ReadonlySet<string>,
): ReadonlyMap<string, RunRow['waitsFor']> {
  const all = new Map(runs.map((run) => [run.id, run]));
  const waitOf = (run: StoredRun): RunRow['waitsFor'] => {
    if (run.plan !== null && paused.has(run.plan)) return { kind: 'plan' };
    const dependency = dependencyOf(run.config, all);
    if (dependency.kind === 'wait') return { kind: 'run', run: dependency.run };
    return holder === null ? null : { kind: 'device', run: holder };
  };
  return new Map(runs.filter((run) => run.status === 'queued').map((run) => [run.id, waitOf(run)]));
}
