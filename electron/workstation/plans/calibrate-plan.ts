/** Timing the steps of a plan's runs on this machine: one calibration serves all runs of a shape. */
import type { RunConfig } from '../../../trainer/protocol/run.ts';
import { calibrationKey } from '../drafts/calibration-key.ts';
import { ensureData, possibleRunsHere } from './plan-data.ts';
import { planOf, storedPlan } from './plan-records.ts';
import { subjectConfig, withRandomSubject } from './planned-config.ts';
import type { PlansContext } from './plans-context.ts';

export async function calibratePlan(context: PlansContext, id: string): Promise<void> {
  const plan = planOf(context.shipped, id, await storedPlan(context.store, id));
  await ensureData(context, plan);
  const planned = await possibleRunsHere(context, plan);
  const shapes = new Map<string, RunConfig>();
  for (const { config } of planned) {
    const subject = subjectConfig(config, planned);
    const key = calibrationKey(config, subject);
    if (!shapes.has(key)) shapes.set(key, withRandomSubject(config, subject));
  }
  for (const config of shapes.values()) await context.estimates.calibrate(config);
}
