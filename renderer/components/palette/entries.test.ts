/** What the palette finds for what is typed. */
import { expect, test } from 'vitest';
import { findEntries, type Entry } from './entries.ts';

const entry = (group: Entry['group'], label: string, detail = ''): Entry => ({
  group,
  label,
  detail,
  run: () => undefined,
});
const entries = [
  entry('page', 'Runs'),
  entry('action', 'New evaluation', 'VICReg, seed 1'),
  entry('run', 'k-NN, VICReg'),
  entry('run', 'VICReg', 'seed 1'),
  entry('run', 'SimCLR', 'seed 1'),
  entry('plan', 'VICReg on Fashion-MNIST'),
];
const found = (typed: string) => findEntries(entries, typed).map(({ group, label }) => `${group}: ${label}`);

test('names that begin with it come before those that hold it, and before what holds it beside the name', () => {
  expect(found('vicreg')).toEqual([
    'run: VICReg',
    'run: k-NN, VICReg',
    'plan: VICReg on Fashion-MNIST',
    'action: New evaluation',
  ]);
});

test('every word must be there, in any order and any case', () => {
  expect(found('1 SEED vic')).toEqual(['action: New evaluation', 'run: VICReg']);
  expect(found('nothing of this name')).toEqual([]);
});

test('without words there are pages and actions, and some of the others', () => {
  const many = Array.from({ length: 50 }, (_, at) => entry('run', `Run ${at}`));
  expect(findEntries([...entries, ...many], ' ').filter(({ group }) => group === 'run')).toHaveLength(3);
});
