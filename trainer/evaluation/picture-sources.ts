/** Batches of pictures for training a detector and for finding objects with it: waited for, and without damaged pictures. */
import type { Reach } from '../channel/reach.ts';
import { DamagedImageError } from '../data/damaged-image.ts';
import type { Located } from '../data/listing/image-table.ts';
import { SourceChanged } from '../data/loading/loader.ts';
import { noneSeen } from '../data/loading/seen-contents.ts';
import { begin, whenReached } from '../data/loading/when-reached.ts';
import type { PictureOrder } from '../detection/pictures/order.ts';
import { pictureBatches, type PictureBatches } from '../detection/pictures/picture-batches.ts';
import { resizingOf } from '../protocol/run.ts';
import type { DetectionTraining, OpenDataset } from '../recipe.ts';
import type { BatchSource } from '../training/training-task.ts';
import type { EvaluationScope } from './evaluation-scope.ts';

/** Rows for the objects of a picture: a power of two, so that data sets share graphs. */
const rowsFor = (most: number): number => Math.max(8, 2 ** Math.ceil(Math.log2(Math.max(most, 1))));

/** What is read of the pictures; from the first pause on it is compared. */
function seenIn({ count }: OpenDataset, reach: Reach | undefined) {
  if (reach === undefined) return undefined;
  const seen = noneSeen(count, reach.startedAt, reach.holds() > 0);
  return () => {
    if (reach.holds() > 0) seen.doubt.fill(1);
    return seen;
  };
}

/** Damaged pictures are recorded, and the evaluation begins again without them. */
export async function withoutDamaged<T>(
  { leftOut }: EvaluationScope,
  source: Located,
  count: number,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof DamagedImageError)) throw error;
    const { file, reason, sha256 } = error;
    leftOut.add(source.data, count, [{ at: 0, file, reason, sha256 }], null);
    throw new SourceChanged(`${file} of ${source.data.path} is damaged`);
  }
}

/** Begins one batch ahead. */
export function sourceOf(
  scope: EvaluationScope,
  batches: PictureBatches,
  order: PictureOrder,
  { views }: DetectionTraining,
  count: number,
): BatchSource {
  const { seed } = scope.config;
  const { reach } = scope.context;
  let step = scope.fromStep;
  const made = (at: number) => {
    const { epoch, pictures } = order.at(at);
    return begin(reach, () =>
      withoutDamaged(scope, scope.train, count, () => batches.training(pictures, views, { seed, epoch })),
    );
  };
  let ahead = made(step);
  return {
    async next() {
      const batch = await whenReached(ahead, scope.train.data.path, reach);
      step += 1;
      ahead = made(step);
      return { batch };
    },
    close: () =>
      ahead.result.then(
        () => undefined,
        () => undefined,
      ),
  };
}

/** Pictures to learn from. @param most objects in one of them */
export function learningBatches(
  { context: { reach }, config }: EvaluationScope,
  { train, most, masks }: { readonly train: OpenDataset; readonly most: number; readonly masks: boolean },
): PictureBatches {
  const { normalization } = config;
  const shown = { normalization, resizing: resizingOf(config), mostObjects: rowsFor(most) };
  return pictureBatches({ ...shown, data: train, masks, seen: seenIn(train, reach) });
}

/** Pictures to find objects in, which are waited for where their data goes away. */
export function findingBatches(
  { context: { reach }, config, test: { data: source } }: EvaluationScope,
  test: OpenDataset,
): PictureBatches['finding'] {
  const { normalization } = config;
  const shown = { normalization, resizing: resizingOf(config), mostObjects: rowsFor(0) };
  const looking = pictureBatches({ ...shown, data: test, masks: false, seen: seenIn(test, reach) });
  return (...asked) =>
    whenReached(
      begin(reach, () => looking.finding(...asked)),
      source.path,
      reach,
    );
}
