/** The folders of a run's checkpoints: how they are named, in which order they are looked at, what is swept. */
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isMissing } from '../durable/files.ts';

const folderName = /^(\d{6,15})(?:-(\d{1,6}))?$/;
/** Path of the folder that holds a run's checkpoints. */
export const checkpointsOf = (runFolder: string): string => join(runFolder, 'checkpoints');

export interface Candidate {
  readonly name: string;
  readonly step: number;
  /** A step saved again (after a damaged folder, or a rollback) gets the next number: nothing is overwritten. */
  readonly edition: number;
}

/** Lists the finished checkpoint folders of a run, newest first, without looking inside. */
export async function candidates(runFolder: string): Promise<readonly Candidate[]> {
  const names = await readdir(checkpointsOf(runFolder)).catch((error: unknown) => {
    if (isMissing(error)) return [];
    throw error;
  });
  return names
    .flatMap((name) => {
      const match = folderName.exec(name);
      return match ? [{ name, step: Number(match[1]), edition: Number(match[2] ?? 1) }] : [];
    })
    .sort((a, b) => b.step - a.step || b.edition - a.edition);
}

/** Removes what a death in the middle of a save or of a deletion left behind. */
export async function sweep(runFolder: string): Promise<void> {
  const folder = checkpointsOf(runFolder);
  await mkdir(folder, { recursive: true });
  for (const name of await readdir(folder)) {
    if (name.startsWith('.tmp-')) await rm(join(folder, name), { recursive: true, force: true });
  }
}
