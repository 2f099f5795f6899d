/** Form edits of a configuration: by path, never in place. Pure. */
import { unmetNeed } from '../../electron/words/unmet-need.ts';
import type { Catalogue, RecipeDescription } from '../../trainer/protocol/catalogue.ts';
import type { Choice, OptionDescription, Options, OptionValue } from '../../trainer/protocol/options.ts';
import type { Preset } from '../../trainer/protocol/preset.ts';
import type { Origin } from '../../trainer/protocol/preset-origins.ts';
import { originsAt } from '../../electron/words/preset-origins.ts';
import type { Execution, PretrainConfig, Resizing, RunConfig, View } from '../../trainer/protocol/run.ts';

function entryOf(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>)[key] : undefined;
}
/** `getAt(config, 'views.0.size')` */
export function getAt(value: unknown, path: string): unknown {
  return path.split('.').reduce(entryOf, value);
}
/** A copy with one value changed; everything off the path is shared with the original. */
export function setAt<T>(value: T, path: string, next: unknown): T {
  const [key = '', ...rest] = path.split('.');
  const inner = rest.length === 0 ? next : setAt(entryOf(value, key), rest.join('.'), next);
  if (Array.isArray(value)) return value.with(Number(key), inner) as T;
  return { ...value, [key]: inner };
}

/** Every value of a configuration by its path; a list of plain values is one value. */
export function leavesOf(value: unknown, path = ''): readonly { readonly path: string; readonly value: unknown }[] {
  const isBranch =
    typeof value === 'object' &&
    value !== null &&
    !(Array.isArray(value) && value.every((part) => typeof part !== 'object'));
  if (!isBranch) return [{ path, value }];
  return Object.entries(value).flatMap(([key, inner]) => leavesOf(inner, path === '' ? key : `${path}.${key}`));
}

export function defaultsOf(options: readonly OptionDescription[]): Options {
  return Object.fromEntries(options.map((option) => [option.key, option.default]));
}
/** A recipe with its defaults written out, so that a configuration never depends on later defaults. */
export function choiceOf(recipe: RecipeDescription): Choice {
  return { id: recipe.id, options: defaultsOf(recipe.options) };
}

export interface Problem {
  readonly path: string;
  readonly kind: 'number' | 'whole' | 'minimum' | 'maximum' | 'choice' | 'empty' | 'needs';
  readonly limit: number | null;
}

export function problemOf(option: OptionDescription, value: unknown, path = option.key): Problem | null {
  const problem = (kind: Problem['kind'], limit: number | null = null): Problem => ({ path, kind, limit });
  switch (option.kind) {
    case 'boolean':
      return typeof value === 'boolean' ? null : problem('choice');
    case 'file':
      return typeof value === 'string' ? null : problem('empty');
    case 'text':
      return typeof value === 'string' && value.trim() !== '' ? null : problem('empty');
    case 'choice':
      return typeof value === 'string' && (option.choices ?? []).includes(value) ? null : problem('choice');
    case 'numbers':
      if (!Array.isArray(value) || value.length === 0) return problem('empty');
      return value.map((part) => numberProblem(part)).find((found) => found !== null) ?? null;
    case 'number':
    case 'integer':
      return numberProblem(value);
  }
  function numberProblem(number: unknown): Problem | null {
    if (typeof number !== 'number' || !Number.isFinite(number)) return problem('number');
    if (option.kind === 'integer' && !Number.isInteger(number)) return problem('whole');
    if (option.minimum !== undefined && number < option.minimum) return problem('minimum', option.minimum);
    if (option.maximum !== undefined && number > option.maximum) return problem('maximum', option.maximum);
    return null;
  }
}

const field = (
  key: string,
  kind: OptionDescription['kind'],
  fallback: OptionValue,
  minimum?: number,
  maximum?: number,
): OptionDescription => ({
  key,
  kind,
  default: fallback,
  ...(minimum === undefined ? {} : { minimum }),
  ...(maximum === undefined ? {} : { maximum }),
  comparable: false,
});

/** Fields every configuration has, by path. Bounds and defaults match protocol/run.ts; main checks them again. */
export const courseFields: readonly OptionDescription[] = [
  field('batch', 'integer', 256, 2, 65_536),
  field('epochs', 'number', 1, 0.001, 100_000),
];
export const runFields: readonly OptionDescription[] = [
  field('execution.threads', 'integer', 1, 1, 256),
  field('execution.loaderWorkers', 'integer', 1, 1, 64),
  field('checkpoint.everySeconds', 'number', 300, 1),
  field('checkpoint.keepLast', 'integer', 3, 2),
  field('logEvery', 'integer', 10, 1),
];
export const seedField = field('seed', 'integer', 0, 0, 0xffff_ffff);
export const layerField: OptionDescription = {
  ...field('layer', 'choice', 'pooled'),
  choices: ['pooled', 'res5-2x2', 'class-4', 'class-patches'],
};
/** As the trainer's protocol lists them, the newest first. */
export const resizings = ['pillow-13', 'pillow-12.2', 'pillow-12.1'] as const satisfies readonly Resizing[];
export const resizingField: OptionDescription = {
  ...field('resizing', 'choice', resizings[0]),
  choices: [...resizings],
};
export const meanField = field('normalization.mean', 'numbers', [0.5, 0.5, 0.5]);
/** Deviations are above 0; the trainer refuses the rest. */
export const stdField = field('normalization.std', 'numbers', [0.5, 0.5, 0.5], 1e-6);
/** A boolean one that is off is left out of a view. */
export const viewFields: readonly OptionDescription[] = [
  field('size', 'integer', 28, 8, 1024),
  field('resize', 'integer', 0, 0, 2048),
  field('patchOf', 'integer', 0, 0, 2048),
  field('patchJitter', 'integer', 0, 0, 1024),
  field('cropArea', 'numbers', [0.08, 1], 0, 1),
  field('cropRatio', 'numbers', [3 / 4, 4 / 3], 0.01),
  { ...field('interpolation', 'choice', 'bicubic'), choices: ['bilinear', 'bicubic'] },
  field('flip', 'number', 0.5, 0, 1),
  field('jitter', 'number', 0.8, 0, 1),
  field('jitterFirst', 'boolean', false),
  field('brightness', 'number', 0.4, 0),
  field('contrast', 'number', 0.4, 0),
  field('saturation', 'number', 0.2, 0),
  field('hue', 'number', 0.1, 0, 0.5),
  field('grayscale', 'number', 0.2, 0, 1),
  field('blur', 'number', 0, 0, 1),
  field('blurSigma', 'numbers', [0.1, 2], 0),
  field('solarize', 'number', 0, 0, 1),
  field('solarizeThreshold', 'number', 128, 0, 256),
];

/** What a field of a view is, also where it is left out. */
export const viewValue = (view: View, { key, default: usual }: OptionDescription): unknown =>
  view[key as keyof View] ?? usual;

/** Replaces the name at the beginning of a title; other titles are unchanged. */
export function renamed(title: string, before: string, after: string): string {
  return title.startsWith(before) ? after + title.slice(before.length) : title;
}

type Method = Catalogue['methods'][number];

/**
 * Switches to another method, with the encoders and views it needs. The values are then no longer those of the preset,
 * and a title that begins with the method's name is updated.
 */
export function withMethod(config: PretrainConfig, method: Method, before: Method | undefined): PretrainConfig {
  const { paired, preset: _preset, ...rest } = config;
  const { encoders, views, title } = config;
  const missing = Array.from({ length: Math.max(0, method.views - views.length) }, () => views.at(-1)!);
  return {
    ...rest,
    title: before === undefined ? title : renamed(title, before.title, method.title),
    ...(paired === undefined || method.branches === 1 ? {} : { paired }),
    method: choiceOf(method),
    encoders: method.branches === 1 ? [encoders[0]] : encoders,
    views: [...views, ...missing].slice(0, method.mostViews),
  };
}

/** A configuration that computes as `fastest` says, unless that was changed by hand since it was drafted with `before`. */
export function withExecution<T extends RunConfig>(config: T, before: Execution, fastest: Execution): T {
  const { execution } = config;
  const { device, precision, loaderWorkers } = fastest;
  const isUntouched =
    execution.device === before.device &&
    execution.precision === before.precision &&
    execution.loaderWorkers === before.loaderWorkers;
  return isUntouched ? { ...config, execution: { ...execution, device, precision, loaderWorkers } } : config;
}

/** Possible chunk sizes of a batch, largest first: repeated halves, as long as they are whole. */
export function chunksOf(batch: number): readonly number[] {
  const half = batch / 2;
  return Number.isInteger(half) && half >= 2 ? [half, ...chunksOf(half)] : [];
}
/** The largest chunk that needs clearly less memory than the run did; null if there is none. */
export function smallerChunk(config: RunConfig): number | null {
  if (config.kind !== 'pretrain') return null;
  const { chunk } = config.execution;
  return chunksOf(config.batch).find((part) => chunk === null || part < chunk) ?? null;
}

interface Slot {
  readonly path: string;
  readonly recipe: RecipeDescription | undefined;
}
/** The recipes chosen in a configuration, with their paths. */
export function slotsOf(config: RunConfig, catalogue: Catalogue): readonly Slot[] {
  const find = (recipes: readonly RecipeDescription[], path: string, id: string): Slot => ({
    path,
    recipe: recipes.find((recipe) => recipe.id === id),
  });
  if (config.kind === 'evaluate') return [find(catalogue.evaluators, 'evaluator', config.evaluator.id)];
  return [
    find(catalogue.methods, 'method', config.method.id),
    ...config.encoders.map((encoder, at) => find(catalogue.encoders, `encoders.${at}`, encoder.id)),
    find(catalogue.optimizers, 'optimizer', config.optimizer.id),
    find(catalogue.schedules, 'schedule', config.schedule.id),
    ...(config.probe === null ? [] : [find(catalogue.evaluators, 'probe.evaluator', config.probe.evaluator.id)]),
  ];
}

/** Problems that prevent a configuration from starting, by path. If empty, main should accept it. */
export function problemsOf(config: RunConfig, catalogue: Catalogue): readonly Problem[] {
  const check = (option: OptionDescription, path: string): Problem | null =>
    problemOf(option, getAt(config, path), path);
  const own = config.kind === 'pretrain' ? courseFields : [meanField, stdField];
  const fixed = [...runFields, seedField, ...own].map((option) => check(option, option.key));
  const options = slotsOf(config, catalogue).flatMap(({ path, recipe }) => {
    if (recipe === undefined) return [{ path, kind: 'choice', limit: null } as const];
    const chosen = getAt(config, `${path}.options`) as Options;
    return recipe.options.map((option) => {
      const place = `${path}.options.${option.key}`;
      if (unmetNeed(option, chosen) !== null) return { path: place, kind: 'needs', limit: null } as const;
      return check(option, place);
    });
  });
  const views =
    config.kind === 'pretrain'
      ? config.views.flatMap((view, at) =>
          viewFields.map((option) => problemOf(option, viewValue(view, option), `views.${at}.${option.key}`)),
        )
      : [];
  const { chunk } = config.execution;
  const parts =
    config.kind === 'pretrain' && chunk !== null && config.batch % chunk !== 0
      ? [{ path: 'execution.chunk', kind: 'choice', limit: null } as const]
      : [];
  const title = config.title.trim() === '' ? [{ path: 'title', kind: 'empty', limit: null } as const] : [];
  return [...title, ...parts, ...fixed, ...options, ...views].filter((problem) => problem !== null);
}

export const isEqual = (one: unknown, other: unknown): boolean =>
  JSON.stringify(sorted(one)) === JSON.stringify(sorted(other));
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .map(([key, inner]) => [key, sorted(inner)]),
  );
}

/** Where the preset's value at a path stands, or what is below it; empty if the preset says nothing of it. */
export function originsOf(preset: Preset | null, path: string): readonly Origin[] {
  return preset === null ? [] : originsAt(preset.origins, path);
}
/**
 * Paths whose value differs from the preset's, with the preset's value. `given`: what the preset gives on the chosen data,
 * which may have another number of channels; null: as the preset's file says.
 */
export function changesFrom(
  preset: Preset | null,
  config: RunConfig,
  given: RunConfig | null = null,
): readonly { readonly path: string; readonly value: unknown; readonly now: unknown }[] {
  if (preset === null) return [];
  return preset.values
    .flatMap((given) => leavesOf(given.value, given.path))
    .map(({ path, value }) => ({
      path,
      value: given === null ? value : getAt(given, path),
      now: getAt(config, path),
    }))
    .filter((leaf) => !isEqual(leaf.value, leaf.now));
}
