import fc from 'fast-check';
import { expect, test } from 'vitest';
import { scrollTopFor, visibleRows } from './virtual-rows.ts';

const lists = fc.record({
  rows: fc.integer({ min: 1, max: 2_000_000 }),
  rowHeight: fc.integer({ min: 20, max: 200 }),
  viewport: fc.integer({ min: 200, max: 3000 }),
});

test('the rows drawn fill the view, and no element is longer than a browser can draw', () => {
  fc.assert(
    fc.property(lists, fc.double({ min: 0, max: 1, noNaN: true }), (list, part) => {
      const { height } = visibleRows(list, 0);
      expect(height).toBeLessThan(30_000_000);
      const scrollTop = part * Math.max(0, height - list.viewport);
      const { first, end, top } = visibleRows(list, scrollTop);
      expect(first).toBeGreaterThanOrEqual(0);
      expect(end).toBeLessThanOrEqual(list.rows);
      expect(end - first).toBeLessThanOrEqual(Math.ceil(list.viewport / list.rowHeight) + 1);
      expect(top).toBeLessThanOrEqual(scrollTop + 1e-3);
      const bottom = top + (end - first) * list.rowHeight;
      if (end < list.rows) expect(bottom).toBeGreaterThanOrEqual(scrollTop + list.viewport - 1e-3);
    }),
  );
});

test('every row can be scrolled to, from anywhere, and the last one at the end', () => {
  fc.assert(
    fc.property(lists, fc.nat(), fc.double({ min: 0, max: 1, noNaN: true }), (list, place, part) => {
      const row = place % list.rows;
      const from = part * Math.max(0, visibleRows(list, 0).height - list.viewport);
      const scrollTop = scrollTopFor(list, from, row);
      const { first, end, top } = visibleRows(list, scrollTop);
      expect(first <= row && row < end).toBe(true);
      const start = top + (row - first) * list.rowHeight;
      expect(start).toBeGreaterThanOrEqual(scrollTop - 0.01);
      if (list.rowHeight <= list.viewport)
        expect(start + list.rowHeight).toBeLessThanOrEqual(scrollTop + list.viewport + 0.01);
      // What is visible already does not move.
      expect(scrollTopFor(list, scrollTop, row)).toBeCloseTo(scrollTop, 2);
    }),
  );
  const million = { rows: 1_000_000, rowHeight: 132, viewport: 560 };
  const { height } = visibleRows(million, 0);
  expect(visibleRows(million, height - million.viewport).end).toBe(million.rows);
});
