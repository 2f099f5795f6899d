/** Work that reads data, done over once the data is back where it went away meanwhile. */
import { setTimeout as after } from 'node:timers/promises';
import type { Reach } from '../../channel/reach.ts';
import { untilWritable } from '../../channel/when-written.ts';
import { isRefusedWrite } from '../../durable/disk-fault.ts';
import { goneAsAWhole, isUnreachable, unreachable } from '../unreachable.ts';

/** A network folder that is gone may not even fail. */
const longestSilenceMs = 120_000;

/** Work that has begun, and how to begin it again. */
export interface Begun<T> {
  readonly result: Promise<T>;
  /** Value of `reach.holds()` when it began: a failure from before the last pause says nothing of now. */
  readonly holds: number;
  readonly again: () => Begun<T>;
}

export function begin<T>(reach: Reach | undefined, work: () => Promise<T>): Begun<T> {
  const result = work();
  // A failure is reported when its result is requested; until then it must not count as unhandled.
  result.catch(() => undefined);
  return { result, holds: reach?.holds() ?? 0, again: () => begin(reach, work) };
}

/** Waits for work; pauses while nothing comes. */
async function answered<T>({ result }: Begun<T>, path: string, reach: Reach): Promise<void> {
  let isSettled = false;
  const settled = result.then(
    () => (isSettled = true),
    () => (isSettled = true),
  );
  const timer = new AbortController();
  const silence = after(longestSilenceMs, false, { signal: timer.signal }).catch(() => true);
  const inTime = await Promise.race([settled, silence]);
  timer.abort();
  while (!inTime && !isSettled) await reach.back(unreachable(path, 'silent'), async () => isSettled);
}

async function reached<T>(begun: Begun<T>, path: string | null, reach: Reach): Promise<T> {
  for (let current = begun; ; current = current.again()) {
    if (path !== null) await answered(current, path, reach);
    try {
      return await current.result;
    } catch (error) {
      if (!isUnreachable(error) && !isRefusedWrite(error)) throw error;
      if (current.holds !== reach.holds()) continue;
      if (isUnreachable(error)) await reach.back(error);
      else await untilWritable(error, '', reach);
    }
  }
}

/**
 * The result of work that reads data below `path`, within minutes.
 *
 * @param reach absent to end with the fault
 */
export const whenReached = <T>(begun: Begun<T>, path: string, reach: Reach | undefined): Promise<T> =>
  reach === undefined ? begun.result : reached(begun, path, reach);

/** The result of work that opens the folder or archive `path`, which may take long; waits only where it is gone as a whole. */
export function whenThere<T>(work: () => Promise<T>, path: string, reach: Reach | undefined): Promise<T> {
  if (reach === undefined) return work();
  const told = () =>
    work().catch(async (error: unknown) => {
      throw (await goneAsAWhole(path)) ?? error;
    });
  return reached(begin(reach, told), null, reach);
}
