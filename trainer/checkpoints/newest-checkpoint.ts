/** Finds the checkpoint at which a run goes on. */
import { join } from 'node:path';
import { FaultError } from '../durable/fault-error.ts';
import { candidates, checkpointsOf } from './checkpoint-folders.ts';
import { readCheckpoint, type Loaded } from './read-checkpoint.ts';

export type Notice = (code: string, text: string, values: Record<string, string | number>) => void;

/**
 * The newest checkpoint that verifies, at `atMost` steps or fewer. Damaged ones are named and passed over. Null only
 * where there has never been one: with nothing but damaged ones it throws, for the run must not start again at 0 unasked.
 */
export async function newestValid(runFolder: string, atMost: number, notice: Notice): Promise<Loaded | null> {
  let passed = 0;
  for (const { name, step } of await candidates(runFolder)) {
    if (step > atMost) continue;
    try {
      return await readCheckpoint(join(checkpointsOf(runFolder), name));
    } catch (error) {
      if (!(error instanceof FaultError) || error.fault.code !== 'corrupt-checkpoint') throw error;
      passed += 1;
      notice('corrupt-checkpoint', error.fault.message, { step, folder: name });
    }
  }
  if (passed === 0) return null;
  throw new FaultError(
    'corrupt-checkpoint',
    `None of the ${passed} checkpoints in ${checkpointsOf(runFolder)} verifies. Start the run again from the beginning.`,
    { folder: checkpointsOf(runFolder), count: passed },
  );
}
