/**
 * The workspace on disk: `HOME/{workspace.json, reprise.db, lock, runs, plans, datasets, weights, curves, cache,
 * reports, logs}`. Everything but the queue's order can be rebuilt from its files.
 */
import { mkdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { systemCode, writeError } from '../../../trainer/durable/disk-fault.ts';
import { createFolder, syncFolder } from '../../../trainer/durable/files.ts';
import { FaultError } from '../../../trainer/durable/fault-error.ts';
import { writeSealedJson } from '../../../trainer/durable/sealed-json.ts';
import { takeLock } from './lock.ts';
import { folderNames, readMarker, removeUnfinished, writeMarker, type ProgramVersion } from './marker.ts';
import { writeRunCard, type RunCard } from './run-card.ts';
import type { StoredCheckpoint, Store } from '../store/store.ts';

export interface Workspace {
  readonly home: string;
  readonly database: string;
  readonly runs: string;
  readonly plans: string;
  readonly datasets: string;
  readonly cache: string;
  readonly reports: string;
  /** Encoders trained by other programs, one folder each. */
  readonly weights: string;
  /** Reference curves, one folder each. */
  readonly curves: string;
  readonly logs: string;
  readonly write: boolean;
  /** The newest version that had written to it before; null: it is new, or of one that did not say so. */
  readonly program: string | null;
  /** What was damaged when it was opened, a sentence each. */
  readonly notes: readonly string[];
  /** Releases the lock. */
  readonly close: () => Promise<void>;
}

/** Readers take no lock and create nothing; a missing workspace reads as empty. */
export async function openWorkspace(
  home: string,
  options: { readonly write: boolean; readonly own?: ProgramVersion },
): Promise<Workspace> {
  const root = resolve(home);
  if (options.write) {
    await makeFolder(root);
    // Its own name, too. The folder above may be one that this user cannot open.
    await syncFolder(dirname(root)).catch(() => undefined);
  }
  const marker = await readMarker(root, options.own);
  const release = options.write ? await takeLock(root) : null;
  try {
    if (options.write) {
      if (marker.kind !== 'ours') await writeMarker(root, marker);
      for (const name of folderNames) await makeFolder(join(root, name));
      await syncFolder(root);
      await removeUnfinished(root);
    }
  } catch (error) {
    await release?.();
    throw writeError(error, root);
  }
  const folders = Object.fromEntries(folderNames.map((name) => [name, join(root, name)])) as Record<
    (typeof folderNames)[number],
    string
  >;
  return {
    home: root,
    database: join(root, 'reprise.db'),
    ...folders,
    write: options.write,
    program: marker.kind === 'ours' ? marker.program : null,
    notes: marker.kind === 'damaged' ? [marker.problem] : [],
    close: async () => release?.(),
  };
}

async function makeFolder(path: string): Promise<void> {
  await mkdir(path, { recursive: true }).catch((error: unknown) => {
    if (systemCode(error) !== 'EEXIST') throw writeError(error, path);
    throw new FaultError('wrong-folder', `${path} is not a folder, as it must be in a workspace. Move it away.`, {
      path,
    });
  });
}

/**
 * The folder with its files first, under a name that the sweep removes, then its own name, then the row: a crash between
 * the last two leaves a folder that the next start adopts.
 */
export async function createRun(
  workspace: Workspace,
  store: Store,
  run: Omit<Parameters<Store['insertRun']>[0], 'folder'>,
): Promise<string> {
  const folder = join(workspace.runs, run.id);
  const unfinished = join(workspace.runs, `.tmp-${run.id}`);
  const { id, config, createdAt, plan, planKey, status } = run;
  try {
    await rm(unfinished, { recursive: true, force: true });
    await createFolder(unfinished);
    await writeSealedJson(join(unfinished, 'config.json'), config);
    await writeRunCard(unfinished, {
      version: 1,
      id,
      createdAt,
      plan,
      planKey,
      status,
      title: config.title,
      note: '',
      archived: false,
      tags: [],
      fault: null,
      newestCheckpoint: null,
      eventBytes: 0,
      attempts: [],
    });
    await rename(unfinished, folder);
    await syncFolder(workspace.runs);
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true }).catch(() => undefined);
    throw writeError(error, folder);
  }
  await store.insertRun({ ...run, folder });
  return folder;
}

/** Writes the workstation's own knowledge of a run next to its files, so that the database can be rebuilt from them. */
export async function saveRunCard(store: Store, run: string): Promise<void> {
  const [row, attempts, open, checkpoints] = await Promise.all([
    store.run(run),
    store.attempts(run),
    store.openAttempts(),
    store.checkpoints(run),
  ]);
  if (row === null) throw new FaultError('unknown-id', `There is no run "${run}".`, { run });
  const card: RunCard = {
    version: 1,
    id: row.id,
    createdAt: row.createdAt,
    plan: row.plan,
    planKey: row.planKey,
    status: row.status,
    title: row.title,
    note: row.note,
    archived: row.archived,
    tags: [...row.tags],
    fault: row.fault,
    eventBytes: await sizeOf(join(row.folder, 'events.ndjson')),
    newestCheckpoint: checkpointOf(checkpoints.findLast(({ step }) => step === row.savedStep)),
    attempts: attempts.map(({ attempt, fromStep, startedAt, lastSeenAt, ended, fault }) => {
      const process = open.find((one) => one.run === run && one.attempt === attempt);
      return {
        attempt,
        fromStep,
        startedAt,
        lastSeenAt,
        ended,
        fault,
        pid: process?.pid ?? 0,
        pidStartedAt: process?.pidStartedAt ?? 0,
      };
    }),
  };
  await writeRunCard(row.folder, card);
}

/** 0 if there is none. */
async function sizeOf(path: string): Promise<number> {
  const found = await stat(path).catch(() => null);
  return found?.isFile() === true ? found.size : 0;
}

function checkpointOf(row: StoredCheckpoint | undefined): RunCard['newestCheckpoint'] {
  if (row === undefined) return null;
  const { reason: _reason, present: _present, ...checkpoint } = row;
  return checkpoint;
}
