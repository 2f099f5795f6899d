/**
 * Reading folders and archives blocks, because that is several times faster than waiting for each of a million files.
 * The work is therefore cut into slices: between them progress is reported and commands, such as cancel, are handled.
 */
import { setImmediate as macrotask } from 'node:timers/promises';
import type { InspectProgress } from '../../recipe.ts';
import { throwIfCancelled } from '../cancellation.ts';

export interface TimeSlices {
  /** True when a slice has lasted long enough; then await `next`. */
  due(): boolean;
  next(done: number, total: number | null): Promise<void>;
}

const sliceMs = 50;

export function createTimeSlices(progress: InspectProgress, signal: AbortSignal): TimeSlices {
  let began = performance.now();
  return {
    due: () => performance.now() - began >= sliceMs,
    async next(done, total) {
      progress(done, total);
      await macrotask();
      throwIfCancelled(signal);
      began = performance.now();
    },
  };
}
