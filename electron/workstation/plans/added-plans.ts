/** Adds plans from a report's bundle, removes them, and restores them. */
import { FaultError } from '../../../trainer/durable/fault-error.ts';
import { declaredMetric } from '../../../trainer/protocol/declared-metrics.ts';
import type { Plan } from '../../../trainer/protocol/plan.ts';
import { completeConfig } from '../drafts/check-config.ts';
import { Bundle } from '../report/bundle.ts';
import type { RequestHandler } from '../request-types.ts';
import type { StoredPlan } from '../store/store.ts';
import type { Weights } from '../weights/weights.ts';
import { readChecked } from '../workspace/resources.ts';
import { forgetPlan, savePlan } from '../workspace/stored-files.ts';
import { inDependencyOrder } from './plan-order.ts';
import { isMoving, isShipped, runsOfPlan, storedPlan } from './plan-records.ts';
import type { PlansContext } from './plans-context.ts';

export interface AddedPlans {
  readonly add: RequestHandler<'addPlan'>;
  readonly remove: RequestHandler<'removePlan'>;
  readonly undoRemove: RequestHandler<'undoRemovePlan'>;
}

export function createAddedPlans(context: PlansContext): AddedPlans {
  const { workspace, store, shipped, catalogue, weights, push, now } = context;
  /** Kept for as long as the workspace is open. */
  const removed = new Map<string, StoredPlan>();

  return {
    add: async (file) => {
      const { plan, results, environment } = await readChecked(file, Bundle);
      // Everything that this build cannot do is found before anything is stored.
      for (const { config } of plan.runs) completeConfig(config, catalogue);
      inDependencyOrder(plan.runs);
      await expectWeights(plan, weights);
      const { id } = plan;
      if (isShipped(shipped, id))
        throw new FaultError('bad-argument', `${file} calls its plan "${id}", which is one that ships.`, { id });
      if ((await storedPlan(store, id)) === undefined)
        await savePlan(workspace, store, { id, plan: JSON.stringify(plan), startedAt: now(), paused: false });
      push('plansChanged');
      const withUnits = results.map((result) => ({
        ...result,
        unit: declaredMetric(catalogue, result.evaluator, result.metric).unit,
      }));
      return { plan: id, results: withUnits, environment };
    },
    remove: async (id) => {
      removed.set(id, await removablePlan(context, id));
      await forgetPlan(workspace, store, id);
      push('plansChanged');
    },
    undoRemove: async (id) => {
      const stored = removed.get(id);
      if (stored === undefined) throw new FaultError('unknown-id', `No plan "${id}" was removed here.`, { id });
      await savePlan(workspace, store, stored);
      removed.delete(id);
      push('plansChanged');
    },
  };
}

async function expectWeights(plan: Plan, weights: Weights): Promise<void> {
  const there = new Set((await weights.rows()).map(({ id }) => id));
  for (const { config } of plan.runs) {
    if (config.kind !== 'evaluate' || config.subject.kind !== 'weights' || there.has(config.subject.weights)) continue;
    const { weights: missing, name } = config.subject;
    const text = `The plan evaluates the weights "${name}" (${missing}): import their file first.`;
    throw new FaultError('not-available', text, { weights: missing });
  }
}

/** The plan as stored, if it did not ship and none of its runs is under way. */
async function removablePlan({ shipped, store }: PlansContext, id: string): Promise<StoredPlan> {
  if (isShipped(shipped, id))
    throw new FaultError('bad-argument', `The plan "${id}" came with the program and stays.`, { id });
  const stored = await storedPlan(store, id);
  if (stored === undefined) throw new FaultError('unknown-id', `There is no plan "${id}" to remove.`, { id });
  const open = [...(await runsOfPlan(store, id)).values()].find(({ status }) => isMoving(status));
  if (open !== undefined) {
    const text = `The plan's run "${open.title}" is ${open.status}: pause the plan before removing it.`;
    throw new FaultError('busy', text, { run: open.id });
  }
  return stored;
}
