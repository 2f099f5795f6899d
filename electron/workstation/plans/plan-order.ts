/** Order of a plan's runs, and those that can be made with the data and weights at hand. */
import { evaluatedRun } from '../../../trainer/protocol/run.ts';
import { FaultError } from '../../../trainer/durable/fault-error.ts';
import type { Plan, PlannedRun } from '../../../trainer/protocol/plan.ts';
import { sourcesOf } from '../../../trainer/protocol/sources.ts';
import { plannedWeights, type FoundHere } from './planned-config.ts';

/** Sorts a run after the one it evaluates, else keeps the plan's own order. */
export function inDependencyOrder(runs: readonly PlannedRun[]): readonly PlannedRun[] {
  const ordered: PlannedRun[] = [];
  const open = [...runs];
  while (open.length > 0) {
    const done = new Set(ordered.map((run) => run.key));
    const next = open.findIndex(
      ({ config }) => config.kind !== 'evaluate' || config.subject.kind !== 'run' || done.has(config.subject.run),
    );
    if (next < 0)
      throw new FaultError(
        'internal',
        `The plan's runs ${open.map((run) => run.key).join(', ')} wait for each other or for a run it does not have.`,
      );
    ordered.push(...open.splice(next, 1));
  }
  return ordered;
}

/** Keys of the runs whose data and weights are there, and those of what they evaluate. */
export function possibleRuns(plan: Plan, { folders, weights }: FoundHere): ReadonlySet<string> {
  const possible = new Set<string>();
  for (const { key, config } of inDependencyOrder(plan.runs)) {
    const hasData = sourcesOf(config).every(({ path }) => !path.startsWith('$') || folders.has(path.slice(1)));
    const from = plannedWeights(config);
    const hasWeights = from === null || weights.has(from);
    const evaluates = evaluatedRun(config);
    if (hasData && hasWeights && (evaluates === null || possible.has(evaluates))) possible.add(key);
  }
  return possible;
}
