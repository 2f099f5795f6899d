/** A selection has the colours that its comparison has. */
import { expect, test } from 'vitest';
import {
  comparisonInput,
  evaluate,
  names,
  pretrain,
  seeds,
  storedResult,
  storedRun,
  catalogue,
} from '../testing/comparison-fixture.ts';
import { compareRuns } from './compare.ts';
import { membersOf } from './members.ts';
import { selectionPalette } from './selection-palette.ts';

test('places and titles are those of the comparison, whether measured or not', async () => {
  const measured = seeds([70, null]);
  const config = pretrain(9);
  const other = { ...config, title: 'Another', batch: config.batch * 2 };
  const random = evaluate({ kind: 'random', encoder: config.encoders[0], seed: 1 });
  const runs = [
    storedRun('random', random, { createdAt: 1 }),
    storedRun('other', other, { createdAt: 2 }),
    storedRun('unmeasured', { ...other, title: 'Unmeasured', batch: 7 }, { createdAt: 3 }),
    storedRun('of-other', evaluate({ kind: 'run', run: 'other', checkpoint: 'last', branch: 0 }), { createdAt: 4 }),
    ...measured.runs,
  ];
  const results = [...measured.results, storedResult('of-other', 80), storedResult('random', 30)];
  const input = comparisonInput({ runs, results });
  const comparison = await compareRuns(input);
  const given = membersOf(input.selection, null, runs);
  const palette = selectionPalette(given, new Set(results.map(({ run }) => run)), { runs, catalogue, datasets: names });
  expect(palette.titles).toEqual(comparison.titles);
  expect(palette.places).toMatchObject(comparison.palette.runs);
  // An evaluation's own curve has the colour of what it evaluates.
  expect(palette.places['of-other']).toBe(comparison.palette.runs['other']);
});
