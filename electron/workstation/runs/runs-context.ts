/** Shared context of the files about runs, and steps used by several of them. */
import { FaultError } from '../../../trainer/durable/fault-error.ts';
import type { Catalogue } from '../../../trainer/protocol/catalogue.ts';
import type { Difference } from '../../api/comparison.ts';
import type { RunRow } from '../../api/runs.ts';
import type { Push } from '../request-types.ts';
import type { Store, StoredRun } from '../store/store.ts';
import type { TrainerHost } from '../trainer/trainer-host.ts';
import type { HeldWrites } from '../workspace/held-writes.ts';
import { saveRunCard, type Workspace } from '../workspace/workspace.ts';
import type { Queue } from './queue.ts';

export interface RunsContext {
  readonly workspace: Workspace;
  readonly store: Store;
  readonly host: TrainerHost;
  readonly held: HeldWrites;
  readonly queue: Queue;
  readonly catalogue: Catalogue;
  readonly push: Push;
  readonly now: () => number;
  readonly trash: (path: string) => Promise<void>;
  /** Changes of data or machine since the run was created. */
  readonly changesSince: (run: StoredRun) => Promise<readonly Difference[]>;
  /** Copies a run's folder into the workspace and creates its rows. */
  readonly importFolder: (folder: string) => Promise<string>;
  readonly complain: (line: string) => void;
}

const active = new Set<RunRow['status']>(['running', 'paused']);

/** True if a trainer has the run. */
export function isActive(run: Pick<StoredRun, 'status'>): boolean {
  return active.has(run.status);
}

export async function getRun(store: Pick<Store, 'run'>, id: string): Promise<StoredRun> {
  const run = await store.run(id);
  if (run !== null) return run;
  throw new FaultError('unknown-id', `There is no run "${id}".`, { run: id });
}

/** Changes the row, then the run card, then announces the change. */
export async function changeRun(
  { store, push }: Pick<RunsContext, 'store' | 'push'>,
  id: string,
  write: () => Promise<void>,
): Promise<void> {
  await getRun(store, id);
  await write();
  await saveRunCard(store, id);
  push('runsChanged', [id]);
}
