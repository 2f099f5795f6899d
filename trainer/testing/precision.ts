/** Precisions supported by this machine, as reported by the engine. */
import * as v from 'valibot';
import { openEngine } from '../engine/steps/open.ts';
import { Execution, precisionsOn, type Precision } from '../protocol/run.ts';

/** Reason why the machine cannot compute in this precision, or null. */
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
  for (const precision of precisionsOn('cpu')) if ((await refusalOf(precision)) === null) found.push(precision);
  return found;
}
