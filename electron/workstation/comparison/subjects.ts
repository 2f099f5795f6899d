/** The pretraining behind an evaluation, as facts to compare with a paper's cell. */
import { createHash } from 'node:crypto';
import { canonicalJson } from '../../../trainer/durable/canonical-json.ts';
import type { Catalogue } from '../../../trainer/protocol/catalogue.ts';
import type { Choice, Options } from '../../../trainer/protocol/options.ts';
import { spelledName } from '../../words/dataset-names.ts';
import { resizingOf, type DataSource, type PretrainConfig, type RunConfig } from '../../../trainer/protocol/run.ts';

export interface SubjectFacts {
  /** Title of the pretraining run; `random` or `pixels` for a control that is none. */
  readonly label: string;
  /** Method id, or `random` and `pixels`. */
  readonly method: string;
  /** Options of the method, defaults included. */
  readonly options: Options;
  readonly encoder: string;
  readonly pretrainedOn: string | null;
  readonly epochs: number | null;
  readonly batch: number | null;
  /** The evaluated encoder, 1 or 2, of two that share no weights. */
  readonly branch: number | null;
  /** Of the pretraining; null of a control, or where it is not recorded. */
  readonly training: PretrainConfig | null;
  /** Equal for two runs that differ by seed only. */
  readonly identity: unknown;
  /** The pretraining run, null for a control. */
  readonly run: string | null;
  readonly seed: number;
}

export function shortHash(value: unknown): string {
  return createHash('sha256').update(canonicalJson(value)).digest('hex').slice(0, 16);
}

/** By which a comparison knows a subject: equal for runs that differ by seed only. */
export const subjectId = ({ identity }: SubjectFacts): string => shortHash(identity);

type Recipes = 'methods' | 'encoders' | 'optimizers' | 'schedules' | 'evaluators';

/** Options with the recipe's defaults filled in. An id the catalogue does not know keeps what is spelled out. */
export function completeOptions(catalogue: Catalogue, kind: Recipes, choice: Choice): Options {
  const recipes: readonly { readonly id: string; readonly options: Catalogue['optimizers'][number]['options'] }[] =
    catalogue[kind];
  const described = recipes.find((recipe) => recipe.id === choice.id)?.options ?? [];
  return { ...Object.fromEntries(described.map((option) => [option.key, option.default])), ...choice.options };
}

/** Channels after the stem of a residual network that is named by its depth alone. */
const baseWidth = 64;

/**
 * `resnet-50`, `resnet-18 stem small, width 16`: the id, and the options that are not torchvision's own layout, or for another network
 * not its usual ones. A residual network that is wider by a whole number has the papers' name: `resnet-50x2`.
 */
export function encoderName(catalogue: Catalogue, choice: Choice): string {
  const options = completeOptions(catalogue, 'encoders', choice);
  const isResidual = 'stem' in options;
  const times = isResidual ? Number(options['width']) / baseWidth : 1;
  const isWider = times > 1 && Number.isInteger(times);
  const id = isWider ? `${choice.id}x${times}` : choice.id;
  const layout: Options = isResidual
    ? { stem: 'imagenet', stemPadding: 1, width: isWider ? baseWidth * times : baseWidth }
    : completeOptions(catalogue, 'encoders', { id: choice.id, options: {} });
  const nameless = namelessOptions(catalogue, choice);
  const unusual = Object.entries(options)
    .filter(([key, value]) => value !== layout[key] && !(key in nameless))
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([key, value]) => `${key} ${String(value)}`);
  return unusual.length === 0 ? id : `${id} ${unusual.join(', ')}`;
}

/** Of a pretraining; of separate branches both. */
export function encodersName(catalogue: Catalogue, { encoders }: PretrainConfig): string {
  return encoders.map((encoder) => encoderName(catalogue, encoder)).join(' + ');
}

/**
 * Options that an encoder's name leaves out: initial values belong to the training, not to the network, and stride and padding to the small
 * stem only.
 */
export function namelessOptions(catalogue: Catalogue, choice: Choice): Options {
  const options = completeOptions(catalogue, 'encoders', choice);
  const left = ['zeroInitResidual', ...(options['stem'] === 'imagenet' ? ['stemStride', 'stemPadding'] : [])];
  return Object.fromEntries(Object.entries(options).filter(([key]) => left.includes(key)));
}

/** Names of data sets as the papers' cells spell them: `Fashion-MNIST` is `fashion-mnist`. */
export function dataName(
  source: Pick<DataSource, 'dataset' | 'fingerprint'> & { readonly path?: string },
  names: ReadonlyMap<string, string>,
): string {
  // Before a plan is started its data is a name: `$fashion-mnist`.
  if (source.path?.startsWith('$') === true) return source.path.slice(1);
  if (source.fingerprint === undefined) return source.dataset;
  const known = names.get(source.fingerprint);
  // One that was removed from the list has its reader's name, which may be that of a data set it is only a part of.
  if (known === undefined) return `${source.dataset} ${source.fingerprint.slice(0, 8)}`;
  return spelledName(known);
}

/** What a pretraining learns from; of two modalities both. */
export function pretrainingData({ data, paired }: PretrainConfig, names: ReadonlyMap<string, string>): string {
  return [data, ...(paired ? [paired] : [])].map((source) => dataName(source, names)).join(' + ');
}

/** Images, and how they are read: the same for two random parts of a split that are equally large: they repeat each other. */
function dataIdentity({ fingerprint, dataset, path, split, ...part }: DataSource): unknown {
  const { subset, exclude = [], reading = {} } = part;
  return {
    data: fingerprint ?? `${dataset}:${path}`,
    split,
    exclude,
    reading,
    ...(subset === undefined
      ? {}
      : { part: subset.kind === 'share' ? { share: subset.share } : { list: subset.path } }),
  };
}

/** Options of an evaluator that are seeds of a random draw. */
export function drawOptions({ evaluators }: Catalogue, evaluator: string): readonly string[] {
  const options = evaluators.find(({ id }) => id === evaluator)?.options ?? [];
  return options.filter(({ draws }) => draws === true).map(({ key }) => key);
}

/** A record without the seeds of draws. */
export function withoutDraws<T>(record: Readonly<Record<string, T>>, draws: readonly string[]): Record<string, T> {
  return Object.fromEntries(Object.entries(record).filter(([key]) => !draws.includes(key)));
}

function pretrainIdentity(config: PretrainConfig): unknown {
  const { method, encoders, views, normalization, optimizer, schedule, batch, epochs, dropLast } = config;
  const { chunk, precision } = config.execution;
  const data = dataIdentity(config.data);
  return {
    ...(config.paired === undefined ? {} : { paired: dataIdentity(config.paired) }),
    method,
    encoders,
    data,
    views,
    normalization,
    resizing: resizingOf(config),
    optimizer,
    schedule,
    batch,
    epochs,
    dropLast,
    chunk,
    precision,
  };
}

/** What a configuration evaluates, or trains. `configOf` finds the run an evaluation starts from. */
export function subjectFacts(
  run: { readonly id: string; readonly title: string; readonly config: RunConfig },
  configOf: (run: string) => { readonly id: string; readonly title: string; readonly config: RunConfig } | undefined,
  catalogue: Catalogue,
  names: ReadonlyMap<string, string>,
): SubjectFacts {
  const { config } = run;
  if (config.kind === 'pretrain') {
    return {
      label: run.title,
      method: config.method.id,
      options: completeOptions(catalogue, 'methods', config.method),
      encoder: encodersName(catalogue, config),
      pretrainedOn: pretrainingData(config, names),
      epochs: config.epochs,
      batch: config.batch,
      training: config,
      branch: config.encoders.length === 1 ? null : 1,
      identity: pretrainIdentity(config),
      run: run.id,
      seed: config.seed,
    };
  }
  const control = {
    options: {},
    pretrainedOn: null,
    epochs: null,
    batch: null,
    training: null,
    branch: null,
    run: null,
    seed: config.seed,
  };
  const { subject } = config;
  if (subject.kind === 'pixels') {
    return { ...control, label: 'pixels', method: 'pixels', encoder: 'pixels', identity: 'pixels' };
  }
  if (subject.kind === 'random') {
    const encoder = encoderName(catalogue, subject.encoder);
    const identity = { random: subject.encoder };
    return { ...control, label: 'random', method: 'random', encoder, identity, seed: subject.seed };
  }
  if (subject.kind === 'weights') {
    const { name, origin } = subject;
    const method = origin.method ?? '';
    const known = catalogue.methods.some(({ id }) => id === method);
    return {
      ...control,
      ...origin,
      method,
      label: name,
      encoder: encoderName(catalogue, subject.encoder),
      options: known ? completeOptions(catalogue, 'methods', { id: method, options: {} }) : {},
      identity: { weights: subject.weights },
    };
  }
  const source = configOf(subject.run);
  if (source === undefined) {
    // The pretraining was deleted permanently: its evaluation is still valid, but its origin is unknown.
    return { ...control, label: run.title, method: '', encoder: '', identity: { run: subject.run } };
  }
  const facts = subjectFacts(source, configOf, catalogue, names);
  const { checkpoint, branch } = subject;
  const label = branch === 0 ? facts.label : `${facts.label} · ${branch + 1}`;
  return {
    ...facts,
    label,
    branch: facts.branch && branch + 1,
    identity: { pretraining: facts.identity, checkpoint, branch },
  };
}

/** Equal for two evaluations that differ by seeds only. */
export function evaluationIdentity(config: RunConfig, subject: SubjectFacts, catalogue: Catalogue): unknown {
  if (config.kind === 'pretrain') return { subject: subject.identity, probe: config.probe };
  const { preprocessing, normalization, layer = 'pooled' } = config;
  const { id, options } = config.evaluator;
  const evaluator = { id, options: withoutDraws(options, drawOptions(catalogue, id)) };
  const data = { train: dataIdentity(config.train), test: dataIdentity(config.test) };
  const resizing = resizingOf(config);
  return { subject: subject.identity, evaluator, preprocessing, normalization, resizing, layer, data };
}
