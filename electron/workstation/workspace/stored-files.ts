/** Data sets and started plans as files of the workspace, from which their rows can be made again. */
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import { faultOf } from '../../../trainer/durable/fault-of.ts';
import { readSealedAs, writeSealedJson } from '../../../trainer/durable/sealed-json.ts';
import { Inspection } from '../../../trainer/protocol/dataset.ts';
import { Integer } from '../../../trainer/protocol/numbers.ts';
import { Plan } from '../../../trainer/protocol/plan.ts';
import type { StoredDataset, StoredPlan, Store } from '../store/store.ts';
import { adoptCurves } from './stored-curves.ts';
import type { Workspace } from './workspace.ts';

const limit = 16 << 20;

const DatasetFile = v.strictObject({
  fingerprint: v.string(),
  name: v.string(),
  path: v.string(),
  inspection: Inspection,
  signature: v.string(),
  inspectedAt: Integer,
  builtIn: v.boolean(),
});
const PlanFile = v.strictObject({
  id: v.string(),
  plan: v.pipe(
    v.string(),
    v.check((text) => isPlan(text), 'The plan in it is not valid.'),
  ),
  startedAt: Integer,
  paused: v.boolean(),
});

function isPlan(text: string): boolean {
  try {
    return v.is(Plan, JSON.parse(text));
  } catch {
    return false;
  }
}

/** Of a record, and not of what lies beside it (`<fingerprint>.excluded.json`). */
const recordName = /^[A-Za-z0-9_-]+\.json$/;
/** A fingerprint is a hash, but comes from a file: it must not lead out of the folder. */
const fileName = (id: string): string => `${id.replaceAll(/[^A-Za-z0-9_-]/g, '_')}.json`;

/** Writes the file first, then the row. */
export async function saveDataset(workspace: Workspace, store: Store, dataset: StoredDataset): Promise<void> {
  await writeSealedJson(join(workspace.datasets, fileName(dataset.fingerprint)), dataset);
  await store.saveDataset(dataset);
}

export async function forgetDataset(workspace: Workspace, store: Store, fingerprint: string): Promise<void> {
  await rm(join(workspace.datasets, fileName(fingerprint)), { force: true });
  await store.forgetDataset(fingerprint);
}

/** Saves the plan as it was when started. */
export async function savePlan(workspace: Workspace, store: Store, plan: StoredPlan): Promise<void> {
  v.parse(Plan, JSON.parse(plan.plan));
  await writeSealedJson(join(workspace.plans, fileName(plan.id)), plan);
  await store.savePlan(plan);
}

/** Deletes the row and the file; its runs stay. */
export async function forgetPlan(workspace: Workspace, store: Store, id: string): Promise<void> {
  await rm(join(workspace.plans, fileName(id)), { force: true });
  await store.forgetPlan(id);
}

/** Adds rows for every inspection, started plan and reference curve with a file but no row. Returns the unreadable files. */
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
  return [...unreadable, ...(await adoptCurves(workspace, store))];
}

async function forEachFile<S extends v.GenericSchema>(
  folder: string,
  schema: S,
  unreadable: string[],
  use: (value: v.InferOutput<S>) => Promise<void>,
): Promise<void> {
  for (const name of (await readdir(folder)).filter((entry) => recordName.test(entry)).sort()) {
    const read = await readSealedAs(join(folder, name), limit, schema).catch((error: unknown) => {
      unreadable.push(faultOf(error).message);
      return null;
    });
    if (read !== null) await use(read);
  }
}
