import { readFileSync } from 'node:fs';
import * as v from 'valibot';
import { expect, test } from 'vitest';
import { Plan, PlanFile } from '../../../trainer/protocol/plan.ts';
import { seedsOf, withSeeds } from './plan-seeds.ts';

const first = v.parse(PlanFile, JSON.parse(readFileSync('resources/plans/first.json', 'utf8')));
const withHead = new Set(['linear']);
const runOf = (plan: Plan, key: string) => plan.runs.find((run) => run.key === key)!.config;

test('a plan with three seeds has its runs three times, each with what it evaluates of its own seed', () => {
  const plan = withSeeds(first, 3, withHead);
  expect(v.safeParse(Plan, plan).success).toBe(true);
  expect(new Set(plan.runs.map(({ key }) => key)).size).toBe(plan.runs.length);
  expect([1, 2, 3].map((seed) => runOf(plan, seed === 1 ? 'vicreg' : `vicreg-seed-${seed}`).seed)).toEqual([1, 2, 3]);
  expect(runOf(plan, 'vicreg-linear-seed-3')).toMatchObject({ seed: 3, subject: { run: 'vicreg-seed-3' } });
  expect(runOf(plan, 'random-linear-seed-2')).toMatchObject({ seed: 2, subject: { kind: 'random', seed: 2 } });
  // k-NN on pixels comes to the same whatever the seed; a head on them does not.
  const keys = plan.runs.map(({ key }) => key);
  expect(keys).not.toContain('pixels-knn-seed-2');
  expect(keys).toContain('pixels-linear-seed-2');
  expect(plan.claims).toEqual(first.claims);
});

test('more seeds are added to those that are there, and none are taken away', () => {
  const three = withSeeds(first, 3, withHead);
  expect([seedsOf(first), seedsOf(three)]).toEqual([1, 3]);
  expect(withSeeds(three, 3, withHead)).toEqual(three);
  const five = withSeeds(three, 5, withHead);
  expect(seedsOf(five)).toBe(5);
  expect(five.runs.slice(0, three.runs.length)).toEqual(three.runs);
  expect(withSeeds(five, 1, withHead).runs).toEqual(first.runs);
});
