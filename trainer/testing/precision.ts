/** Which precisions this machine computes in, asked of the engine itself. */
import * as v from 'valibot';
import { openEngine } from '../engine/steps/open.ts';
import { Execution, precisions, type Precision } from '../protocol/run.ts';

/** Why it cannot, or null where it can. */
export async function refusalOf(precision: Precision): Promise<string | null> {
  try {
    await openEngine(v.parse(Execution, { engine: 'traced', precision, threads: 2 }));
    return null;
  } catch (error) {
    return String(error);
  }
}

/** Float32 first. */
export async function precisionsHere(): Promise<readonly Precision[]> {
  const found: Precision[] = [];
  for (const precision of precisions) if ((await refusalOf(precision)) === null) found.push(precision);
  return found;
}
