/** An evaluation: frozen features, a head trained by the loop if the evaluator has one, and the figures. */
import * as v from 'valibot';
import type { JobContext } from '../channel/job.ts';
import type { Located } from '../data/listing/image-table.ts';
import { located } from '../data/loading/locate-data.ts';
import type { Engine } from '../engine/engine.ts';
import type { EvaluateConfig } from '../protocol/run.ts';
import type { EvaluatorRecipe } from '../recipe.ts';
import { evaluators } from '../registry.ts';
import { expectBetterThanRandom } from './against-random.ts';
import type { Evaluation, EvaluationPlace, EvaluationScope, Material } from './evaluation-scope.ts';
import { measure } from './measure.ts';
import { onAugmentedFeatures } from './on-augmented-features.ts';
import { onFeatures, onFeaturesAlone } from './on-features.ts';
import { onImages } from './on-images.ts';
import { onPictures } from './on-pictures.ts';
import { resizedPositionsNote } from './resized-positions-note.ts';
import { classesOf, truthOf, untold } from './split-truth.ts';

/** Locates the splits and reads their truth. An evaluator that reads no labels leaves the training split alone. */
async function openScope(
  context: JobContext,
  engine: Engine,
  config: EvaluateConfig,
  place: EvaluationPlace,
): Promise<EvaluationScope> {
  const { port } = context;
  const { layer = 'pooled' } = config;
  const { cacheFolder, fromStep, leftOut, clips = false, initialWhereMissing = false, ifNoBetter = null } = place;
  const recipe: EvaluatorRecipe = evaluators.get(config.evaluator.id);
  const options = v.parse(recipe.options, config.evaluator.options) as EvaluationScope['options'];
  const builder = engine.builder(config.seed).at(recipe.id);
  const subset = recipe.head?.subset?.(options);
  const isLabelFree = recipe.targets === 'none';
  const test = await located(leftOut.without(config.test), { port }, cacheFolder);
  const wholeTrain = leftOut.without(config.train);
  const train: Located = isLabelFree
    ? { data: wholeTrain, found: undefined }
    : await located(subset ? { ...wholeTrain, subset } : wholeTrain, { port }, cacheFolder);
  // The test split first: otherwise unsuitable data would only be reported as data that no part can be taken of.
  const testTruth = await truthOf(test, recipe);
  const truth = { test: testTruth, train: isLabelFree ? untold : await truthOf(train, recipe) };
  return {
    ...place,
    clips,
    initialWhereMissing,
    ifNoBetter,
    context,
    engine,
    config,
    layer,
    recipe,
    options,
    builder,
    test,
    train,
    truth,
    classes: isLabelFree ? 0 : classesOf(truth.train, truth.test, config),
    place: { step: fromStep, safeStep: fromStep > 0 ? fromStep : null, tensors: engine.tensors },
  };
}

function openMaterial(scope: EvaluationScope): Promise<Material> {
  const { head } = scope.recipe;
  if (!head) return onFeaturesAlone(scope);
  switch (head.inputs(scope.options)) {
    case 'features':
      return onFeatures(scope, head);
    case 'augmented-features':
      return onAugmentedFeatures(scope, head);
    case 'images':
      return onImages(scope, head);
  }
}

/**
 * Opens an evaluation: its data, its encoder and, if the evaluator has one, the head as a task for the loop.
 *
 * @throws FaultError if the data or the encoder does not suit the evaluator
 */
export async function openEvaluation(
  context: JobContext,
  engine: Engine,
  config: EvaluateConfig,
  place: EvaluationPlace,
): Promise<Evaluation> {
  const scope = await openScope(context, engine, config, place);
  const resized = resizedPositionsNote(scope.subject, config);
  if (resized !== null) context.port.log('info', 'positions-resized', resized.text, resized.values);
  if (scope.ifNoBetter !== null && scope.fromStep === 0) await expectBetterThanRandom(scope, scope.ifNoBetter);
  const { detection } = scope.recipe;
  if (detection) return onPictures(scope, detection);
  const material = await openMaterial(scope);
  const course = material.head?.course;
  const examinedTimes = course ? Math.ceil(course.steps / course.stepsPerEpoch) + 2 : 0;
  return {
    ...(course && { course }),
    examinedImages: examinedTimes * scope.truth.test.labels.length,
    measure: (runFolder) => measure(scope, material, runFolder),
  };
}
