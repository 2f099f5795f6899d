/** An evaluation whose head learns from re-augmented images together with the encoder: no features are cached. */
import { progressOf } from '../channel/job.ts';
import { FaultError } from '../durable/fault-error.ts';
import type { Encoder, HeadRecipe } from '../recipe.ts';
import { stepsOf } from '../training/steps-of.ts';
import { openEncoder } from './evaluated-encoder.ts';
import type { EvaluationScope, Material } from './evaluation-scope.ts';
import { openHeadImages, testImages } from './head-images.ts';
import { openHead } from './head.ts';
import { withoutValues } from './split-truth.ts';

const examineQuietMs = 300_000;

/** @throws FaultError `bad-argument` for pixels, and for a layer other than the pooled representation */
export async function openTrainableEncoder(scope: EvaluationScope): Promise<Encoder> {
  const { engine, subject, config, initialWhereMissing, layer, recipe } = scope;
  const opened = await openEncoder(engine, subject, config.normalization.mean.length, { initialWhereMissing });
  if (!opened) {
    const text = `${recipe.title} trains an encoder, but raw pixels have none: choose a run, weights or a random encoder.`;
    throw new FaultError('bad-argument', text, { evaluator: recipe.id });
  }
  if (layer !== 'pooled') {
    const text = `${recipe.title} trains the pooled representation, not ${layer}: choose "pooled".`;
    throw new FaultError('bad-argument', text, { layer });
  }
  return opened.encoder;
}

async function readAll(parts: AsyncIterable<unknown>): Promise<void> {
  const reading = parts[Symbol.asyncIterator]();
  while ((await reading.next()).done !== true);
}

/** Opens the encoder and a head that is trained with it on images. */
export async function onImages(scope: EvaluationScope, head: HeadRecipe<unknown>): Promise<Material> {
  const { context, engine, config, recipe, options, builder, classes, truth, place } = scope;
  const encoder = await openTrainableEncoder(scope);
  const training = head.build(options, builder, { columns: encoder.outputs, classes, train: null, encoder });
  // A single image has no batch statistics, so such a last batch is dropped.
  const dropLast = truth.train.labels.length % training.batch === 1;
  const source = await openHeadImages(scope, training, { dropLast });
  const { stepsPerEpoch } = source;
  const examining = (done: number) => {
    context.port.send({ type: 'phase', phase: 'evaluating', quietForMs: examineQuietMs });
    const at = { step: done, steps: stepsOf(training.epochs, stepsPerEpoch), epoch: done / stepsPerEpoch };
    return progressOf(context, { ...place, ...at, obeys: false });
  };
  const test = testImages(scope);
  // Damaged images are found before there is anything to lose.
  if (scope.fromStep === 0) await readAll(test.parts(progressOf(context, place)));
  return {
    train: withoutValues(truth.train),
    test: withoutValues(truth.test),
    head: openHead(engine, {
      metrics: recipe.metrics,
      figures: head.figures,
      training,
      source,
      stepsPerEpoch,
      test,
      seed: config.seed,
      clips: scope.clips,
      examining,
    }),
  };
}
