/** Features of an evaluation's splits, from a frozen encoder. */
import { progressOf } from '../channel/job.ts';
import { resizingOf } from '../protocol/run.ts';
import type { EvaluationModel, EvaluatorRecipe, FeatureSet } from '../recipe.ts';
import type { EvaluatedEncoder } from './evaluated-encoder.ts';
import { extractQuietMs, type EvaluationScope } from './evaluation-scope.ts';
import { readFeatures } from './features.ts';
import { readPairs } from './view-pair-features.ts';

type WantedPairs = ReturnType<NonNullable<EvaluatorRecipe['pairs']>>;

/** Features of a split's images in order, shape [images, columns], with the split's truth. */
export async function splitFeatures(
  scope: EvaluationScope,
  split: 'train' | 'test',
  subject: EvaluatedEncoder,
): Promise<FeatureSet> {
  const { context, engine, config, cacheFolder, leftOut, place, truth } = scope;
  const { port } = context;
  const located = scope[split];
  port.send({ type: 'phase', phase: 'extracting', quietForMs: extractQuietMs, detail: located.data.split });
  const { rows, columns, values } = await readFeatures({
    subject,
    preprocessing: config.preprocessing,
    normalization: config.normalization,
    resizing: resizingOf(config),
    cacheFolder,
    ...located,
    leftOut,
    reach: context.reach,
    withLabels: false,
    execution: config.execution,
    facts: engine.facts,
    progress: progressOf(context, place),
    notice: (code, text, values) => port.log('attention', code, text, values),
  });
  const { labels, presence } = truth[split];
  return { rows, columns, values, labels, ...(presence ? { presence } : {}) };
}

/** Features of two views of each of `images` test images, the same views for every subject of this seed. */
export async function testPairs(
  { context, config, test, place }: EvaluationScope,
  subject: EvaluatedEncoder,
  { images, augmentation }: WantedPairs,
): Promise<NonNullable<EvaluationModel['pairs']>> {
  context.port.send({
    type: 'phase',
    phase: 'extracting',
    quietForMs: extractQuietMs,
    detail: config.test.split,
  });
  return readPairs({
    subject,
    images,
    view: { ...augmentation, size: config.preprocessing.crop },
    ...test,
    normalization: config.normalization,
    resizing: resizingOf(config),
    seed: config.seed,
    workers: config.execution.loaderWorkers,
    reach: context.reach,
    progress: progressOf(context, place),
  });
}
