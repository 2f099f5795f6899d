/** The checkpoint folders of a run, compared with their rows. */
import { readdir, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { parseCheckpointName, readManifest } from '../../../trainer/durable/checkpoint-manifest.ts';
import { faultOf } from '../../../trainer/durable/fault-of.ts';
import type { CheckpointPart } from '../../api/runs.ts';
import type { Store, StoredCheckpoint } from '../store/store.ts';

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
  problems: string[],
): Promise<void> {
  const names = (await readdir(join(folder, 'checkpoints')).catch(() => [])).filter(
    (name) => parseCheckpointName(name) !== null,
  );
  const rows = new Map((await store.checkpoints(run)).map((row) => [basename(row.folder), row]));
  for (const row of rows.values()) {
    const name = basename(row.folder);
    const isWhole =
      names.includes(name) && (!thorough || (await isCheckpoint(store, run, folder, name, row, problems)));
    if (isWhole !== row.present) await store.markCheckpoint(run, row.step, isWhole, row.folder);
  }
  for (const name of names) if (!rows.has(name)) await isCheckpoint(store, run, folder, name, null, problems);
}

/** True if the manifest is whole and the sizes agree; the trainer checks the hashes on loading. Adds a missing row. */
async function isCheckpoint(
  store: Store,
  run: string,
  folder: string,
  name: string,
  row: StoredCheckpoint | null,
  problems: string[],
): Promise<boolean> {
  const found = await readManifest(join(folder, 'checkpoints', name)).catch((error: unknown) => {
    problems.push(`checkpoint ${name} is not whole (${what(error)})`);
    return null;
  });
  if (found === null) return false;
  // One of an older version has no checksum of its own.
  if (row !== null && found.manifest.format === 1 && row.manifestSha256 !== found.sha256) {
    problems.push(`checkpoint ${name} is not whole (manifest.json is not the one whose save was recorded)`);
    return false;
  }
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

/** What is wrong, without the folder that the note names already. */
function what(error: unknown): string {
  const { message, values } = faultOf(error);
  return typeof values['what'] === 'string' ? values['what'] : message;
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
