/** Batches of pictures of an evaluation, for training a detector and for finding objects with it. */
import type { Located } from '../data/listing/image-table.ts';
import { noneSeen } from '../data/loading/seen-contents.ts';
import type { Fit } from '../detection/pictures/fit.ts';
import type { PictureOrder } from '../detection/pictures/order.ts';
import { openPictureLoader, type PictureLoader, type SplitPictures } from '../detection/pictures/picture-loader.ts';
import { resizingOf } from '../protocol/run.ts';
import type { DetectionTraining, OpenDataset } from '../recipe.ts';
import type { BatchSource } from '../training/training-task.ts';
import type { EvaluationScope } from './evaluation-scope.ts';

/** Rows for the objects of a picture: a power of two, so that data sets share graphs. */
const rowsFor = (most: number): number => Math.max(8, 2 ** Math.ceil(Math.log2(Math.max(most, 1))));

/** Pictures looked at at a time. */
export const picturesTogether = 4;

/** What loaders of an evaluation share. */
const sharedBy = ({ context: { reach }, config, leftOut }: EvaluationScope) => ({
  normalization: config.normalization,
  resizing: resizingOf(config),
  workers: config.execution.loaderWorkers,
  leftOut,
  reach,
});

/** Pictures of a split that was opened. All loaders over them know what one has read. */
export const picturesOf = (
  { context: { reach } }: EvaluationScope,
  { data }: Located,
  { count, found }: OpenDataset,
): SplitPictures => ({ data, found, count, seen: reach && noneSeen(count, reach.startedAt, reach.holds() > 0) });

/** How pictures to learn from come. */
export interface Lesson {
  readonly order: PictureOrder;
  /** Objects in one picture, at most. */
  readonly most: number;
  readonly masks: boolean;
}

/** Pictures to learn from, from a step on; they never end. */
export async function openLearning(
  scope: EvaluationScope,
  pictures: SplitPictures,
  { order, most, masks }: Lesson,
  { views, batch }: DetectionTraining,
  fromStep: number,
): Promise<BatchSource> {
  const { seed } = scope.config;
  let step = fromStep;
  const loader = await openPictureLoader({
    ...sharedBy(scope),
    ...pictures,
    batch,
    task: { kind: 'training', views, seed, mostObjects: rowsFor(most), masks },
    next: () => order.at(step++),
  });
  return {
    next: async () => ({ batch: (await loader.next())! }),
    close: () => loader.close(),
  };
}

/** The first pictures of a split, in order, to find objects in. @param wanted after the last one it begins again */
export function openFinding(
  scope: EvaluationScope,
  pictures: SplitPictures,
  fit: Fit,
  wanted: number,
): Promise<PictureLoader> {
  let from = 0;
  return openPictureLoader({
    ...sharedBy(scope),
    ...pictures,
    batch: picturesTogether,
    task: { kind: 'finding', fit },
    next() {
      const length = Math.min(picturesTogether, wanted - from);
      if (length === 0) return null;
      const part = Int32Array.from({ length }, (_, at) => (from + at) % pictures.count);
      from += length;
      return { epoch: 0, pictures: part };
    },
  });
}
