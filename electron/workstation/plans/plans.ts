/** Plans: what can be reproduced, what it needs on this machine, and the runs it becomes. Starting one again goes on where it was. */
import { FaultError } from '../../../trainer/durable/fault-error.ts';
import type { PlanRow } from '../../api/plans.ts';
import { savePlan } from '../workspace/stored-files.ts';
import { createAddedPlans, type AddedPlans } from './added-plans.ts';
import { calibratePlan } from './calibrate-plan.ts';
import { runsOfPlan, storedPlan } from './plan-records.ts';
import { planRow, planRows } from './plan-row.ts';
import type { PlansContext } from './plans-context.ts';
import { startPlan } from './start-plan.ts';

export interface Plans extends AddedPlans {
  readonly rows: () => Promise<readonly PlanRow[]>;
  /** `seeds`: number of seeds of its runs; null keeps the present number. */
  readonly start: (plan: string, seeds?: number | null) => Promise<void>;
  readonly pause: (plan: string) => Promise<void>;
  readonly calibrate: (plan: string) => Promise<PlanRow>;
}

export function createPlans(context: PlansContext): Plans {
  return {
    ...createAddedPlans(context),
    rows: () => planRows(context),
    start: (id, seeds = null) => startPlan(context, id, seeds),
    pause: (id) => pausePlan(context, id),
    calibrate: async (id) => {
      await calibratePlan(context, id);
      const { store } = context;
      return planRow(context, id, await storedPlan(store, id), await store.runs());
    },
  };
}

async function pausePlan({ workspace, store, host, runs, push }: PlansContext, id: string): Promise<void> {
  const stored = await storedPlan(store, id);
  if (stored === undefined) throw new FaultError('not-available', `The plan "${id}" has not been started.`, { id });
  await savePlan(workspace, store, { ...stored, paused: true });
  push('plansChanged');
  const planned = [...(await runsOfPlan(store, id)).values()];
  push(
    'runsChanged',
    planned.map((run) => run.id),
  );
  // The run that is on the device is saved and stopped; starting the plan again resumes it.
  for (const run of planned) {
    if (host.sessionOrNull(run.id) !== null) await runs.stop(run.id, 'safely');
  }
}
