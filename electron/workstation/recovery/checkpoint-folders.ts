/** The checkpoint folders of a run, compared with their rows. */
import { createHash } from 'node:crypto';
import { lstat, readdir, readFile, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import * as v from 'valibot';
import { FaultError } from '../../../trainer/durable/fault-error.ts';
import { faultOf } from '../../../trainer/durable/fault-of.ts';
import { Manifest } from '../../../trainer/protocol/checkpoint.ts';
import type { CheckpointPart, CheckpointRow } from '../../api/runs.ts';
import type { Store } from '../store/store.ts';

const manifestLimit = 64 << 20;
/** A step, with a number if the step was saved more than once. */
export const checkpointName = /^\d{6,15}(?:-\d{1,6})?$/;

/** Removes what an interrupted save left behind: checkpoint folders, and small files not yet renamed. */
export async function removeTemporary(folder: string): Promise<void> {
  for (const place of [folder, join(folder, 'checkpoints')]) {
    for (const name of await readdir(place).catch(() => [])) {
      if (name.startsWith('.tmp-') || name.includes('.json.tmp-'))
        await rm(join(place, name), { recursive: true, force: true });
    }
  }
}

/**
 * Adds rows for folders without an event, and marks rows whose folder is gone. `thorough`: known folders are checked as
 * well.
 */
export async function compareCheckpoints(
  store: Store,
  run: string,
  folder: string,
  thorough: boolean,
  notes: string[],
): Promise<void> {
  const names = (await readdir(join(folder, 'checkpoints')).catch(() => [])).filter((name) =>
    checkpointName.test(name),
  );
  const rows = new Map((await store.checkpoints(run)).map((row) => [basename(row.folder), row]));
  for (const row of rows.values()) {
    const name = basename(row.folder);
    const isWhole = names.includes(name) && (!thorough || (await isCheckpoint(store, run, folder, name, row, notes)));
    if (isWhole !== row.present) await store.markCheckpoint(run, row.step, isWhole, row.folder);
  }
  for (const name of names) if (!rows.has(name)) await isCheckpoint(store, run, folder, name, null, notes);
}

/** True if the manifest parses and the sizes agree; the trainer checks the hashes on loading. Adds a missing row. */
async function isCheckpoint(
  store: Store,
  run: string,
  folder: string,
  name: string,
  row: CheckpointRow | null,
  notes: string[],
): Promise<boolean> {
  const found = await readManifest(join(folder, 'checkpoints', name)).catch((error: unknown) => {
    notes.push(`${run}: checkpoint ${name} is not whole (${faultOf(error).message}).`);
    return null;
  });
  if (found === null) return false;
  if (row === null) {
    const { attempt, step, epoch, tensorBytes: bytes } = found.manifest;
    const { at, sha256: manifestSha256 } = found;
    await store.adoptCheckpoint(run, {
      attempt,
      step,
      epoch,
      folder: `checkpoints/${name}`,
      bytes,
      at,
      manifestSha256,
    });
  }
  return true;
}

/** The parts of a checkpoint in its own order: encoder, optimizer, and the method's additional state. */
export async function partsOf(folder: string): Promise<readonly CheckpointPart[]> {
  const { manifest } = await readManifest(folder);
  const parts = new Map<string, CheckpointPart>();
  for (const { name, bytes } of manifest.tensors) {
    const [first, second] = name.split('/');
    const part = (first === 'learner' ? second : undefined) ?? first!;
    const before = parts.get(part);
    parts.set(part, { part, tensors: (before?.tensors ?? 0) + 1, bytes: (before?.bytes ?? 0) + bytes });
  }
  return [...parts.values()];
}

async function readManifest(
  folder: string,
): Promise<{ readonly manifest: Manifest; readonly sha256: string; readonly at: number }> {
  const path = join(folder, 'manifest.json');
  const found = await lstat(path);
  if (!found.isFile() || found.size > manifestLimit)
    throw new FaultError('corrupt-checkpoint', `${path} is not a manifest.`, { path });
  const text = await readFile(path, 'utf8');
  const manifest = v.parse(Manifest, JSON.parse(text));
  const tensors = await lstat(join(folder, 'tensors.bin'));
  if (!tensors.isFile() || tensors.size !== manifest.tensorBytes)
    throw new FaultError(
      'corrupt-checkpoint',
      `tensors.bin has ${tensors.size} bytes, the manifest says ${manifest.tensorBytes}`,
      { folder },
    );
  return { manifest, sha256: createHash('sha256').update(text).digest('hex'), at: Math.round(found.mtimeMs) };
}
