/** Batches of whole pictures in turn, made ahead by decoding workers. */
import type { Reach } from '../../channel/reach.ts';
import { whenWritten } from '../../channel/when-written.ts';
import { damagedImageError } from '../../data/damaged-image.ts';
import type { Located } from '../../data/listing/image-table.ts';
import type { LeftOut } from '../../data/loading/left-out.ts';
import { SourceChanged } from '../../data/loading/loader.ts';
import { createQueue, prefetchDepth } from '../../data/loading/prefetch.ts';
import { compareAfterPause, type SeenContents } from '../../data/loading/seen-contents.ts';
import { whenReached, whenThere } from '../../data/loading/when-reached.ts';
import { openProducer, type LoaderProgram } from '../../data/loading/worker-pool.ts';
import type { Normalization, Resizing } from '../../protocol/run.ts';
import { canvasSide } from './fit.ts';
import { pictureWork, type PictureBatch, type PictureRequest, type PictureTask } from './picture-batches.ts';

/** The pictures of a split. */
export interface SplitPictures extends Located {
  readonly count: number;
  /** What has been read of them, by this loader or another; absent where nobody waits for data that went away. */
  readonly seen?: SeenContents | undefined;
}

export interface PictureLoaderOptions extends SplitPictures {
  readonly task: PictureTask;
  readonly normalization: Normalization;
  readonly resizing: Resizing;
  /** Record of the pictures to leave out; without one a damaged picture is a fault. */
  readonly leftOut?: LeftOut | undefined;
  /** Waits for data that goes away; without it that is a fault. */
  readonly reach?: Reach | undefined;
  readonly workers: number;
  /** Pictures in a batch, at most. */
  readonly batch: number;
  /** The pictures of the next batch; null at the end. */
  readonly next: () => PictureRequest | null;
}

export interface PictureLoader {
  /**
   * Null at the end.
   *
   * @throws SourceChanged once damaged pictures of the batch have been recorded: open the source again, without them
   */
  next(): Promise<PictureBatch | null>;
  close(): Promise<void>;
}

/** Bytes of a batch on the largest canvas there can be: with a wide and a high picture on it. */
function largestBatch({ task, batch, normalization }: PictureLoaderOptions): number {
  const side = canvasSide((task.kind === 'finding' ? task.fit : task.views).longest);
  const maskBits = task.kind === 'training' && task.masks ? task.mostObjects : 0;
  return batch * side ** 2 * (4 * normalization.mean.length + maskBits / 8);
}

/** A damaged picture is recorded when its batch is asked for, not when it is made: so a resume finds it at the same step. */
export async function openPictureLoader(
  options: PictureLoaderOptions,
  program?: LoaderProgram,
): Promise<PictureLoader> {
  const { data, found, count, seen, task, normalization, resizing, leftOut, reach, next } = options;
  const depth = prefetchDepth(largestBatch(options), options.workers);
  // A worker makes a whole batch: more of them than batches would have nothing to do.
  const workers = Math.min(options.workers, depth + 1);
  const pool = { ...program, workers, count, runFolder: leftOut?.runFolder ?? null };
  const specification = { data, found, seen, normalization, resizing, task };
  const producer = await whenThere(() => openProducer(pictureWork, specification, pool), data.path, reach);
  const take = createQueue(depth, reach, () => {
    const request = next();
    if (request === null) return null;
    return () => {
      compareAfterPause(reach, seen);
      return producer.produce(request);
    };
  });
  return {
    async next() {
      const begun = take();
      if (begun === null) return null;
      const { batch, damaged } = await whenReached(begun, data.path, reach);
      if (batch !== null) return batch;
      if (!leftOut) throw damagedImageError(damaged[0]!);
      await whenWritten(() => leftOut.add(data, count, damaged, null), data.path, reach);
      throw new SourceChanged(`${damaged.map(({ file }) => file).join(', ')} of ${data.path}: damaged`);
    },
    close: () => producer.close(),
  };
}
