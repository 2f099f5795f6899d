import { expect, test } from 'vitest';
import type { PlanRow } from '../../../electron/api/plans.ts';
import type { RunRow } from '../../../electron/api/runs.ts';
import { plan } from '../../dev/fake/plan.ts';
import { groupOf, leadingRun, needsWith } from './plan-outline.ts';

const data = { kind: 'data', ok: true, values: { name: 'fashion-mnist', title: 'Fashion-MNIST' } } as const;
const row: PlanRow = {
  plan: { ...plan, took: { seconds: 1200, cores: 2 } },
  needs: [data, { kind: 'disk', ok: true, values: { needed: 100, free: 250 } }],
  runs: plan.runs.map(({ key }) => ({ key, run: `run of ${key}`, status: null, waits: null })),
  state: 'ready',
  secondsLeft: 900,
  roughSecondsLeft: null,
  perSeed: { seconds: 700, diskBytes: 90 },
  startedAt: null,
  seeds: 1,
  isShipped: true,
};
const need = (of: PlanRow, seeds: number, kind: string) => needsWith(of, seeds).find((one) => one.kind === kind);

test('every further seed adds its time and its disk space', () => {
  expect(need(row, 1, 'time')).toEqual({ kind: 'time', ok: true, values: { seconds: 900 } });
  expect(need(row, 1, 'disk')).toEqual(row.needs[1]);
  expect(need(row, 3, 'time')?.values).toEqual({ seconds: 2300 });
  expect(need(row, 3, 'disk')).toEqual({ kind: 'disk', ok: false, values: { needed: 280, free: 250 } });
  // Of the three seeds it has, none is to come.
  expect(need({ ...row, seeds: 3 }, 3, 'time')?.values).toEqual({ seconds: 900 });
});

test('before anything is timed here it says what the plan took elsewhere, and afterwards never', () => {
  const untimed = { ...row, secondsLeft: null, perSeed: { seconds: null, diskBytes: null } };
  expect(need(untimed, 3, 'time')).toEqual({ kind: 'time', ok: null, values: { took: 3600, cores: 2 } });
  expect(need({ ...untimed, startedAt: 1 }, 3, 'time')?.values).toEqual({});
  // A first idea of it comes after that.
  const rough = { ...untimed, roughSecondsLeft: 500 };
  expect(need(rough, 3, 'time')?.values).toEqual({ took: 3600, cores: 2 });
  expect(need({ ...rough, startedAt: 1 }, 3, 'time')).toEqual({ kind: 'time', ok: null, values: { rough: 1500 } });
  expect(need({ ...untimed, plan }, 1, 'time')?.values).toEqual(plan.took === undefined ? {} : expect.anything());
  expect(need(untimed, 2, 'disk')).toEqual({ kind: 'disk', ok: null, values: { free: 250 } });
});

test('a plan that is done needs no time, unless seeds are added', () => {
  const done = { ...row, secondsLeft: 0, startedAt: 1 };
  expect(need(done, 1, 'time')).toBeUndefined();
  expect(need(done, 2, 'time')?.values).toEqual({ seconds: 700 });
});

test('plans are grouped by what they take', () => {
  expect(groupOf(row)).toBe('small');
  expect(groupOf({ ...row, needs: [{ ...data, ok: false }] })).toBe('needs-data');
  const cost = { text: { en: '11 hours', zh: '11 小时' }, where: 'Table 14' };
  expect(groupOf({ plan: { ...plan, cost }, needs: [] })).toBe('paper');
});

test('the figure of a plan is that of its first reproduction, under the evaluation compared first', () => {
  const runs = new Map(row.runs.map(({ run }) => [run!, { title: run } as unknown as RunRow]));
  expect(leadingRun(row, runs)?.title).toBe('run of vicreg-linear');
  expect(leadingRun(row, new Map())).toBeNull();
});
