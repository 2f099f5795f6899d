/** Runs as the window and the terminal handle them: made, listed, stopped, resumed, named, deleted and brought back. */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { FaultError } from '../../../trainer/durable/fault-error.ts';
import { folderExists } from '../../../trainer/durable/files.ts';
import { faultOf } from '../../../trainer/durable/fault-of.ts';
import type { Catalogue } from '../../../trainer/protocol/catalogue.ts';
import { signs } from '../../../trainer/protocol/health.ts';
import type { RunConfig } from '../../../trainer/protocol/run.ts';
import type { Reason } from '../../api/comparison.ts';
import type { Interrupted, RunDetail, RunRow } from '../../api/runs.ts';
import type { RequestHandler, Push } from '../request-types.ts';
import { completeConfig } from '../drafts/check-config.ts';
import { partsOf } from '../recovery/checkpoint-folders.ts';
import { createFolderSizes } from './folder-size.ts';
import type { Queue } from './queue.ts';
import { causeOf } from '../recovery/sweep.ts';
import type { Store, StoredRun } from '../store/store.ts';
import type { TrainerHost } from '../trainer/trainer-host.ts';
import { createRun, saveRunCard, type Workspace } from '../workspace/workspace.ts';

export interface Runs {
  readonly create: RequestHandler<'createRun'>;
  readonly rows: RequestHandler<'runs'>;
  readonly detail: RequestHandler<'run'>;
  readonly metric: RequestHandler<'metric'>;
  readonly log: RequestHandler<'log'>;
  readonly pause: RequestHandler<'pauseRun'>;
  readonly continue: RequestHandler<'continueRun'>;
  readonly stop: RequestHandler<'stopRun'>;
  readonly resume: RequestHandler<'resumeRun'>;
  readonly checkpointNow: RequestHandler<'checkpointNow'>;
  readonly discard: RequestHandler<'discardRun'>;
  readonly rename: RequestHandler<'renameRun'>;
  readonly note: RequestHandler<'noteRun'>;
  readonly archive: RequestHandler<'archiveRun'>;
  readonly delete: RequestHandler<'deleteRun'>;
  readonly undoDelete: RequestHandler<'undoDelete'>;
  readonly moveInQueue: RequestHandler<'moveInQueue'>;
  readonly import: RequestHandler<'importRun'>;
  readonly interrupted: RequestHandler<'interrupted'>;
  readonly progress: RequestHandler<'progress'>;
  /** Makes a run without queueing it; plans add theirs together. */
  readonly make: (
    config: RunConfig,
    place: { readonly plan: string; readonly planKey: string } | null,
  ) => Promise<string>;
  /** Moves the folders of deleted runs to the system's trash and forgets their rows. */
  readonly emptyTrash: () => Promise<void>;
}

export interface RunsOptions {
  readonly workspace: Workspace;
  readonly store: Store;
  readonly host: TrainerHost;
  readonly queue: Queue;
  readonly catalogue: Catalogue;
  readonly push: Push;
  readonly now: () => number;
  readonly trash: (path: string) => Promise<void>;
  /** Data or machine that is not what it was when the run was made. */
  readonly changesSince: (run: StoredRun) => Promise<readonly Reason[]>;
  /** Copies a run's folder into the workspace and makes its rows. */
  readonly importFolder: (folder: string) => Promise<string>;
  readonly complain: (line: string) => void;
}

/** How long a deleted run can be brought back before its folder goes to the system's trash. */
const undoMs = 10 * 60_000;
const activeSizeMs = 5_000;
const restingSizeMs = 60_000;
const active = new Set<RunRow['status']>(['running', 'paused']);

export function createRuns(options: RunsOptions): Runs {
  const { workspace, store, host, queue, push, now } = options;
  const sizes = createFolderSizes(now);
  const undoTimers = new Map<string, NodeJS.Timeout>();
  /** Of each run its last checkpoint: a folder never changes, and a page asks again at every change of the run. */
  const held = new Map<string, { readonly folder: string; readonly parts: RunDetail['holds'] }>();

  async function holds(id: string, folder: string): Promise<RunDetail['holds']> {
    const known = held.get(id);
    if (known?.folder === folder) return known.parts;
    // One that does not read is named by the sweep, and when a run goes on from it.
    const parts = await partsOf(folder).catch(() => null);
    if (parts !== null) held.set(id, { folder, parts });
    return parts ?? [];
  }

  async function get(id: string): Promise<StoredRun> {
    const run = await store.run(id);
    if (run !== null) return run;
    throw new FaultError('unknown-id', `There is no run "${id}".`, { run: id });
  }

  async function rowOf(run: StoredRun, waits: ReadonlyMap<string, RunRow['waitsFor']>): Promise<RunRow> {
    const { config: _config, folder, deleted: _deleted, ...shown } = run;
    const diskBytes = await sizes.of(folder, active.has(run.status) ? activeSizeMs : restingSizeMs, run.endedAt ?? 0);
    return { ...shown, waitsFor: waits.get(run.id) ?? null, diskBytes };
  }

  async function make(
    config: RunConfig,
    place: { readonly plan: string; readonly planKey: string } | null,
  ): Promise<string> {
    const complete = completeConfig(config, options.catalogue);
    const id = newRunId(new Date(now()));
    const { plan, planKey } = place ?? { plan: null, planKey: null };
    await createRun(workspace, store, { id, config: complete, createdAt: now(), plan, planKey, status: 'queued' });
    return id;
  }

  /** A change of the row, then of the file beside it, then news of it. */
  async function change(id: string, write: () => Promise<void>): Promise<void> {
    await get(id);
    await write();
    await saveRunCard(store, id);
    push('runsChanged', [id]);
  }

  async function emptyTrash(): Promise<void> {
    for (const run of await store.runs()) {
      if (run.deleted) await discardFolder(run);
    }
  }
  async function discardFolder(run: StoredRun): Promise<void> {
    const still = await store.run(run.id);
    if (still === null || !still.deleted) return;
    // Folder first: a crash between leaves a row without a folder, which the next start clears away.
    if (await folderExists(run.folder)) await options.trash(run.folder);
    await store.forget(run.id);
    push('runsChanged', [run.id]);
  }

  return {
    make,
    emptyTrash,
    create: async (config) => {
      const id = await make(config, null);
      await queue.add([id], 'back');
      return id;
    },
    rows: async () => {
      const all = await store.runs();
      const waits = queue.waits(all);
      return Promise.all(all.filter((run) => !run.deleted).map((run) => rowOf(run, waits)));
    },
    detail: async (id) => {
      const run = await get(id);
      // Only what waits is held against the others, of which there may be a thousand.
      const others = run.status === 'queued' ? await store.runs() : [];
      const [row, attempts, checkpoints, results, metrics, hello, marks] = await Promise.all([
        rowOf(run, queue.waits(others)),
        store.attempts(id),
        store.checkpoints(id),
        store.results([id]),
        store.metricNames(id),
        store.hello(id),
        store.marks(id),
      ]);
      const { config, folder } = run;
      // The trainer prunes old folders by itself; the sweep marks them, and until then the disk is asked.
      const onDisk = await Promise.all(
        checkpoints.map(async (one) => ({
          ...one,
          present: one.present && (await folderExists(join(folder, one.folder))),
        })),
      );
      const last = onDisk.findLast(({ present }) => present);
      return {
        row,
        config,
        folder,
        attempts,
        checkpoints: onDisk,
        holds: last === undefined ? [] : await holds(id, join(folder, last.folder)),
        results: results.map(({ result }) => result),
        metrics,
        signs: signs.filter(({ metric }) => metrics.includes(metric)),
        hello,
        marks,
      };
    },
    metric: (id, name, points) => store.series(id, name, points),
    log: (id, lines) => store.log(id, lines),
    progress: () => host.progress(),

    pause: (id, when) => host.session(id).tell({ type: 'pause', when }),
    continue: (id) => host.session(id).tell({ type: 'resume' }),
    checkpointNow: (id) => host.session(id).tell({ type: 'checkpointNow' }),
    stop: async (id, how) => {
      const running = await host.sessionWhenOpen(id);
      // Out of the queue first: after that turn the run is either with the trainer or will not get there.
      if (running === null) await queue.remove(id);
      const session = running ?? host.sessionOrNull(id);
      if (session !== null) {
        // Not awaited: a safe stop takes as long as the step and the save; the row tells when it is done.
        void session.stop(how).catch((error: unknown) => options.complain(faultOf(error).message));
        return;
      }
      const run = await get(id);
      if (run.status !== 'queued')
        throw new FaultError('not-available', `Run "${run.title}" is not running (${run.status}).`, { run: id });
      await change(id, () => store.setStatus(id, 'stopped', null));
    },
    resume: async (id) => {
      const run = await get(id);
      if (run.deleted || active.has(run.status) || run.status === 'queued' || run.status === 'done')
        throw new FaultError(
          'not-available',
          `Run "${run.title}" cannot be resumed: it is ${run.deleted ? 'deleted' : run.status}.`,
          { run: id },
        );
      await queue.add([id], 'front');
    },
    discard: async (id) => {
      const run = await get(id);
      if (active.has(run.status))
        throw new FaultError('not-available', `Run "${run.title}" is running; stop it first.`, { run: id });
      await queue.remove(id);
      await change(id, () => store.setStatus(id, 'stopped', run.fault));
    },
    moveInQueue: (id, position) => queue.move(id, position),

    rename: (id, title) => change(id, () => store.rename(id, title)),
    note: (id, note) => change(id, () => store.note(id, note)),
    archive: (id, archived) => change(id, () => store.archive(id, archived)),
    delete: async (id) => {
      const run = await get(id);
      if (active.has(run.status) || host.holder() === id)
        throw new FaultError('busy', `Run "${run.title}" is running; stop it before deleting it.`, { run: id });
      await queue.remove(id);
      if (run.status === 'queued') await store.setStatus(id, 'stopped', null);
      await store.markDeleted(id, true);
      const timer = setTimeout(() => {
        undoTimers.delete(id);
        discardFolder(run).catch((error: unknown) =>
          options.complain(`${id}: ${error instanceof Error ? error.message : String(error)}`),
        );
      }, undoMs);
      timer.unref();
      undoTimers.set(id, timer);
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
    import: async (folder) => {
      const id = await options.importFolder(folder);
      push('runsChanged', [id]);
      return id;
    },
    interrupted: async () => {
      const cut = (await store.runs()).filter((run) => run.status === 'interrupted' && !run.deleted);
      return Promise.all(
        cut.map(async (run): Promise<Interrupted> => {
          const { id, title, step, safeStep, fault } = run;
          const changes = await options.changesSince(run);
          return { run: id, title, step, safeStep, cause: causeOf(fault), fault, changes };
        }),
      );
    },
  };
}

/** Sorts by time, says when it was made, and does not clash with one made in the same second elsewhere. */
export function newRunId(at: Date): string {
  const stamp = at.toISOString().replaceAll(/[-:]/g, '').replace('T', '-').slice(0, 15);
  return `${stamp}-${randomBytes(3).toString('hex')}`;
}
