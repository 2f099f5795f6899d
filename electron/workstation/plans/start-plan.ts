/**
 * Starting a plan: makes the runs that are not made yet, and queues those that are not done, except those that wait for
 * the user's decision.
 */
import { FaultError } from '../../../trainer/durable/fault-error.ts';
import { waitsForDecision } from '../runs/begin-run.ts';
import type { StoredRun } from '../store/store.ts';
import { savePlan } from '../workspace/stored-files.ts';
import { ensureData, possibleRunsHere } from './plan-data.ts';
import { inDependencyOrder } from './plan-order.ts';
import { planOf, runsOfPlan, storedPlan } from './plan-records.ts';
import { evaluatorsWithHead, seedsOf, withSeeds } from './plan-seeds.ts';
import { withSubject } from './planned-config.ts';
import type { PlansContext } from './plans-context.ts';

const toStart = new Set<StoredRun['status']>(['queued', 'interrupted', 'stopped', 'failed', 'draft']);

/** @param seeds number of seeds of its runs; null keeps the present number */
export async function startPlan(context: PlansContext, id: string, seeds: number | null): Promise<void> {
  const { workspace, store, shipped, catalogue, runs, queue, push, now } = context;
  const before = await storedPlan(store, id);
  const known = planOf(shipped, id, before);
  if (seeds !== null && seeds < seedsOf(known))
    throw new FaultError('bad-argument', `The plan has ${seedsOf(known)} seeds already; ${seeds} would be fewer.`, {
      id,
    });
  const plan = seeds === null ? known : withSeeds(known, seeds, evaluatorsWithHead(catalogue));
  await ensureData(context, plan);
  const own = await runsOfPlan(store, id);
  const startedAt = own.size === 0 ? now() : (before?.startedAt ?? now());
  await savePlan(workspace, store, { id, plan: JSON.stringify(plan), startedAt, paused: false });
  const ids = new Map([...own].map(([key, run]) => [key, run.id]));
  const toQueue: string[] = [];
  for (const { key, config } of inDependencyOrder(await possibleRunsHere(context, plan))) {
    const there = own.get(key);
    const made = there?.id ?? (await runs.make(withSubject(config, ids), { plan: id, planKey: key }));
    ids.set(key, made);
    if (there === undefined || (toStart.has(there.status) && !waitsForDecision(there))) toQueue.push(made);
  }
  await queue.add(toQueue, 'back');
  push('plansChanged');
}
