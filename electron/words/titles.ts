/** Titles that say what a configuration changes of the one it began as: "VICReg small · STL-10 · lr 0.004, batch 64". */
import type { Catalogue } from '../../trainer/protocol/catalogue.ts';
import type { RunConfig } from '../../trainer/protocol/run.ts';
import { chosenEncoderInWords } from './encoders.ts';

type Recipes = Pick<Catalogue, 'optimizers' | 'schedules' | 'evaluators'>;

interface Change {
  readonly noun: string;
  /** Empty where the noun says it all: "AdamW". */
  readonly value: string;
}

/** Changes named in a title; of more, their number is. */
const mostNamed = 3;
const longestTitle = 200;

/** Not told: what a title says already, what changes no result or only where losses are not finite, and where data lies. */
const untold = new Set([
  ...['version', 'kind', 'title', 'preset', 'method.id', 'subject', 'probe'],
  ...['checkpoint', 'logEvery', 'whenNotFinite', 'execution', 'data', 'paired', 'train', 'test'],
]);
const toldNevertheless = /^(execution\.(chunk|precision)|(data|train)\.subset\.share)$/;

/** What runs of before the choice did: `resizingOf` of the protocol. */
const oldest = { resizing: 'pillow-12.1' } as const satisfies Pick<RunConfig, 'resizing'>;

/** As papers write them. */
const nouns: Readonly<Record<string, string>> = { rate: 'lr', baseRate: 'base lr' };
const nounOf = (key: string): string =>
  nouns[key] ?? key.replaceAll(/[A-Z0-9]+/g, (part) => ` ${part.toLowerCase()}`).trim();

const isPlain = (value: unknown): boolean => typeof value !== 'object' || value === null;

function inWords(value: unknown): string {
  if (Array.isArray(value)) return value.map(inWords).join('–');
  if (value === null || value === undefined) return 'none';
  if (typeof value === 'boolean') return value ? 'on' : 'off';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** Paths of plain values, or lists of them, that differ. */
function differing(before: unknown, after: unknown, path = ''): readonly (readonly [path: string, value: unknown])[] {
  const isLeaf = (value: unknown) => isPlain(value) || (Array.isArray(value) && value.every(isPlain));
  if (isLeaf(after) || isPlain(before))
    return JSON.stringify(before) === JSON.stringify(after) ? [] : [[path, after] as const];
  const keys = new Set([...Object.keys(before as object), ...Object.keys(after as object)]);
  return [...keys].flatMap((key) =>
    differing(
      (before as Readonly<Record<string, unknown>>)[key],
      (after as Readonly<Record<string, unknown>>)[key],
      path === '' ? key : `${path}.${key}`,
    ),
  );
}

/** Ids of the recipes that a configuration chooses, by its field and their kind in the catalogue. */
const chosenIn = (config: RunConfig): readonly (readonly [slot: string, kind: keyof Recipes, id: string])[] =>
  config.kind === 'pretrain'
    ? [
        ['optimizer', 'optimizers', config.optimizer.id],
        ['schedule', 'schedules', config.schedule.id],
      ]
    : [['evaluator', 'evaluators', config.evaluator.id]];

/** Recipes that were exchanged; their options are then others too, and not told one by one. */
function exchanged(base: RunConfig, config: RunConfig, recipes: Recipes): ReadonlyMap<string, Change> {
  const before = new Set(chosenIn(base).map(([slot, , id]) => `${slot} ${id}`));
  return new Map(
    chosenIn(config)
      .filter(([slot, , id]) => !before.has(`${slot} ${id}`))
      .map(([slot, kind, id]) => {
        const recipe = recipes[kind].find((one) => one.id === id);
        return [slot, { noun: recipe?.title ?? id, value: '' }];
      }),
  );
}

function changesOf(base: RunConfig, config: RunConfig, recipes: Recipes): readonly Change[] {
  const whole = exchanged(base, config, recipes);
  const changes = new Map<string, Change>();
  const add = (change: Change): void => void changes.set(`${change.noun} ${change.value}`, change);
  for (const [path, value] of differing({ ...oldest, ...base }, { ...oldest, ...config })) {
    const [top = '', ...rest] = path.split('.');
    const recipe = whole.get(top);
    if (recipe !== undefined) add(recipe);
    else if (top === 'encoders' && config.kind === 'pretrain')
      add({ noun: config.encoders.map((encoder) => chosenEncoderInWords('en', encoder)).join(' + '), value: '' });
    else if (toldNevertheless.test(path) || !(untold.has(top) || untold.has(path)))
      add({ noun: nounOf(rest.at(-1) ?? top), value: inWords(value) });
  }
  return [...changes.values()];
}

/** The title without what it says of the same settings. */
function withoutNouns(title: string, changes: readonly Change[]): string {
  const parts = title.split(' · ');
  const last = parts.at(-1)!.split(', ');
  const kept = last.filter((part) => !changes.some(({ noun, value }) => value !== '' && part.startsWith(`${noun} `)));
  if (parts.length === 1 || kept.length === last.length) return title;
  return [...parts.slice(0, -1), ...(kept.length === 0 ? [] : [kept.join(', ')])].join(' · ');
}

/** The title of `base`, and what `config` changes of it, in the notation of papers; at most 200 characters. */
export function titleWithChanges(base: RunConfig, config: RunConfig, recipes: Recipes): string {
  const changes = changesOf(base, config, recipes);
  if (changes.length === 0) return base.title;
  const named = changes.slice(0, mostNamed).map(({ noun, value }) => (value === '' ? noun : `${noun} ${value}`));
  const more = changes.length > mostNamed ? ` + ${changes.length - mostNamed}` : '';
  const told = ` · ${named.join(', ')}${more}`;
  return (
    withoutNouns(base.title, changes).slice(0, Math.max(1, longestTitle - told.length)) +
    told.slice(0, longestTitle - 1)
  );
}

/** The configuration with its title kept true, where that is one of these and not a person's own. */
export function retitled<T extends RunConfig>(base: RunConfig, before: RunConfig, after: T, recipes: Recipes): T {
  const isOwn = after.title !== before.title || before.title !== titleWithChanges(base, before, recipes);
  return isOwn ? after : { ...after, title: titleWithChanges(base, after, recipes) };
}
