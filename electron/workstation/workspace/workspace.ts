/**
 * The workspace on disk: `HOME/{workspace.json, reprise.db, lock, runs, plans, datasets, weights, cache, reports,
 * logs}`. Everything but the queue's order can be rebuilt from its files.
 */
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import * as v from 'valibot';
import { createFolder, readJson, writeJson } from '../../../trainer/durable/files.ts';
import { FaultError } from '../../../trainer/durable/fault-error.ts';
import { Inspection } from '../../../trainer/protocol/dataset.ts';
import { Plan } from '../../../trainer/protocol/plan.ts';
import { takeLock } from './lock.ts';
import { writeRunCard, type RunCard } from './run-card.ts';
import type { StoredCheckpoint, StoredDataset, StoredPlan, Store } from '../store/store.ts';

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
  readonly logs: string;
  readonly write: boolean;
  /** Releases the lock. */
  readonly close: () => Promise<void>;
}

const folderNames = ['runs', 'plans', 'datasets', 'weights', 'cache', 'reports', 'logs'] as const;
const formatVersion = 1;
const smallFileLimit = 16 << 20;

const Marker = v.object({ version: v.number(), createdAt: v.number() });

/** Readers take no lock and create nothing; a missing workspace reads as empty. */
export async function openWorkspace(home: string, options: { readonly write: boolean }): Promise<Workspace> {
  const root = resolve(home);
  if (options.write) await mkdir(root, { recursive: true });
  const isMarked = await checkMarker(root);
  const release = options.write ? await takeLock(root) : null;
  try {
    if (options.write) {
      if (!isMarked) await writeJson(join(root, 'workspace.json'), { version: formatVersion, createdAt: Date.now() });
      for (const name of folderNames) await mkdir(join(root, name), { recursive: true });
    }
  } catch (error) {
    await release?.();
    throw error;
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
    close: async () => release?.(),
  };
}

/** True if the folder is marked as a workspace; rejects a newer version, and a folder with other contents. */
async function checkMarker(home: string): Promise<boolean> {
  const marker = await readJson(join(home, 'workspace.json'), smallFileLimit);
  if (marker === null) {
    const names = await readdir(home).catch(() => []);
    const foreign = names.find(
      (name) => !name.startsWith('.') && !/^(lock|reprise)/.test(name) && !folderNames.includes(name as never),
    );
    if (foreign === undefined) return false;
    throw new FaultError(
      'wrong-folder',
      `${home} is not a Reprise workspace and holds other things ("${foreign}"). Choose an empty folder.`,
      { home, found: foreign },
      { retry: 'choose-folder' },
    );
  }
  const parsed = v.safeParse(Marker, marker);
  if (!parsed.success)
    throw new FaultError('wrong-folder', `${join(home, 'workspace.json')} was not written by Reprise.`, { home });
  if (parsed.output.version > formatVersion)
    throw new FaultError(
      'newer-version',
      `The workspace ${home} was made by a newer version of Reprise (format ${parsed.output.version}, this version knows ${formatVersion}). Update Reprise, or choose another workspace. Nothing was changed.`,
      { home, theirs: parsed.output.version, ours: formatVersion },
    );
  return true;
}

/** The folder with config.json first, then the row: a crash between leaves a folder that the next start adopts. */
export async function createRun(
  workspace: Workspace,
  store: Store,
  run: Omit<Parameters<Store['insertRun']>[0], 'folder'>,
): Promise<string> {
  const folder = join(workspace.runs, run.id);
  await createFolder(folder);
  const { id, config, createdAt, plan, planKey, status } = run;
  await writeJson(join(folder, 'config.json'), config);
  await writeRunCard(folder, {
    version: 1,
    id,
    createdAt,
    plan,
    planKey,
    status,
    title: config.title,
    note: '',
    archived: false,
    fault: null,
    newestCheckpoint: null,
    attempts: [],
  });
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
    fault: row.fault,
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

function checkpointOf(row: StoredCheckpoint | undefined): RunCard['newestCheckpoint'] {
  if (row === undefined) return null;
  const { reason: _reason, present: _present, ...checkpoint } = row;
  return checkpoint;
}

const DatasetFile = v.strictObject({
  fingerprint: v.string(),
  name: v.string(),
  path: v.string(),
  inspection: Inspection,
  signature: v.string(),
  inspectedAt: v.number(),
  builtIn: v.boolean(),
});
const PlanFile = v.strictObject({ id: v.string(), plan: v.string(), startedAt: v.number(), paused: v.boolean() });

/** A fingerprint is a hash, but comes from a file: it must not lead out of the folder. */
const fileName = (id: string): string => `${id.replaceAll(/[^A-Za-z0-9_-]/g, '_')}.json`;

/** Writes the file first, then the row. */
export async function saveDataset(workspace: Workspace, store: Store, dataset: StoredDataset): Promise<void> {
  await writeJson(join(workspace.datasets, fileName(dataset.fingerprint)), dataset);
  await store.saveDataset(dataset);
}

export async function forgetDataset(workspace: Workspace, store: Store, fingerprint: string): Promise<void> {
  await rm(join(workspace.datasets, fileName(fingerprint)), { force: true });
  await store.forgetDataset(fingerprint);
}

/** Saves the plan as it was when started. */
export async function savePlan(workspace: Workspace, store: Store, plan: StoredPlan): Promise<void> {
  v.parse(Plan, JSON.parse(plan.plan));
  await writeJson(join(workspace.plans, fileName(plan.id)), plan);
  await store.savePlan(plan);
}

/** Deletes the row and the file; its runs stay. */
export async function forgetPlan(workspace: Workspace, store: Store, id: string): Promise<void> {
  await rm(join(workspace.plans, fileName(id)), { force: true });
  await store.forgetPlan(id);
}

/** Adds rows for every inspection and started plan with a file but no row. Returns the unreadable files. */
export async function adoptWorkspaceFiles(workspace: Workspace, store: Store): Promise<readonly string[]> {
  const unreadable: string[] = [];
  const known = new Set((await store.datasets()).map((dataset) => dataset.fingerprint));
  const started = new Set((await store.plans()).map((plan) => plan.id));
  await forEachFile(workspace.datasets, DatasetFile, unreadable, async (dataset) => {
    if (!known.has(dataset.fingerprint)) await store.saveDataset(dataset);
  });
  await forEachFile(workspace.plans, PlanFile, unreadable, async (plan) => {
    if (!started.has(plan.id)) await store.savePlan(plan);
  });
  return unreadable;
}

async function forEachFile<S extends v.GenericSchema>(
  folder: string,
  schema: S,
  unreadable: string[],
  use: (value: v.InferOutput<S>) => Promise<void>,
): Promise<void> {
  for (const name of (await readdir(folder)).filter((entry) => entry.endsWith('.json')).sort()) {
    const path = join(folder, name);
    const parsed = v.safeParse(
      schema,
      await readJson(path, smallFileLimit).catch((error: unknown) => {
        unreadable.push(error instanceof Error ? error.message : String(error));
        return undefined;
      }),
    );
    if (parsed.success) await use(parsed.output);
    else if (unreadable.every((line) => !line.includes(path))) unreadable.push(`${path}: ${parsed.issues[0].message}`);
  }
}
