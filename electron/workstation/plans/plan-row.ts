/** A plan as it is shown: its needs, the state of its runs, the time they still take. */
import type { PlannedRun } from '../../../trainer/protocol/plan.ts';
import type { PlannedRunRow, PlanRow } from '../../api/plans.ts';
import { secondsLeftOf } from '../drafts/seconds-left.ts';
import { waitsForDecision } from '../runs/begin-run.ts';
import { dependencyOf } from '../runs/dependency.ts';
import type { StoredPlan, StoredRun } from '../store/store.ts';
import { foundHere, runsOnThisMachine } from './plan-data.ts';
import { needsOf, total } from './plan-needs.ts';
import { possibleRuns } from './plan-order.ts';
import { isMoving, isShipped, plannedIn, planOf } from './plan-records.ts';
import { evaluatorsWithHead, repeatedBySeeds, seedsOf } from './plan-seeds.ts';
import { subjectConfig } from './planned-config.ts';
import type { PlansContext } from './plans-context.ts';

/** Rows of all plans: those that ship, then those that were added. */
export async function planRows(context: PlansContext): Promise<readonly PlanRow[]> {
  const [stored, all] = await Promise.all([context.store.plans(), context.store.runs()]);
  const ids = new Set([...context.shipped.map((plan) => plan.id), ...stored.map((plan) => plan.id)]);
  const storedAs = (id: string): StoredPlan | undefined => stored.find((plan) => plan.id === id);
  return Promise.all([...ids].map((id) => planRow(context, id, storedAs(id), all)));
}

export async function planRow(
  context: PlansContext,
  id: string,
  stored: StoredPlan | undefined,
  runs: readonly StoredRun[],
): Promise<PlanRow> {
  const plan = planOf(context.shipped, id, stored);
  const own = plannedIn(runs, id);
  const here = await foundHere(context, plan);
  const planned = await runsOnThisMachine(context, plan, here);
  const wanted = planned.map(({ config }) => ({ config, subject: subjectConfig(config, planned) }));
  const estimates = await context.estimates.estimateAll(wanted, runs);
  const estimated = new Map(planned.map(({ key }, at) => [key, estimates[at]]));
  const again = repeatedBySeeds(plan, evaluatorsWithHead(context.catalogue)).flatMap(
    ({ key }) => estimated.get(key) ?? [],
  );
  const { left, isDone } = whatIsLeft(planned, own, possibleRuns(plan, here));
  const secondsOf = (of: readonly PlannedRun[], isRough: boolean): number | null =>
    total(of.map(({ key }) => secondsLeftOf(context.host, own.get(key), estimated.get(key), isRough)));
  const secondsLeft = isDone || left.length > 0 ? secondsOf(left, false) : null;
  // Of a plan that lacks its data, what all of it would take.
  const open = planned.filter(({ key }) => own.get(key)?.status !== 'done');
  const waits = waitsIn(own);
  const shown = plan.runs.map(({ key }): PlannedRunRow => {
    const run = own.get(key);
    return { key, run: run?.id ?? null, status: run?.status ?? null, waits: waits.get(key) ?? null };
  });
  const begun = shown.some(({ status }) => status !== null);
  return {
    plan,
    needs: needsOf(plan, here, estimates),
    runs: shown,
    state: isDone ? 'done' : left.length === 0 ? 'blocked' : stateOf(shown, left, stored?.paused === true),
    secondsLeft,
    roughSecondsLeft: secondsLeft === null ? secondsOf(open, true) : null,
    perSeed: {
      seconds: total(again.map((estimate) => estimate.seconds)),
      diskBytes: total(again.map((estimate) => estimate.diskBytes)),
    },
    startedAt: begun ? (stored?.startedAt ?? null) : null,
    seeds: seedsOf(plan),
    isShipped: isShipped(context.shipped, id),
  };
}

function whatIsLeft(
  planned: readonly PlannedRun[],
  own: ReadonlyMap<string, StoredRun>,
  possible: ReadonlySet<string>,
): { readonly left: readonly PlannedRun[]; readonly isDone: boolean } {
  const open = planned.filter(({ key }) => own.get(key)?.status !== 'done');
  return { left: open.filter(({ key }) => possible.has(key)), isDone: planned.length > 0 && open.length === 0 };
}

/** By key, what runs of a plan wait for that no start of it brings about. */
function waitsIn(own: ReadonlyMap<string, StoredRun>): ReadonlyMap<string, PlannedRunRow['waits']> {
  const all = new Map([...own.values()].map((run) => [run.id, run]));
  const waitOf = (run: StoredRun): PlannedRunRow['waits'] => {
    if (run.fault !== null && waitsForDecision(run)) return { for: 'decision', fault: run.fault };
    const dependency = run.status === 'queued' ? dependencyOf(run.config, all) : null;
    const subject = dependency?.kind === 'wait' ? all.get(dependency.run) : undefined;
    if (subject === undefined || subject.planKey === null || !waitsForDecision(subject)) return null;
    return { for: 'run', key: subject.planKey };
  };
  return new Map([...own].map(([key, run]) => [key, waitOf(run)]));
}

/** State of a plan that is neither done nor blocked, by the states of its runs. @param left those it still has to do */
function stateOf(runs: readonly PlannedRunRow[], left: readonly PlannedRun[], isPaused: boolean): PlanRow['state'] {
  const begun = runs.some(({ status }) => status !== null);
  const moves = runs.some(({ status, waits }) => status !== null && waits === null && isMoving(status));
  if (begun && isPaused) return 'paused';
  if (moves) return 'running';
  const waiting = new Set(runs.filter(({ waits }) => waits !== null).map(({ key }) => key));
  if (left.every(({ key }) => waiting.has(key))) return 'waiting';
  return begun ? 'paused' : 'ready';
}
