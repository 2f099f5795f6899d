/** Finds the checkpoint at which a run goes on. */
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { damagedCheckpoint } from '../durable/checkpoint-manifest.ts';
import { FaultError } from '../durable/fault-error.ts';
import { isMissing } from '../durable/files.ts';
import { openLine } from '../durable/sealed-line.ts';
import { candidates, checkpointsOf } from './checkpoint-folders.ts';
import { readCheckpoint, type Loaded } from './read-checkpoint.ts';

export type Notice = (code: string, text: string, values: Record<string, string | number>) => void;

/** The newest checkpoint that verifies, at `atMost` steps or fewer; damaged ones are named and passed over. */
export async function newestValid(runFolder: string, atMost: number, notice: Notice): Promise<Loaded | null> {
  for (const { name, step } of await candidates(runFolder)) {
    if (step > atMost) continue;
    try {
      const loaded = await readCheckpoint(join(checkpointsOf(runFolder), name));
      if (loaded.manifest.format === 1) await expectAsRecorded(runFolder, name, loaded);
      return loaded;
    } catch (error) {
      if (!(error instanceof FaultError) || error.fault.code !== 'corrupt-checkpoint') throw error;
      notice('corrupt-checkpoint', error.fault.message, { step, folder: name });
    }
  }
  return null;
}

/** A manifest of an older version has no checksum of its own; the event of its save has one, if it is still there. */
async function expectAsRecorded(runFolder: string, name: string, { folder, manifestSha256 }: Loaded): Promise<void> {
  const recorded = await recordedSha256(runFolder, `checkpoints/${name}`);
  if (recorded !== null && recorded !== manifestSha256) {
    throw damagedCheckpoint(folder, 'manifest.json is not the one whose save was recorded');
  }
}

async function recordedSha256(runFolder: string, folder: string): Promise<string | null> {
  let found: string | null = null;
  const lines = createInterface({ input: createReadStream(join(runFolder, 'events.ndjson')), crlfDelay: Infinity });
  try {
    for await (const line of lines) {
      if (!line.includes('"type":"checkpoint"') || !line.includes(`"folder":"${folder}"`)) continue;
      found = /"manifestSha256":"([0-9a-f]{64})"/.exec(openLine(line) ?? '')?.[1] ?? found;
    }
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
  return found;
}
