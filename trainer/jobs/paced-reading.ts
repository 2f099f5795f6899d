/** Lets commands in while a long file is read, and tells how far it is. */
import { progressOf, type JobContext } from '../channel/job.ts';
import type { Pace } from '../detection/json-elements.ts';

const sliceMs = 50;

export function pacedReading(context: JobContext): Pace {
  const progress = progressOf(context);
  let began = context.clock();
  return {
    due: () => context.clock() - began >= sliceMs,
    async next(done, total) {
      await progress(total === null || total === 0 ? 0 : done / total);
      began = context.clock();
    },
  };
}
