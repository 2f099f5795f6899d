/** Batches in progress ahead of the one in use. */
import type { Reach } from '../../channel/reach.ts';
import { begin, type Begun } from './when-reached.ts';

/** Memory limit for prefetched batches; two are always in progress. */
const prefetchBytes = 512 << 20;
const mostPrefetched = 8;

/** Number of batches ahead, of so many bytes each; none without workers, who would make them meanwhile. */
export function prefetchDepth(batchBytes: number, workers: number): number {
  if (workers === 0) return 0;
  return Math.max(2, Math.min(mostPrefetched, Math.floor(prefetchBytes / batchBytes)));
}

/** A queue of batches in progress. `next` gives the work on the one after; null at the end. */
export function createQueue<T>(depth: number, reach: Reach | undefined, next: () => (() => Promise<T>) | null) {
  const queue: Begun<T>[] = [];
  return function take(): Begun<T> | null {
    while (queue.length < depth + 1) {
      const work = next();
      if (!work) break;
      queue.push(begin(reach, work));
    }
    return queue.shift() ?? null;
  };
}
