/** The checkpoint folders of a run, compared with their rows. */
import { readdir, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { parseCheckpointName, readManifest } from '../../../trainer/durable/checkpoint-manifest.ts';
import { faultOf } from '../../../trainer/durable/fault-of.ts';
import type { CheckpointPart } from '../../api/runs.ts';
import type { Store, StoredCheckpoint } from '../store/store.ts';

/** What lies in a run's folder: its checkpoints' names, and paths of what an interrupted save left behind. */
export async function lookInto(folder: string): Promise<{
  readonly checkpoints: readonly string[];
  readonly unfinished: readonly string[];
}> {
  const places = [folder, join(folder, 'checkpoints')];
  const [own = [], saved = []] = await Promise.all(places.map((place) => readdir(place).catch(() => [])));
  const unfinishedIn = (place: string, names: readonly string[]): readonly string[] =>
    names.filter((name) => name.startsWith('.tmp-') || name.includes('.json.tmp-')).map((name) => join(place, name));
  return {
    checkpoints: saved.filter((name) => parseCheckpointName(name) !== null),
    unfinished: [...unfinishedIn(folder, own), ...unfinishedIn(join(folder, 'checkpoints'), saved)],
  };
}

export async function removeAll(paths: readonly string[]): Promise<void> {
  for (const path of paths) await rm(path, { recursive: true, force: true });
}

/** Whether just those checkpoints are there that were there before. @param before their folders, some maybe twice */
export function areSame(names: readonly string[], before: readonly string[]): boolean {
  const known = new Set(before.map((folder) => basename(folder)));
  return known.size === names.length && names.every((name) => known.has(name));
}

/**
 * Adds rows for folders without an event, and marks rows whose folder is gone.
 *
 * @param names of the checkpoints that are there
 * @param thorough known folders are checked as well
 */
export async function compareCheckpoints(
  store: Store,
  run: string,
  folder: string,
  names: readonly string[],
  thorough: boolean,
  problems: string[],
): Promise<void> {
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
