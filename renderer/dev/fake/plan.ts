/** The first plan, half done. */
import type { RunRow } from '../../../electron/api/runs.ts';
import type { PlanRow } from '../../../electron/api/plans.ts';
import type { Plan } from '../../../trainer/protocol/plan.ts';
import planJson from '../../../resources/plans/first.json';
import { listRuns } from './runs.ts';
import { type FakeAnswers, type FakeWorld, minutes } from './world.ts';

export const plan = planJson as unknown as Plan;

function planRow(world: FakeWorld): PlanRow {
  const { empty } = world;
  const runOf = (key: string): RunRow | undefined => listRuns(world).find((one) => one.planKey === key);
  return {
    plan,
    needs: [
      {
        kind: 'data',
        ok: true,
        values: { name: 'fashion-mnist', title: 'Fashion-MNIST', path: '/data/fashion-mnist' },
      },
      { kind: 'disk', ok: true, values: { needed: 240_000_000, free: 212_000_000_000 } },
      { kind: 'memory', ok: true, values: { needed: 910_000_000, free: 19_400_000_000 } },
    ],
    runs: plan.runs.map(({ key }) => {
      return { key, run: runOf(key)?.id ?? null, status: runOf(key)?.status ?? null, waits: null };
    }),
    state: empty ? 'ready' : 'running',
    secondsLeft: empty ? null : 1480,
    roughSecondsLeft: empty ? 1400 : null,
    perSeed: { seconds: empty ? null : 1210, diskBytes: empty ? null : 200_000_000 },
    startedAt: empty ? null : minutes(30),
    seeds: 1,
    isShipped: true,
  };
}

export function planAnswers(
  world: FakeWorld,
): FakeAnswers<'plans' | 'startPlan' | 'pausePlan' | 'addPlan' | 'removePlan' | 'undoRemovePlan' | 'calibratePlan'> {
  return {
    plans: () => [planRow(world)],
    startPlan: () => undefined,
    pausePlan: () => undefined,
    addPlan: () => ({
      plan: 'first',
      results: [],
      environment: { version: '0.1.0', platform: 'linux x64', versions: {}, instructionSets: [] },
    }),
    removePlan: () => undefined,
    undoRemovePlan: () => undefined,
    calibratePlan: async () => {
      await world.sideJob('calibrate', 'calibrating');
      return planRow(world);
    },
  };
}
