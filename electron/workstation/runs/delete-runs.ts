/** Deletes runs: they can be restored for a while, then move to the system's trash. */
import { FaultError } from '../../../trainer/durable/fault-error.ts';
import { folderExists } from '../../../trainer/durable/files.ts';
import type { RequestHandler } from '../request-types.ts';
import type { StoredRun } from '../store/store.ts';
import { getRun, isActive, type RunsContext } from './runs-context.ts';

export interface RunDeletion {
  readonly delete: RequestHandler<'deleteRun'>;
  readonly undoDelete: RequestHandler<'undoDelete'>;
  /** Moves the folders of deleted runs to the system's trash and forgets their rows. */
  readonly emptyTrash: () => Promise<void>;
}

/** Time in which a deleted run can be restored; then its folder moves to the system's trash. */
const undoMs = 10 * 60_000;

export function createRunDeletion(context: RunsContext): RunDeletion {
  const { store, host, queue, push, complain } = context;
  const undoTimers = new Map<string, NodeJS.Timeout>();

  function discardLater(run: StoredRun): void {
    const timer = setTimeout(() => {
      undoTimers.delete(run.id);
      discardFolder(context, run).catch((error: unknown) =>
        complain(`${run.id}: ${error instanceof Error ? error.message : String(error)}`),
      );
    }, undoMs);
    timer.unref();
    undoTimers.set(run.id, timer);
  }

  return {
    delete: async (id) => {
      const run = await getRun(store, id);
      if (isActive(run) || host.holder() === id)
        throw new FaultError('busy', `Run "${run.title}" is running; stop it before deleting it.`, { run: id });
      await queue.remove([id]);
      if (run.status === 'queued') await store.setStatus(id, 'stopped', null);
      await store.markDeleted(id, true);
      discardLater(run);
      push('runsChanged', [id]);
    },
    undoDelete: async (id) => {
      const run = await store.run(id);
      if (run === null)
        throw new FaultError(
          'not-available',
          `Run "${id}" is in the system's trash already: put its folder back from there, then import it.`,
          { run: id },
        );
      clearTimeout(undoTimers.get(id));
      undoTimers.delete(id);
      await store.markDeleted(id, false);
      push('runsChanged', [id]);
    },
    emptyTrash: async () => {
      for (const run of await store.runs()) {
        if (run.deleted) await discardFolder(context, run);
      }
    },
  };
}

async function discardFolder({ store, trash, push }: RunsContext, run: StoredRun): Promise<void> {
  const still = await store.run(run.id);
  if (still === null || !still.deleted) return;
  // Folder first: a crash in between leaves a row without a folder, which the next start removes.
  if (await folderExists(run.folder)) await trash(run.folder);
  await store.forget(run.id);
  push('runsChanged', [run.id]);
}
