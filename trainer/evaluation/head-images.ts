/** Images for a head: augmented ones to learn from, and the test split. */
import { openEvaluationLoader, openTrainingLoader } from '../data/loading/loader.ts';
import type { TrainingLoader } from '../data/loading/pipeline.ts';
import { resizingOf } from '../protocol/run.ts';
import type { HeadTraining } from '../recipe.ts';
import type { EvaluationScope } from './evaluation-scope.ts';
import type { TestSet } from './head.ts';

/** Images scored at a time. */
const imageRows = 250;

/** Opens batches with one view per image, augmented by the head's recipe; the caller closes the loader. */
export async function openHeadImages(
  { context, config, train, fromStep, leftOut }: EvaluationScope,
  training: HeadTraining,
  { dropLast }: { readonly dropLast: boolean },
): Promise<TrainingLoader> {
  const { normalization, preprocessing, seed } = config;
  if (!training.augmentation)
    throw new Error(`${config.evaluator.id} trains on images but does not define their preprocessing.`);
  return openTrainingLoader({
    ...train,
    leftOut,
    reach: context.reach,
    normalization,
    resizing: resizingOf(config),
    seed,
    fromStep,
    dropLast,
    batch: training.batch,
    views: [{ ...training.augmentation, size: preprocessing.crop }],
    workers: config.execution.loaderWorkers,
  });
}

/** Images, read and decoded at every examination: an encoder that learns has no features to keep. */
export function testImages({
  context,
  config,
  classes,
  test: { data, found },
  truth,
  leftOut,
}: EvaluationScope): TestSet {
  const { preprocessing, normalization, execution } = config;
  return {
    labels: truth.test.labels,
    classes,
    async *parts(progress) {
      const loader = await openEvaluationLoader({
        data,
        found,
        leftOut,
        reach: context.reach,
        progress,
        preprocessing,
        normalization,
        resizing: resizingOf(config),
        batch: imageRows,
        from: 0,
        workers: execution.loaderWorkers,
      });
      try {
        let seen = 0;
        for (let next = await loader.next(); next; next = await loader.next()) {
          yield next.views[0]!;
          loader.release(next);
          seen += next.index.length;
          await progress(seen / loader.count);
        }
      } finally {
        await loader.close();
      }
    },
  };
}
