/**
 * Compares imported weights with random ones on a part of the data, by k-NN, before an evaluation spends hours: weights
 * that were not trained, or put together wrongly, are no better.
 */
import * as v from 'valibot';
import { progressOf } from '../channel/job.ts';
import { located } from '../data/loading/locate-data.ts';
import { FaultError } from '../durable/fault-error.ts';
import { resizingOf, type DataSource, type Subject } from '../protocol/run.ts';
import { evaluators } from '../registry.ts';
import type { FeatureSet } from '../recipe.ts';
import { openEvaluatedEncoder, type EvaluatedEncoder } from './evaluated-encoder.ts';
import { extractQuietMs, type EvaluationScope } from './evaluation-scope.ts';
import { readFeatures } from './features.ts';

/** Images of each split. */
const mostImages = 1000;
/** With fewer images tested, chance is as likely as a difference. */
const fewestTested = 100;
/** Two-sided 95 % of McNemar's test: the difference in images is this many standard deviations. */
const deviations = 1.96;
const subsetSeed = 0;

/** Another encoder like that of the weights, with the weights it would begin with. */
function randomLike({ encoder }: Extract<Subject, { kind: 'weights' }>): Extract<Subject, { kind: 'random' }> {
  const { zeroInitResidual: _, ...options } = encoder.options;
  return { kind: 'random', encoder: { ...encoder, options }, seed: 1 };
}

/** Features of at most `mostImages` images of a split, the same share of every class. */
async function partOf(
  scope: EvaluationScope,
  split: 'train' | 'test',
  subject: EvaluatedEncoder,
  shares: readonly [from: number, to: number],
): Promise<FeatureSet> {
  const { context, engine, config, cacheFolder, leftOut, truth, place } = scope;
  const { port } = context;
  const images = truth[split].labels.length;
  const whole: DataSource = leftOut.without(config[split]);
  const subset = { kind: 'share', share: mostImages / images, seed: subsetSeed } as const;
  const { data, found } =
    images <= mostImages ? scope[split] : await located({ ...whole, subset }, context, cacheFolder);
  port.send({ type: 'phase', phase: 'probing', quietForMs: extractQuietMs, detail: split });
  const progress = progressOf(context, place);
  const [from, to] = shares;
  return readFeatures({
    subject,
    data,
    found,
    preprocessing: config.preprocessing,
    normalization: config.normalization,
    resizing: resizingOf(config),
    cacheFolder,
    leftOut,
    reach: context.reach,
    withLabels: true,
    execution: config.execution,
    facts: engine.facts,
    progress: (fraction) => progress(from + (to - from) * fraction),
    notice: (code, text, values) => port.log('attention', code, text, values),
  });
}

/** Images of the test part that k-NN classifies correctly, one byte each. */
async function correctOf(scope: EvaluationScope, subject: EvaluatedEncoder, first: number): Promise<Uint8Array> {
  const train = await partOf(scope, 'train', subject, [first, first + 0.25]);
  const test = await partOf(scope, 'test', subject, [first + 0.25, first + 0.5]);
  const recipe = evaluators.get('knn');
  if (recipe.detection) throw new Error('k-NN measures features.');
  const model = { train, test, classes: scope.classes, progress: () => Promise.resolve() };
  for await (const { metric, correct } of recipe.measure(model, v.parse(recipe.options, {})))
    if (metric === 'top1' && correct) return correct;
  throw new Error('k-NN gave no accuracy.');
}

export interface RandomComparison {
  /** Images tested. */
  readonly images: number;
  /** Images whose class was found, with these weights and with random ones. */
  readonly right: number;
  readonly random: number;
  /** By more than chance. */
  readonly isBetter: boolean;
}

/** McNemar's test on the images that only one of the two got right. */
export function compared(own: Uint8Array, random: Uint8Array): RandomComparison {
  const count = (of: (own: number, random: number) => boolean): number =>
    own.reduce((sum, right, at) => sum + Number(of(right, random[at]!)), 0);
  const [gained, lost] = [count((one, other) => one > other), count((one, other) => one < other)];
  return {
    images: own.length,
    right: count((one) => one === 1),
    random: count((_, other) => other === 1),
    isBetter: gained - lost > deviations * Math.sqrt(gained + lost),
  };
}

/**
 * Asks, or says, if features of imported weights are no better than random ones on this data. Other subjects, evaluators
 * without one label an image, and data of fewer than 100 test images are not examined.
 * @param answer `ask` the first time; `tell` once whoever asked for the evaluation wants it all the same
 * @throws FaultError `weights-no-better` where `answer` is `ask`
 */
export async function expectBetterThanRandom(scope: EvaluationScope, answer: 'ask' | 'tell'): Promise<void> {
  const { engine, config, subject, recipe, truth, context } = scope;
  const { targets = 'class' } = recipe;
  if (config.subject.kind !== 'weights' || targets !== 'class') return;
  if (Math.min(truth.test.labels.length, mostImages) < fewestTested) return;
  const channels = config.normalization.mean.length;
  const random = { subject: randomLike(config.subject), checkpointFolder: null, config: null };
  const own = await correctOf(scope, await openEvaluatedEncoder(engine, subject, channels), 0);
  const theirs = await correctOf(scope, await openEvaluatedEncoder(engine, random, channels), 0.5);
  const found = compared(own, theirs);
  if (found.isBetter) return;
  const percent = (right: number): string => ((100 * right) / found.images).toFixed(1);
  const images = found.images + Math.min(truth.train.labels.length, mostImages);
  const values = { weights: config.subject.name, images, own: percent(found.right), random: percent(found.random) };
  const text =
    `Features of "${values.weights}" are no better than random ones on ${images} pictures of ${config.test.path}: k-NN ` +
    `finds the class of ${values.own} %, with random weights of ${values.random} %.`;
  if (answer === 'tell') context.port.log('attention', 'weights-no-better', text, values);
  else
    throw new FaultError('weights-no-better', `${text} Resume to evaluate them all the same.`, values, {
      retry: 'resume',
    });
}
