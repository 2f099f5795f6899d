/** Work that writes, done over once the disk takes it again where it refused it. */
import { canBeWritten, diskFault, withFreeBytes } from '../durable/disk-fault.ts';
import { FaultError } from '../durable/fault-error.ts';
import type { Reach } from './reach.ts';

/** Pauses until what the disk refused can be written. Any other error is thrown again. */
export async function untilWritable(error: unknown, path: string, reach: Reach): Promise<void> {
  const fault = diskFault(error, path);
  if (fault === null) throw error;
  const told = await withFreeBytes(fault);
  await reach.back(new FaultError(told.code, told.message, told.values, told), () => canBeWritten(told));
}

/** @param reach absent to end with the fault */
export async function whenWritten<T>(work: () => T | Promise<T>, path: string, reach: Reach | undefined): Promise<T> {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (reach === undefined) throw error;
      await untilWritable(error, path, reach);
    }
  }
}
