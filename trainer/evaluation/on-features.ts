/** An evaluation on features extracted once: without a head, or with one that learns from them. */
import type { HeadRecipe } from '../recipe.ts';
import { openEvaluatedEncoder, type EvaluatedEncoder } from './evaluated-encoder.ts';
import type { EvaluationScope, Material } from './evaluation-scope.ts';
import { featureSource, openHead, testFeatures, type HeadRequest } from './head.ts';
import { splitFeatures, testPairs } from './split-features.ts';
import { withoutValues } from './split-truth.ts';

/** Opens a frozen encoder for an evaluation. */
export function openFrozenEncoder(scope: EvaluationScope): Promise<EvaluatedEncoder> {
  const { engine, subject, config, initialWhereMissing, layer } = scope;
  return openEvaluatedEncoder(engine, subject, config.normalization.mean.length, { initialWhereMissing, layer });
}

/** Examination of a head on features: fast, so it reports no progress. */
export function featureExamination(
  test: Material['test'],
  { classes, config, clips, recipe }: EvaluationScope,
): Pick<HeadRequest, 'metrics' | 'test' | 'seed' | 'clips' | 'examining'> {
  return {
    metrics: recipe.metrics,
    test: testFeatures(test, classes),
    seed: config.seed,
    clips,
    examining: () => () => Promise.resolve(),
  };
}

/** Extracts the features for an evaluator without a head; those of the training split only if it reads labels. */
export async function onFeaturesAlone(scope: EvaluationScope): Promise<Material> {
  const subject = await openFrozenEncoder(scope);
  const test = await splitFeatures(scope, 'test', subject);
  const isLabelFree = scope.recipe.targets === 'none';
  const train = isLabelFree ? withoutValues(scope.truth.train) : await splitFeatures(scope, 'train', subject);
  const wanted = scope.recipe.pairs?.(scope.options);
  return { train, test, head: null, ...(wanted ? { pairs: await testPairs(scope, subject, wanted) } : {}) };
}

/** Extracts the features of both splits and opens a head that learns from them. */
export async function onFeatures(scope: EvaluationScope, head: HeadRecipe<unknown>): Promise<Material> {
  const { engine, config, options, builder, classes, fromStep } = scope;
  const subject = await openFrozenEncoder(scope);
  const test = await splitFeatures(scope, 'test', subject);
  const examination = featureExamination(test, scope);
  const isLabelFree = scope.recipe.targets === 'none';
  const train = isLabelFree ? withoutValues(scope.truth.train) : await splitFeatures(scope, 'train', subject);
  const training = head.build(options, builder, { columns: test.columns, classes, train, encoder: null });
  const source = featureSource(train, training.batch, config.seed, fromStep);
  const stepsPerEpoch = Math.ceil(train.rows / training.batch);
  return {
    train,
    test,
    head: openHead(engine, { ...examination, figures: head.figures, training, source, stepsPerEpoch }),
  };
}
