/**
 * A configuration as fields that a comparison can name, one value each: all of it but seeds, titles, and what belongs to the
 * machine (device, threads, workers). Data, encoder, epochs and batch have names of their own (`paper-cells.ts`).
 */
import type { Catalogue } from '../../../trainer/protocol/catalogue.ts';
import type { Choice, Options, OptionValue } from '../../../trainer/protocol/options.ts';
import { resizingProtocol } from '../../../trainer/protocol/results.ts';
import type {
  DataSource,
  EvaluateConfig,
  Normalization,
  Preprocessing,
  PretrainConfig,
  RunConfig,
  View,
} from '../../../trainer/protocol/run.ts';
import { whenNotFiniteOf } from '../../../trainer/protocol/when-not-finite.ts';
import { usualConfig } from './preset-config.ts';
import { completeOptions, namelessOptions } from './subjects.ts';

export type Fields = Readonly<Record<string, OptionValue | null>>;

/** The same fields below a name: `rate` → `optimizer.options.rate`. */
export function below(name: string, fields: Fields): Fields {
  return Object.fromEntries(Object.entries(fields).map(([key, value]) => [`${name}.${key}`, value]));
}

function chosen(name: string, { id }: Choice, options: Options): Fields {
  return { [name]: id, ...below(`${name}.options`, options) };
}

/** What a preset can state of a training. */
export function trainingFields(config: PretrainConfig, catalogue: Catalogue): Fields {
  const { method, encoders, views, normalization, optimizer, schedule, dropLast, data, execution } = config;
  const ofEach = <T>(name: string, all: readonly T[], fieldsOf: (one: T) => Fields): Fields =>
    Object.assign({}, ...all.map((one, at) => below(`${name}.${at + 1}`, fieldsOf(one)))) as Fields;
  const { share, excluded } = partOf(data);
  return {
    ...below('options', completeOptions(catalogue, 'methods', method)),
    ...ofEach('encoders', encoders, (encoder) => namelessOptions(catalogue, encoder)),
    ...ofEach('views', views, viewFields),
    ...below('normalization', normalizationFields(normalization)),
    ...chosen('optimizer', optimizer, completeOptions(catalogue, 'optimizers', optimizer)),
    ...chosen('schedule', schedule, completeOptions(catalogue, 'schedules', schedule)),
    dropLast,
    chunk: execution.chunk ?? 'whole-batch',
    'data.split': data.split,
    'data.share': share,
    'data.excluded': excluded,
  };
}

function viewFields(view: View): Fields {
  return { ...view };
}

function normalizationFields({ mean, std }: Normalization): Fields {
  return { mean, std };
}

/** How much of a split is used: 1 is all of it, a file's name a list of images. */
function partOf({ subset, exclude = [] }: DataSource): { readonly share: number | string; readonly excluded: number } {
  const share = subset === undefined ? 1 : subset.kind === 'share' ? subset.share : fileName(subset.path);
  return { share, excluded: exclude.length };
}

const fileName = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

/** How a figure is measured: of an evaluation, or of a probe during a training; null of a training without one. */
export function measuringFields(config: RunConfig, catalogue: Catalogue): Fields | null {
  const measured = config.kind === 'evaluate' ? config : config.probe;
  if (measured === null) return null;
  const { evaluator, preprocessing, train, test } = measured;
  const recipe = catalogue.evaluators.find(({ id }) => id === evaluator.id);
  const options = Object.entries(completeOptions(catalogue, 'evaluators', evaluator)).map(
    ([key, value]): [string, OptionValue] => [key, key === 'list' ? fileName(String(value)) : value],
  );
  const [learned, asked] = [partOf(train), partOf(test)];
  return {
    ...recipe?.states,
    ...Object.fromEntries(options),
    ...shownFields(recipe, preprocessing, config.kind === 'evaluate' ? config.layer : undefined),
    ...below('normalization', normalizationFields(config.normalization)),
    checkpoint: config.kind === 'evaluate' ? checkpointOf(config) : 'last',
    trainShare: learned.share,
    trainExcluded: learned.excluded,
    testShare: asked.share,
    testExcluded: asked.excluded,
  };
}

function checkpointOf({ subject }: EvaluateConfig): number | string {
  return subject.kind === 'run' ? subject.checkpoint : 'last';
}

type EvaluatorDescription = Catalogue['evaluators'][number];

/** What of an image and of the encoder an evaluator reads. A detector takes whole pictures and every stage. */
function shownFields(
  recipe: EvaluatorDescription | undefined,
  { resize, crop, interpolation, fit }: Preprocessing,
  layer: EvaluateConfig['layer'] = 'pooled',
): Fields {
  if (recipe?.targets === 'objects') return {};
  return {
    layer,
    ...below('preprocessing', { resize: resize ?? 'unresized', crop, interpolation, squash: fit === 'squash' }),
  };
}

/**
 * How a figure is measured where the paper says nothing else: all images, the last checkpoint, and images as the official evaluation
 * shows them to an encoder that was trained as it is.
 */
export function usualMeasuring(training: PretrainConfig | null, evaluator: string, catalogue: Catalogue): Fields {
  const whole = { checkpoint: 'last', trainShare: 1, trainExcluded: 0, testShare: 1, testExcluded: 0 };
  if (training === null) return whole;
  const recipe = catalogue.evaluators.find(({ id }) => id === evaluator);
  const crop = training.views[0]?.size ?? 224;
  const resize = Math.round((crop * 256) / 224);
  const { layer: _, ...shown } = shownFields(recipe, {
    resize,
    crop,
    interpolation: 'bilinear',
    ...recipe?.shows,
  });
  return { ...whole, ...shown, ...below('normalization', normalizationFields(training.normalization)) };
}

/** What no paper states: listed only where it is not as in `usualOperation`. */
export function operationFields(config: RunConfig): Fields {
  const { execution, checkpoint, logEvery } = config;
  const { precision, engine, recompute } = execution;
  return {
    ...resizingProtocol(config),
    precision,
    engine,
    recompute,
    logEvery,
    ...below('checkpoint', checkpoint),
    ...below('whenNotFinite', whenNotFiniteOf(config)),
    ...(config.kind === 'evaluate'
      ? { ...answered('trainReading', config.train), ...answered('testReading', config.test) }
      : { ...answered('data.reading', config.data), ...(config.probe === null ? {} : { probe: true }) }),
  };
}

/** That a person said how a folder is read. */
function answered(field: string, { reading = {} }: DataSource): Fields {
  return Object.keys(reading).length > 0 ? { [field]: true } : {};
}

/** Of both kinds of run, as nobody says anything. */
export const usualOperation: Fields = ((own: Fields) => ({ ...own, ...below('protocol', own) }))(
  operationFields(usualConfig),
);
