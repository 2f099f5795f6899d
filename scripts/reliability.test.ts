/** The table of reliability: the same in both files, and made of what was counted. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { composedPart, composeTable, countingTests, tableIn } from './reliability.mjs';

const read = (path: string): string => readFileSync(join(import.meta.dirname, '..', path), 'utf8');

test('SECURITY.md has the table that the tests gave, letter for letter', () => {
  const table = tableIn(read('bench/results/reliability.md'));
  expect(composedPart(read('SECURITY.md'))).toBe(table);
  expect(table).toMatch(/\| \*\*R1\*\* .+ \| .+ \| +[\d,]+ \| +0 \|/);
});

test('what was not kept and what was not tested stand in it like the rest', () => {
  const table = composeTable([
    { promise: 'R7', how: 'a full disk', untested: 'there is no such disk' },
    { promise: 'R11', how: 'killed', cases: 1200, lost: 3 },
    { promise: 'R2', how: 'killed too', cases: 5, lost: 0 },
  ]);
  const rows = table.split('\n').filter((line) => line.startsWith('| **') || line.startsWith('| all'));
  expect(
    rows.map((row) =>
      row
        .split('|')
        .slice(2, 5)
        .map((cell) => cell.trim()),
    ),
  ).toEqual([
    ['killed too', '5', '0'],
    ['killed', '1,200', '3'],
    ['', '1,205', '3'],
  ]);
  expect(table).toContain('a full disk: not tested, there is no such disk.');
  expect(table).toMatch(/- \*\*R13\*\* Nothing leaks/);
});

test('the tests that count are found by what they call', () => {
  expect(countingTests()).toContain('trainer/jobs/kill.nightly.test.ts');
  expect(countingTests()).not.toContain('scripts/boundaries.test.ts');
});
