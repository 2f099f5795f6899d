/** Plans and the runs they became, as the store has them. */
import * as v from 'valibot';
import { FaultError } from '../../../trainer/durable/fault-error.ts';
import { Plan } from '../../../trainer/protocol/plan.ts';
import type { Store, StoredPlan, StoredRun } from '../store/store.ts';

export function isShipped(shipped: readonly Plan[], id: string): boolean {
  return shipped.some((plan) => plan.id === id);
}

/** The plan as it stood when it was started: later edits of the shipped file do not count. */
export function planOf(shipped: readonly Plan[], id: string, stored: StoredPlan | undefined): Plan {
  if (stored !== undefined) return v.parse(Plan, JSON.parse(stored.plan));
  const found = shipped.find((plan) => plan.id === id);
  if (found !== undefined) return found;
  const known = shipped.map((plan) => plan.id).join(', ');
  throw new FaultError('unknown-id', `No plan "${id}". Known: ${known}.`, { id });
}

export async function storedPlan(store: Store, id: string): Promise<StoredPlan | undefined> {
  return (await store.plans()).find((plan) => plan.id === id);
}

export async function runsOfPlan(store: Store, id: string): Promise<ReadonlyMap<string, StoredRun>> {
  return plannedIn(await store.runs(), id);
}

/** The runs of a plan by their key. */
export function plannedIn(runs: readonly StoredRun[], id: string): ReadonlyMap<string, StoredRun> {
  const found = runs.filter((run) => run.plan === id && run.planKey !== null && !run.deleted);
  // The newest of a key counts; the store lists newest first.
  return new Map(found.toReversed().map((run) => [run.planKey ?? '', run]));
}

const moving = new Set<StoredRun['status']>(['running', 'paused', 'queued']);

/** Tells whether a run is queued or under way. */
export function isMoving(status: StoredRun['status']): boolean {
  return moving.has(status);
}
