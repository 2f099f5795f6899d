/** Whether this machine computes in a low precision, asked of the engine itself. */
import * as v from 'valibot';
import { openEngine } from '../engine/open.ts';
import { Execution } from '../protocol/run.ts';

/** Why it cannot, or null where it can. */
export async function refusalOf(precision: Execution['precision']): Promise<string | null> {
  try {
    await openEngine(v.parse(Execution, { engine: 'traced', precision, threads: 2 }));
    return null;
  } catch (error) {
    return String(error);
  }
}
