/**
 * Reference curves as files of the workspace: `curves/<id>/{record.json, points.json}`, from which their rows can be made again.
 * The points are written once; the record is small, and written again where a person names or maps them.
 */
import { randomBytes } from 'node:crypto';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { writeError } from '../../../trainer/durable/disk-fault.ts';
import { FaultError } from '../../../trainer/durable/fault-error.ts';
import { faultOf } from '../../../trainer/durable/fault-of.ts';
import { folderExists, syncFolder, writeAtomically } from '../../../trainer/durable/files.ts';
import { readSealedAs, sealedJson, writeSealedJson } from '../../../trainer/durable/sealed-json.ts';
import { ReferencePoints, ReferenceRecord } from '../../../trainer/protocol/reference-curves.ts';
import type { Store } from '../store/store.ts';
import type { Workspace } from './workspace.ts';

const recordLimit = 16 << 20;
/** A million points of two numbers. */
const pointsLimit = 128 << 20;
const removedPrefix = '.removed-';

type Where = Pick<Workspace, 'curves'>;

/** The folder with its files first, under a name that the next start removes, then its own name, then the rows. */
export async function saveCurves(
  workspace: Where,
  store: Pick<Store, 'saveReferenceCurves'>,
  record: ReferenceRecord,
  points: ReferencePoints['curves'],
): Promise<void> {
  const folder = join(workspace.curves, record.id);
  const unfinished = join(workspace.curves, `.tmp-${randomBytes(6).toString('hex')}`);
  try {
    await mkdir(unfinished);
    await writeAtomically(join(unfinished, 'points.json'), [sealedJson({ version: 1, curves: points }, 1)]);
    await writeSealedJson(join(unfinished, 'record.json'), record);
    await rename(unfinished, folder);
    await syncFolder(workspace.curves);
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true }).catch(() => undefined);
    throw writeError(error, folder);
  }
  await store.saveReferenceCurves(record, points);
}

export async function describeCurves(
  workspace: Where,
  store: Pick<Store, 'describeReferenceCurves'>,
  record: ReferenceRecord,
): Promise<void> {
  await writeSealedJson(join(workspace.curves, record.id, 'record.json'), record);
  await store.describeReferenceCurves(record);
}

/** They can be taken back until the workspace is opened again. */
export async function removeCurves(
  workspace: Where,
  store: Pick<Store, 'forgetReferenceCurves'>,
  id: string,
): Promise<void> {
  const removed = join(workspace.curves, removedPrefix + id);
  if (await folderExists(join(workspace.curves, id))) {
    await rm(removed, { recursive: true, force: true });
    await rename(join(workspace.curves, id), removed);
  }
  await store.forgetReferenceCurves(id);
}

export async function restoreCurves(
  workspace: Where,
  store: Pick<Store, 'saveReferenceCurves'>,
  id: string,
): Promise<void> {
  const removed = join(workspace.curves, removedPrefix + id);
  if (!(await folderExists(removed)))
    throw new FaultError('unknown-id', `No reference curves "${id}" were removed here.`, { id });
  await rename(removed, join(workspace.curves, id));
  await adopt(workspace, store, id);
}

/** Adds rows for curves with files but no row. Returns what cannot be read, a sentence each. */
export async function adoptCurves(
  workspace: Where,
  store: Pick<Store, 'referenceCurves' | 'saveReferenceCurves' | 'forgetReferenceCurves'>,
): Promise<readonly string[]> {
  const names = (await readdir(workspace.curves)).filter((name) => !name.startsWith('.')).sort();
  const known = new Set((await store.referenceCurves()).map(({ id }) => id));
  const unreadable: string[] = [];
  for (const name of names) {
    if (known.has(name)) continue;
    await adopt(workspace, store, name).catch((error: unknown) => unreadable.push(faultOf(error).message));
  }
  for (const id of known) if (!names.includes(id)) await store.forgetReferenceCurves(id);
  return unreadable;
}

async function adopt(workspace: Where, store: Pick<Store, 'saveReferenceCurves'>, id: string): Promise<void> {
  const { record, points } = await readStoredCurves(workspace, id);
  await store.saveReferenceCurves(record, points);
}

/** @throws FaultError `unreadable-file` if a file is missing or damaged */
export async function readStoredCurves(
  workspace: Where,
  id: string,
): Promise<{ readonly record: ReferenceRecord; readonly points: ReferencePoints['curves'] }> {
  const folder = join(workspace.curves, id);
  const record = await readSealedAs(join(folder, 'record.json'), recordLimit, ReferenceRecord);
  const points = await readSealedAs(join(folder, 'points.json'), pointsLimit, ReferencePoints);
  if (record === null || points === null)
    throw new FaultError('unreadable-file', `${folder} lacks its record or its points: import the curves again.`, {
      path: folder,
    });
  if (record.id !== id || record.curves.length !== points.curves.length)
    throw new FaultError('unreadable-file', `${folder} holds curves of another record: import the curves again.`, {
      path: folder,
    });
  return { record, points: points.curves };
}
