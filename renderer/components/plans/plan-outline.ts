/** What the list says of a plan, and what a plan needs with another number of seeds. */
import type { PlanRow } from '../../../electron/api/plans.ts';
import type { RunRow } from '../../../electron/api/runs.ts';

type Checked = PlanRow['needs'][number];
/** A need of a plan with this machine's answer; `ok` null: not known. */
export type PlanNeed =
  Checked | { readonly kind: 'time'; readonly ok: true | null; readonly values: Checked['values'] };

export const planGroups = ['small', 'needs-data', 'paper'] as const;
export type PlanGroup = (typeof planGroups)[number];

/** Data or weights that are not here: the runs that need them wait. */
export function lacks({ kind, ok }: PlanNeed): boolean {
  return ok === false && (kind === 'data' || kind === 'weights');
}

/** A plan that says what it cost the authors is at the paper's size. */
export function groupOf({ plan, needs }: Pick<PlanRow, 'plan' | 'needs'>): PlanGroup {
  if (plan.cost !== undefined) return 'paper';
  return needs.some(lacks) ? 'needs-data' : 'small';
}

/** The run whose figure stands for the plan: the first reproduction under the evaluation that is compared with the paper first. */
export function leadingRun({ plan, runs }: PlanRow, runById: ReadonlyMap<string, RunRow>): RunRow | null {
  const [first] = plan.papers;
  const planned = plan.runs.find(
    ({ role, config }) => role === 'main' && config.kind === 'evaluate' && config.evaluator.id === first?.evaluator,
  );
  const run = runs.find(({ key }) => key === planned?.key)?.run;
  return run == null ? null : (runById.get(run) ?? null);
}

const numberIn = (need: PlanNeed, key: string): number | null => {
  const value = need.values[key];
  return typeof value === 'number' ? value : null;
};
const plus = (one: number | null, other: number | null): number | null =>
  one === null || other === null ? null : one + other;

/** The plan's needs with so many seeds, at least those it has. */
export function needsWith(row: PlanRow, seeds: number): readonly PlanNeed[] {
  const time = timeNeed(row, seeds);
  const more = further(row.perSeed.diskBytes, seeds - row.seeds);
  return [
    ...row.needs.map((need) => (need.kind === 'disk' ? withMoreOnDisk(need, more) : need)),
    ...(time === null ? [] : [time]),
  ];
}

const further = (each: number | null, seeds: number): number | null =>
  seeds === 0 ? 0 : each === null ? null : seeds * each;

function withMoreOnDisk(need: Checked, more: number | null): Checked {
  if (more === 0) return need;
  const { needed: _needed, ...values } = need.values;
  const [needed, free] = [plus(numberIn(need, 'needed'), more), numberIn(need, 'free')];
  return {
    ...need,
    ok: needed === null || free === null ? null : needed <= free,
    values: needed === null ? values : { ...values, needed },
  };
}

/**
 * Seconds that are left, by the number of seeds; before anything is timed here, what the plan took elsewhere, else a first idea. Null:
 * none.
 */
export function timeNeed(row: PlanRow, seeds: number): PlanNeed | null {
  const left = plus(row.secondsLeft, further(row.perSeed.seconds, seeds - row.seeds));
  if (left === 0) return null;
  if (left !== null) return { kind: 'time', ok: true, values: { seconds: left } };
  const { took } = row.plan;
  if (took !== undefined && row.startedAt === null)
    return { kind: 'time', ok: null, values: { took: took.seconds * seeds, cores: took.cores } };
  const rough = row.roughSecondsLeft;
  return { kind: 'time', ok: null, values: rough === null ? {} : { rough: (rough * seeds) / row.seeds } };
}
