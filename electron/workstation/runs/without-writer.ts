/**
 * The run database of a workspace that no program has open to write. Whatever the rows say, nothing runs there: the last
 * program was killed, or a full disk refused the row that would have said that it stopped.
 */
import type { Store, StoredRun } from '../store/store.ts';
import { isActive } from './runs-context.ts';

const asItIs = (run: StoredRun): StoredRun => (isActive(run) ? { ...run, status: 'interrupted' } : run);

/** The same store, whose runs that were under way are interrupted, as the next program that writes will find them. */
export function withoutWriter(store: Store): Store {
  return {
    ...store,
    runs: async (status) =>
      (await store.runs()).map(asItIs).filter((run) => status === undefined || run.status === status),
    run: async (id) => {
      const run = await store.run(id);
      return run && asItIs(run);
    },
  };
}
