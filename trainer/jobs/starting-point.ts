/** Where an attempt begins: at a checkpoint, or at step 0, but never at 0 unasked where there has been a checkpoint. */
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { JobOf } from '../channel/job.ts';
import { candidates, checkpointsOf, sweep } from '../checkpoints/checkpoint-folders.ts';
import { configHash } from '../checkpoints/config-hash.ts';
import { newestValid, type Notice } from '../checkpoints/newest-checkpoint.ts';
import type { Loaded } from '../checkpoints/read-checkpoint.ts';
import { FaultError } from '../durable/fault-error.ts';
import { syncFolder } from '../durable/files.ts';

/** Finds where a job begins. Null: at step 0. */
export async function startingPoint(job: JobOf<'train'>, notice: Notice): Promise<Loaded | null> {
  await sweep(job.runFolder);
  // The rows know nothing of checkpoints whose events are lost with them.
  const last = job.from ?? (await candidates(job.runFolder))[0]?.step ?? null;
  if (last === null) return null;
  const loaded = await newestOf(job, last, notice);
  if (loaded !== null) return loaded;
  if (!job.startOver) throw await lost(job.runFolder, last);
  await setAside(job.runFolder);
  notice('started-over', `Started again at step 0: no checkpoint could be read, the last one was of step ${last}.`, {
    last,
  });
  return null;
}

/** Finds the newest checkpoint that this attempt has saved or begun at. @param safeStep null: it has none */
export async function newestOfAttempt(
  job: JobOf<'train'>,
  safeStep: number | null,
  notice: Notice,
): Promise<Loaded | null> {
  if (safeStep === null) return null;
  const loaded = await newestOf(job, safeStep, notice);
  if (loaded === null) throw await lost(job.runFolder, safeStep);
  return loaded;
}

async function newestOf(job: JobOf<'train'>, last: number, notice: Notice): Promise<Loaded | null> {
  let passed = 0;
  const loaded = await newestValid(job.runFolder, last, (...found) => {
    passed += 1;
    notice(...found);
  });
  if (loaded === null) return null;
  const { step } = loaded.manifest;
  if (loaded.manifest.configHash !== configHash(job.config)) {
    throw new FaultError(
      'config-mismatch',
      `The checkpoint ${loaded.folder} was made with another configuration: start a new run instead.`,
      { folder: loaded.folder },
    );
  }
  if (step < last && passed === 0) {
    const text = `The checkpoint of step ${last} is gone from ${checkpointsOf(job.runFolder)}: goes on from step ${step}.`;
    notice('checkpoint-gone', text, { step, last });
  }
  return loaded;
}

async function lost(runFolder: string, last: number): Promise<FaultError> {
  const folder = checkpointsOf(runFolder);
  const damaged = (await candidates(runFolder)).length;
  const what =
    damaged === 0 ? `None of its checkpoints is left in ${folder}` : `None of the ${damaged} in ${folder} verifies`;
  return new FaultError(
    'checkpoints-lost',
    `The run had a checkpoint of step ${last}. ${what}. Put them back and resume, or resume once more to start again at step 0.`,
    { step: last, folder },
    { retry: 'resume' },
  );
}

/** Damaged checkpoints stay, under names by which no later attempt finds them. */
async function setAside(runFolder: string): Promise<void> {
  const folder = checkpointsOf(runFolder);
  for (const { name } of await candidates(runFolder)) {
    await rename(join(folder, name), join(folder, `damaged-${name}-${Date.now()}`));
  }
  await syncFolder(folder);
}
