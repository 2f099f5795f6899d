/** An evaluation whose head learns from features of images re-augmented every epoch; the encoder is frozen. */
import type { HeadRecipe } from '../recipe.ts';
import type { EvaluationScope, Material } from './evaluation-scope.ts';
import { openHeadImages } from './head-images.ts';
import { encodedSource, openHead } from './head.ts';
import { featureExamination, openFrozenEncoder } from './on-features.ts';
import { splitFeatures } from './split-features.ts';
import { withoutValues } from './split-truth.ts';

/** Extracts the features of the test split, and opens a head over encoded batches of the training split. */
export async function onAugmentedFeatures(scope: EvaluationScope, head: HeadRecipe<unknown>): Promise<Material> {
  const { engine, options, builder, classes } = scope;
  const subject = await openFrozenEncoder(scope);
  const test = await splitFeatures(scope, 'test', subject);
  const examination = featureExamination(test, scope);
  const training = head.build(options, builder, { columns: test.columns, classes, train: null, encoder: null });
  const loader = await openHeadImages(scope, training, { dropLast: false });
  const { stepsPerEpoch } = loader;
  const source = encodedSource(loader, subject);
  return {
    train: withoutValues(scope.truth.train),
    test,
    head: openHead(engine, { ...examination, figures: head.figures, training, source, stepsPerEpoch }),
  };
}
