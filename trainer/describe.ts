/** Recipes as data: their option schemas turned into what a form draws. */
import * as v from 'valibot';
import type { Catalogue, RecipeDescription } from './protocol/catalogue.ts';
import type { OptionDescription, OptionValue } from './protocol/options.ts';
import type { Protocol } from './protocol/results.ts';
import { canProbe } from './recipe.ts';
import { datasets, encoders, evaluators, methods, optimizers, schedules } from './registry.ts';
import { version } from './version.ts';

/** What valibot's schemas are made of, as far as options use it. */
interface Node {
  readonly type: string;
  readonly entries?: Readonly<Record<string, Node>>;
  readonly wrapped?: Node;
  readonly default?: unknown;
  readonly options?: readonly string[];
  readonly item?: Node;
  readonly pipe?: readonly {
    readonly type: string;
    readonly requirement?: unknown;
    readonly metadata?: Readonly<Record<string, unknown>>;
  }[];
}

interface Described {
  readonly id: string;
  readonly title: string;
  readonly options: v.GenericSchema;
}

/** `comparable`: keys of the record two figures must share. */
export function describeRecipe(recipe: Described, comparable: ReadonlySet<string> = new Set()): RecipeDescription {
  const schema = recipe.options as unknown as Node;
  if (schema.entries === undefined) throw new Error(`The options of "${recipe.id}" are no object schema.`);
  const options = Object.entries(schema.entries).map(([key, node]) =>
    describeOption(recipe.id, key, node, comparable.has(key)),
  );
  return { id: recipe.id, title: recipe.title, options };
}

function describeOption(recipe: string, key: string, node: Node, comparable: boolean): OptionDescription {
  const inner = node.wrapped;
  if (node.type !== 'optional' || inner === undefined || node.default === undefined)
    throw new Error(`Option "${key}" of "${recipe}" has no default: wrap its schema in v.optional with one.`);
  const value = v.parse(node as unknown as v.GenericSchema<unknown, OptionValue>, undefined);
  const actions = inner.pipe ?? [];
  const bound = (type: string): number | undefined => {
    const requirement = actions.find((action) => action.type === type)?.requirement;
    return typeof requirement === 'number' ? requirement : undefined;
  };
  const needs = actions.find(({ metadata }) => metadata?.['needs'] !== undefined)?.metadata?.['needs'];
  const minimum = bound('min_value');
  const maximum = bound('max_value');
  return {
    key,
    kind: kindOf(recipe, key, inner),
    default: value,
    ...(minimum === undefined ? {} : { minimum }),
    ...(maximum === undefined ? {} : { maximum }),
    ...(inner.options === undefined ? {} : { choices: [...inner.options] }),
    comparable,
    ...(needs === undefined ? {} : { needs: needs as NonNullable<OptionDescription['needs']> }),
    ...(actions.some(({ metadata }) => metadata?.['draws'] === true) ? { draws: true } : {}),
  };
}

function kindOf(recipe: string, key: string, node: Node): OptionDescription['kind'] {
  switch (node.type) {
    case 'number':
      return node.pipe?.some((action) => action.type === 'integer') === true ? 'integer' : 'number';
    case 'boolean':
      return 'boolean';
    case 'picklist':
      return 'choice';
    case 'string':
      return node.pipe?.some(({ type, metadata }) => type === 'metadata' && metadata?.['kind'] === 'file') === true
        ? 'file'
        : 'text';
    case 'array':
      return 'numbers';
    default:
      throw new Error(
        `Option "${key}" of "${recipe}" is a ${node.type}: a form can draw number, boolean, picklist, string and array.`,
      );
  }
}

/** An evaluator's options, and what its protocol states besides them. */
function describeEvaluator(
  evaluator: (typeof evaluators.all)[number],
): RecipeDescription & { readonly states: Protocol } {
  const protocol = Object.entries(evaluator.protocol(v.parse(evaluator.options, {})));
  const described = describeRecipe(evaluator, new Set(protocol.map(([key]) => key)));
  const options = new Set(described.options.map(({ key }) => key));
  return { ...described, states: Object.fromEntries(protocol.filter(([key]) => !options.has(key))) };
}

export function describeAll(): Catalogue {
  return {
    version,
    methods: methods.all.map((method) => ({
      ...describeRecipe(method),
      paper: method.paper?.id ?? null,
      branches: method.branches,
      views: method.views,
      mostViews: method.mostViews ?? method.views,
      labels: method.labels,
    })),
    encoders: encoders.all.map((encoder) => ({
      ...describeRecipe(encoder),
      ...(encoder.evaluationOnly ? { evaluationOnly: true } : {}),
    })),
    optimizers: optimizers.all.map((optimizer) => describeRecipe(optimizer)),
    schedules: schedules.all.map((schedule) => describeRecipe(schedule)),
    evaluators: evaluators.all.map((evaluator) => ({
      ...describeEvaluator(evaluator),
      metrics: [...evaluator.metrics],
      margin: evaluator.margin,
      ...(evaluator.targets ? { targets: evaluator.targets } : {}),
      ...(evaluator.head || evaluator.detection ? { trains: true as const } : {}),
      probe: canProbe(evaluator),
      ...(evaluator.shows ? { shows: evaluator.shows } : {}),
      ...(evaluator.withBatch
        ? { withBatch: { grow: [...evaluator.withBatch.grow], shrink: [...evaluator.withBatch.shrink] } }
        : {}),
    })),
    datasets: datasets.all.map((dataset) => ({
      ...describeRecipe(dataset),
      licence: dataset.licence,
      homepage: dataset.homepage,
      splits: [...dataset.splits],
      channels: dataset.channels,
    })),
  };
}
