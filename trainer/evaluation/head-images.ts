/** Augmented images of the training split, for a head that learns from images or from their features. */
import { openTrainingLoader } from '../data/loading/loader.ts';
import type { TrainingLoader } from '../data/loading/pipeline.ts';
import type { HeadTraining } from '../recipe.ts';
import type { EvaluationScope } from './evaluation-scope.ts';

/** Opens batches with one view per image, augmented by the head's recipe; the caller closes the loader. */
export async function openHeadImages(
  { config, train, fromStep, leftOut }: EvaluationScope,
  training: HeadTraining,
  { dropLast }: { readonly dropLast: boolean },
): Promise<TrainingLoader> {
  const { normalization, preprocessing, seed } = config;
  if (!training.augmentation)
    throw new Error(`${config.evaluator.id} trains on images but does not define their preprocessing.`);
  return openTrainingLoader({
    ...train,
    leftOut,
    normalization,
    seed,
    fromStep,
    dropLast,
    batch: training.batch,
    views: [{ ...training.augmentation, size: preprocessing.crop }],
    workers: config.execution.loaderWorkers,
  });
}
