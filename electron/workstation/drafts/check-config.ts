/** Checks a configuration against this build: rejects unknown recipes and invalid values, and writes out defaults. */
import { FaultError } from '../../../trainer/durable/fault-error.ts';
import type { Catalogue, RecipeDescription } from '../../../trainer/protocol/catalogue.ts';
import type { Choice, OptionDescription, Options, OptionValue } from '../../../trainer/protocol/options.ts';
import {
  precisionsOn,
  resizingOf,
  type EvaluateConfig,
  type PretrainConfig,
  type RunConfig,
} from '../../../trainer/protocol/run.ts';
import { whenNotFiniteOf } from '../../../trainer/protocol/when-not-finite.ts';
import { unmetNeed } from '../../words/unmet-need.ts';
import { expectOtherImages } from '../data/evaluator-fit.ts';

/** The same configuration with every option spelled out, so that a later default cannot change what this run meant. */
export function completeConfig(config: RunConfig, catalogue: Catalogue): RunConfig {
  const { methods, encoders, optimizers, schedules, evaluators, datasets } = catalogue;
  const encoder = (choice: Choice): Choice => completeChoice(choice, encoders, 'encoder');
  const probes = evaluators.filter(({ probe }) => probe);
  const resizing = resizingOf(config);
  const whenNotFinite = whenNotFiniteOf(config);
  checkExecution(config.execution);
  if (config.kind === 'pretrain') {
    config.encoders.forEach((choice) => expectTrainable(expectRecipe(choice.id, encoders, 'encoder'), encoders));
    expectRecipe(config.data.dataset, datasets, 'data set');
    if (config.paired !== undefined) expectRecipe(config.paired.dataset, datasets, 'data set');
    checkMethod(config, expectRecipe(config.method.id, methods, 'method'));
    checkChunk(config);
    return {
      ...config,
      resizing,
      whenNotFinite,
      method: completeChoice(config.method, methods, 'method'),
      encoders:
        config.encoders.length === 1
          ? [encoder(config.encoders[0])]
          : [encoder(config.encoders[0]), encoder(config.encoders[1])],
      optimizer: completeChoice(config.optimizer, optimizers, 'optimizer'),
      schedule: completeChoice(config.schedule, schedules, 'schedule'),
      probe:
        config.probe === null
          ? null
          : { ...config.probe, evaluator: completeEvaluator(config.probe, probes, 'evaluator for a probe') },
    };
  }
  expectRecipe(config.train.dataset, datasets, 'data set');
  expectRecipe(config.test.dataset, datasets, 'data set');
  const { subject } = config;
  return {
    ...config,
    resizing,
    whenNotFinite,
    evaluator: completeEvaluator(config, evaluators, 'evaluator'),
    subject: 'encoder' in subject ? { ...subject, encoder: encoder(subject.encoder) } : subject,
  };
}

/** Completes the evaluator of an evaluation or a probe, which must use images other than those it learns from. */
function completeEvaluator(
  { evaluator, train, test }: Pick<EvaluateConfig, 'evaluator' | 'train' | 'test'>,
  known: Catalogue['evaluators'],
  what: string,
): Choice {
  const recipe = expectRecipe(evaluator.id, known, what);
  const complete = completeChoice(evaluator, known, what);
  // An imported detector that takes no steps learns from no images.
  if (complete.options['steps'] !== 0) expectOtherImages(recipe, train, test);
  return complete;
}

/** The encoder of a branch; branches that share an encoder only have the first. */
export function expectEncoder(title: string, { encoders }: PretrainConfig, branch: 0 | 1): Choice {
  const encoder = encoders[branch];
  if (encoder !== undefined) return encoder;
  throw new FaultError('bad-argument', `Run "${title}" trains one encoder, which both branches share.`, { branch });
}

/** An encoder for imported weights is evaluated, not pretrained. */
function expectTrainable({ id, title, evaluationOnly }: Catalogue['encoders'][number], known: Catalogue['encoders']) {
  if (evaluationOnly !== true) return;
  const others = known.filter((one) => one.evaluationOnly !== true).map((one) => one.title);
  throw new FaultError(
    'bad-argument',
    `"${title}" is for imported weights: it can be evaluated, not pretrained. Choose one of ${others.join(', ')}.`,
    { id },
  );
}

/** Checks that the numbers of branches and views fit the method. */
function checkMethod(
  { encoders, views, paired }: Extract<RunConfig, { kind: 'pretrain' }>,
  { id, title, branches, views: least, mostViews: most }: Catalogue['methods'][number],
): void {
  const refuse = (text: string): never => {
    throw new FaultError('bad-argument', `${title} ${text}.`, { method: id });
  };
  if (paired !== undefined && branches === 1)
    refuse('sees both views of an image alike: pairs of pictures are for VICReg, Barlow Twins and SimCLR');
  if (encoders.length > branches) refuse(`trains ${branches} encoder, the configuration has ${encoders.length}`);
  if (views.length < least || views.length > most)
    refuse(
      `needs ${most > least ? `${least} to ${most}` : least} views of an image, the configuration has ${views.length}`,
    );
}

/** Without decoding workers a picture that its decoder crashes on would end the run at each attempt: nobody noted which it was. */
function checkExecution({ device, precision, loaderWorkers }: RunConfig['execution']): void {
  if (loaderWorkers === 0) {
    throw new FaultError(
      'bad-argument',
      'execution.loaderWorkers 0: a run needs 1 decoding worker at least, which notes the picture that a decoder crashes on.',
      { loaderWorkers },
    );
  }
  const possible = precisionsOn(device);
  if (possible.includes(precision)) return;
  throw new FaultError(
    'bad-argument',
    `The processor does not compute in ${precision}, which is a format of NVIDIA GPUs: choose one of ${possible.join(', ')}.`,
    { precision },
  );
}

/** Every batch is cut into equal parts, including the last of an epoch, which must therefore be a full one. */
function checkChunk({ batch, dropLast, execution: { chunk, engine } }: Extract<RunConfig, { kind: 'pretrain' }>): void {
  if (chunk === null) return;
  const refuse = (why: string): never => {
    throw new FaultError('bad-argument', `execution.chunk ${chunk}: ${why}.`, { chunk, batch });
  };
  if (engine === 'eager') refuse('the eager engine takes whole batches; choose the traced one');
  if (batch % chunk !== 0) refuse(`it does not divide the batch of ${batch}`);
  if (!dropLast) refuse('the last batch of an epoch is smaller and may not divide; leave it out (dropLast true)');
}

export function expectRecipe<T extends RecipeDescription>(id: string, known: readonly T[], what: string): T {
  const found = known.find((recipe) => recipe.id === id);
  if (found !== undefined) return found;
  const ids = known
    .map((recipe) => recipe.id)
    .sort()
    .join(', ');
  throw new FaultError('unknown-id', `No ${what} "${id}". Known: ${ids}.`, { id });
}

export function completeChoice(choice: Choice, known: readonly RecipeDescription[], what: string): Choice {
  const recipe = expectRecipe(choice.id, known, what);
  for (const key of Object.keys(choice.options)) {
    if (!recipe.options.some((option) => option.key === key))
      throw new FaultError(
        'bad-argument',
        `The ${what} "${recipe.id}" has no option "${key}". Known: ${recipe.options.map((option) => option.key).join(', ') || 'none'}.`,
        { key },
      );
  }
  const options: Options = {};
  for (const option of recipe.options) {
    const value = choice.options[option.key] ?? option.default;
    const problem = problemOf(option, value);
    if (problem !== null)
      throw new FaultError('bad-argument', `${what} "${recipe.id}", option "${option.key}": ${problem}.`, {
        key: option.key,
      });
    options[option.key] = value;
  }
  for (const option of recipe.options) {
    const unmet = unmetNeed(option, options);
    if (unmet === null) continue;
    throw new FaultError(
      'bad-argument',
      `${what} "${recipe.id}", option "${option.key}": ${JSON.stringify(options[option.key])} needs "${unmet.option}" to be ${JSON.stringify(unmet.is)}.`,
      { key: option.key },
    );
  }
  return { id: recipe.id, options };
}

function problemOf(option: OptionDescription, value: OptionValue): string | null {
  const { kind, minimum, maximum, choices } = option;
  if (kind === 'number' || kind === 'integer') {
    if (typeof value !== 'number' || !Number.isFinite(value)) return `${JSON.stringify(value)} is not a number`;
    if (kind === 'integer' && !Number.isInteger(value)) return `${value} is not a whole number`;
    if (minimum !== undefined && value < minimum) return `${value} is below ${minimum}`;
    if (maximum !== undefined && value > maximum) return `${value} is above ${maximum}`;
    return null;
  }
  if (kind === 'boolean')
    return typeof value === 'boolean' ? null : `${JSON.stringify(value)} is neither true nor false`;
  if (kind === 'numbers')
    return Array.isArray(value) && value.every(Number.isFinite)
      ? null
      : `${JSON.stringify(value)} is not a list of numbers`;
  if (typeof value !== 'string') return `${JSON.stringify(value)} is not a text`;
  if (kind === 'choice' && choices !== undefined && !choices.includes(value))
    return `"${value}" is none of ${choices.join(', ')}`;
  return null;
}
