/** A copied table is what is on the screen, a line a row. */
import { expect, test } from 'vitest';
import { rowsOf, tabSeparated } from './table-text.ts';

test('cells keep their places, and nothing in them breaks a line or runs', () => {
  document.body.innerHTML = `<table>
    <tr><th colspan="2">Run</th><th>Value</th></tr>
    <tr><td><a>VICReg</a><span class="hidden-label">open</span></td><td>seed 1<span>n = 3</span></td><td>−0.5</td></tr>
    <tr><td>=HYPERLINK("x")</td><td>a\tb\nc</td><td>-0.5</td></tr>
  </table>`;
  expect(tabSeparated(rowsOf(document.querySelector('table')!))).toBe(
    ['Run\t\tValue', 'VICReg\tseed 1 n = 3\t−0.5', `'=HYPERLINK("x")\ta b c\t-0.5`].join('\n'),
  );
});
