/**
 * The data pipeline's interface to the loop. Order and augmentation depend on (seed, epoch, index, view), never on the
 * number of workers or history.
 */
import type { DataSource, Normalization, Preprocessing, Resizing, View } from '../../protocol/run.ts';
import type { HostBatch } from '../../host-batch.ts';
import type { Located } from '../listing/image-table.ts';
import type { FoundImages } from '../found-images.ts';
import type { Reach } from '../../channel/reach.ts';
import type { LeftOut } from './left-out.ts';

export interface TrainingLoader {
  readonly count: number;
  readonly classes: number;
  readonly stepsPerEpoch: number;
  /** The batch of the next step; never ends, across epochs. Prefetched, within a memory bound. */
  next(): Promise<{ readonly batch: HostBatch; readonly epoch: number; readonly batchInEpoch: number }>;
  /**
   * Says that a batch is read no more, so that its memory may hold another; it must not be read after. Those that nobody
   * releases are left to the garbage collector.
   */
  release(batch: HostBatch): void;
  close(): Promise<void>;
}

export interface TrainingLoaderOptions {
  readonly data: DataSource;
  /** Where its images lie, if that was looked up before. */
  readonly found?: FoundImages | undefined;
  /** Source of the second view, if that is another kind of picture. */
  readonly paired?: Located | undefined;
  /** Record of the images to leave out; without one a damaged image is a fault. */
  readonly leftOut?: LeftOut | undefined;
  /** Waits for data that goes away; without it that is a fault. */
  readonly reach?: Reach | undefined;
  readonly views: readonly View[];
  readonly normalization: Normalization;
  readonly resizing: Resizing;
  readonly seed: number;
  /** Seed of the augmentation, where that is another than that of the order. */
  readonly viewSeed?: number | undefined;
  readonly batch: number;
  readonly dropLast: boolean;
  /** First step to deliver: epoch and position follow from it. */
  readonly fromStep: number;
  readonly workers: number;
}

export interface EvaluationLoader {
  readonly count: number;
  readonly classes: number;
  /**
   * All samples once, in order; the last batch may be short; null at the end.
   *
   * @throws SourceChanged once damaged images have been recorded: open the source again, without them
   */
  next(): Promise<HostBatch | null>;
  /** As that of a training loader. */
  release(batch: HostBatch): void;
  close(): Promise<void>;
}

export interface EvaluationLoaderOptions {
  readonly data: DataSource;
  /** Where its images lie, if that was looked up before. */
  readonly found?: FoundImages | undefined;
  /** Record of the images to leave out; without one a damaged image is a fault. */
  readonly leftOut?: LeftOut | undefined;
  /** Waits for data that goes away; without it that is a fault. */
  readonly reach?: Reach | undefined;
  /** Puts another image in the place of a damaged one, so that rows keep their numbers. */
  readonly substitutes?: boolean | undefined;
  /** Called with the part that was read, 0 to 1, while the rest of a source with damaged images is checked. */
  readonly progress?: ((fraction: number) => Promise<void>) | undefined;
  readonly preprocessing: Preprocessing;
  readonly normalization: Normalization;
  readonly resizing: Resizing;
  readonly batch: number;
  /** First sample to deliver. */
  readonly from: number;
  readonly workers: number;
}
