/** Order and groups of the table of runs. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { RunRow } from '../../../../electron/api/runs.ts';
import { linesOf, sortBy } from './lines.ts';

const row = (id: string, step: number, method = 'vicreg') => ({ id, step, method }) as RunRow;

test('rows of equal values keep their order, and unknown values are last in both directions', () => {
  const rows = [row('a', 2), row('b', 0), row('c', 1), row('d', 2)];
  const known = ({ step }: RunRow): number | null => (step === 0 ? null : step);
  expect(sortBy(rows, known, false).map(({ id }) => id)).toEqual(['c', 'a', 'd', 'b']);
  expect(sortBy(rows, known, true).map(({ id }) => id)).toEqual(['a', 'd', 'c', 'b']);
});

test('texts are sorted as people count', () => {
  const rows = [row('width 128', 1), row('width 64', 1), row('width 1024', 1)];
  expect(sortBy(rows, ({ id }) => id, false).map(({ id }) => id)).toEqual(['width 64', 'width 128', 'width 1024']);
});

test('groups hold every row once, in its order; a closed one shows its head alone', () => {
  const rows = fc.array(fc.record({ id: fc.uuid(), method: fc.constantFrom('vicreg', 'simclr', 'byol') }));
  const closed = fc.subarray(['vicreg', 'simclr', 'byol']);
  fc.assert(
    fc.property(rows, closed, (given, folded) => {
      const listed = given.map(({ id, method }) => row(id, 1, method));
      const lines = linesOf(listed, ({ method }) => ({ key: method, name: method.toUpperCase() }), new Set(folded));
      const heads = lines.filter((line) => line.kind === 'group');
      expect(heads.flatMap((head) => head.rows).length).toBe(listed.length);
      for (const head of heads) {
        expect(head.rows).toEqual(listed.filter(({ method }) => method === head.key));
        const from = lines.indexOf(head) + 1;
        const inside = lines.slice(from, from + head.rows.length).map((line) => line.kind === 'run' && line.row);
        if (head.isOpen) expect(inside).toEqual(head.rows);
        else expect(lines[from]?.kind).not.toBe('run');
      }
    }),
  );
});
