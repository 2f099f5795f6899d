/** Data, weights, disk and memory that a plan needs, beside what this machine has. */
import type { Plan } from '../../../trainer/protocol/plan.ts';
import type { Estimate } from '../../api/drafts.ts';
import type { PlanRow } from '../../api/plans.ts';
import type { FoundHere } from './planned-config.ts';

export function needsOf(plan: Plan, { folders, weights }: FoundHere, estimates: readonly Estimate[]): PlanRow['needs'] {
  const disk = total(estimates.map((estimate) => estimate.diskBytes));
  const memory = estimates.map((estimate) => estimate.memoryBytes).filter((bytes) => bytes !== null);
  const [first] = estimates;
  const free = { disk: first?.diskFreeBytes ?? null, memory: first?.memoryFreeBytes ?? null };
  const most = memory.length === 0 ? null : Math.max(...memory);
  const fits = (needed: number | null, has: number | null) => (needed === null || has === null ? null : needed <= has);
  const known = (values: Readonly<Record<string, number | null>>) =>
    Object.fromEntries(Object.entries(values).filter((entry): entry is [string, number] => entry[1] !== null));
  return [
    ...plan.data.map(({ name, title }) => {
      const path = folders.get(name);
      return {
        kind: 'data' as const,
        ok: path !== undefined,
        values: { name, title, ...(path === undefined ? {} : { path }) },
      };
    }),
    ...(plan.weights ?? []).map(({ name, title }) => {
      const own = weights.get(name);
      return {
        kind: 'weights' as const,
        ok: own !== undefined,
        values: { name, title, ...(own === undefined ? {} : { file: own.name }) },
      };
    }),
    { kind: 'disk', ok: fits(disk, free.disk), values: known({ needed: disk, free: free.disk }) },
    { kind: 'memory', ok: fits(most, free.memory), values: known({ needed: most, free: free.memory }) },
  ];
}

/** Sum; null as soon as one part is unknown. */
export function total(values: readonly (number | null)[]): number | null {
  let sum = 0;
  for (const value of values) {
    if (value === null) return null;
    sum += value;
  }
  return sum;
}
