/** Titles by which a reader tells compared runs apart, also where two were given the same one. */
import type { Catalogue } from '../../../trainer/protocol/catalogue.ts';
import type { RunConfig } from '../../../trainer/protocol/run.ts';
import { titleWithChanges } from '../../words/titles.ts';

interface Titled {
  readonly id: string;
  readonly title: string;
  readonly config: RunConfig;
}

/** A free title: this one, or the first of "… (2)", "… (3)". */
function numbered(title: string, taken: ReadonlySet<string>): string {
  let free = title;
  for (let number = 2; taken.has(free); number++) free = `${title} (${number})`;
  return free;
}

/**
 * Titles by run id. Of runs with one title the first keeps it; the others say what they change of the first, and a number where
 * that is nothing.
 *
 * @param runs in the order in which they were created
 */
export function distinctTitles(runs: readonly Titled[], catalogue: Catalogue): ReadonlyMap<string, string> {
  const firsts = new Map<string, Titled>();
  for (const run of runs) if (!firsts.has(run.title)) firsts.set(run.title, run);
  const taken = new Set(firsts.keys());
  const titles = new Map<string, string>();
  for (const { id, title, config } of runs) {
    const first = firsts.get(title)!;
    if (first.id === id) {
      titles.set(id, title);
      continue;
    }
    const isAlike = first.config.kind === config.kind;
    const told = isAlike ? titleWithChanges({ ...first.config, title }, config, catalogue) : title;
    const own = numbered(told, taken);
    taken.add(own);
    titles.set(id, own);
  }
  return titles;
}

/** Names of imported weights by their id, told apart by a number where several have one name. */
export function distinctWeights(configs: readonly RunConfig[]): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  for (const config of configs) {
    if (config.kind !== 'evaluate' || config.subject.kind !== 'weights' || names.has(config.subject.weights)) continue;
    names.set(config.subject.weights, numbered(config.subject.name, new Set(names.values())));
  }
  return names;
}
