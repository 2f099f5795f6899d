/** Data that has changed since a run was created, reported before it resumes. */
import { stat } from 'node:fs/promises';
import type { DataSource } from '../../../trainer/protocol/run.ts';
import type { Reason } from '../../api/comparison.ts';
import type { Datasets } from './datasets.ts';
import { sourcesOf } from '../../../trainer/protocol/sources.ts';
import type { Store, StoredRun } from '../store/store.ts';

export async function changesSince(run: StoredRun, store: Store, datasets: Datasets): Promise<readonly Reason[]> {
  const folders = new Map(sourcesOf(run.config).map((source) => [source.path, source]));
  const rows = await store.datasets();
  const reasons = await Promise.all(
    [...folders.values()].map(async (source): Promise<readonly Reason[]> => {
      const state = await stateOf(source, rows, datasets);
      if (state === 'ready') return [];
      return [{ field: 'dataset', theirs: source.path, ours: state, kind: 'breaks' }];
    }),
  );
  return reasons.flat();
}

async function stateOf(
  source: DataSource,
  rows: Awaited<ReturnType<Store['datasets']>>,
  datasets: Datasets,
): Promise<'ready' | 'missing' | 'changed'> {
  // A folder listed first and checked later has two rows; the run belongs to one of them.
  const here = rows.filter((row) => row.path === source.path);
  const known = here.find((row) => row.fingerprint === source.fingerprint) ?? here[0];
  if (known !== undefined) {
    // Inspected again since: different contents have a different fingerprint.
    if (source.fingerprint !== undefined && known.fingerprint !== source.fingerprint) return 'changed';
    return datasets.stateOf(known);
  }
  return stat(source.path).then(
    () => 'ready',
    () => 'missing',
  );
}
