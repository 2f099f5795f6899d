/** The folders of a run's checkpoints: how they are named, in which order they are looked at, what is swept. */
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { parseCheckpointName, type CheckpointName } from '../durable/checkpoint-manifest.ts';
import { writeError } from '../durable/disk-fault.ts';
import { isMissing, syncFolder } from '../durable/files.ts';

/** Path of the folder that holds a run's checkpoints. */
export const checkpointsOf = (runFolder: string): string => join(runFolder, 'checkpoints');

export interface Candidate extends CheckpointName {
  readonly name: string;
}

/** Lists the finished checkpoint folders of a run, newest first, without looking inside. */
export async function candidates(runFolder: string): Promise<readonly Candidate[]> {
  const names = await readdir(checkpointsOf(runFolder)).catch((error: unknown) => {
    if (isMissing(error)) return [];
    throw error;
  });
  return names
    .flatMap((name) => {
      const parsed = parseCheckpointName(name);
      return parsed === null ? [] : [{ name, ...parsed }];
    })
    .sort((a, b) => b.step - a.step || b.edition - a.edition);
}

/** Removes what a death in the middle of a save or of a deletion left behind. @throws the disk's fault where it refuses */
export async function sweep(runFolder: string): Promise<void> {
  const folder = checkpointsOf(runFolder);
  try {
    await mkdir(folder, { recursive: true });
    await syncFolder(runFolder);
    for (const name of await readdir(folder)) {
      if (name.startsWith('.tmp-')) await rm(join(folder, name), { recursive: true, force: true });
    }
  } catch (error) {
    throw writeError(error, folder);
  }
}
